/** Formats of acceptance that the page reads, in place of all (src/trace/formats/index.ts): `specsim trace import` makes these of others. */
import { canonicalCsvFormat } from '../trace/formats/canonical-csv.ts';
import { canonicalJsonlFormat } from '../trace/formats/canonical-jsonl.ts';
import type { TraceFormat } from '../trace/formats/format.ts';

export const FORMATS: readonly TraceFormat[] = [canonicalCsvFormat, canonicalJsonlFormat];
