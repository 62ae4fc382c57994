/** Tells the format of a trace file by its contents, never by its name, and reads it. */
import { shown, UserError } from '../errors.ts';
import { canonicalCsvMark, parseCanonicalCsv } from './canonical-csv.ts';
import { parseSpecDecodeBench, specDecodeBenchFields } from './specdecode-bench.ts';
import type { AcceptanceTrace } from './trace.ts';

interface TraceFormat {
  readonly name: string;
  /** Whether the first line, trimmed, looks like the format's. A damaged file should still be recognised. */
  readonly recognises: (firstLine: string) => boolean;
  readonly parse: (text: string, where: string) => AcceptanceTrace;
}

const FORMATS: readonly TraceFormat[] = [
  {
    name: 'specsim trace CSV',
    recognises: (line) => line.startsWith(canonicalCsvMark.trim()) || /^"?request"?,/.test(line),
    parse: parseCanonicalCsv,
  },
  {
    name: 'SpecDecode-Bench JSONL',
    recognises: (line) =>
      line.startsWith('{') &&
      specDecodeBenchFields.some((field) => field !== 'id' && line.includes(`"${field}"`)),
    parse: parseSpecDecodeBench,
  },
];

/**
 * Reads a trace of any format known.
 *
 * @param text the contents of the file
 * @param where its path, for messages and, where the contents do not say it, the data set's name
 * @throws UserError when the format is not known or the contents break it
 */
export function parseTrace(text: string, where: string): AcceptanceTrace {
  const body = text.replace(/^\uFEFF/, '');
  const first = body.search(/\S/);
  if (first === -1) throw new UserError(`${where}: empty file, expected a trace (${knownFormats()})`);
  const lineEnd = body.indexOf('\n', first);
  const firstLine = body.slice(first, lineEnd === -1 ? body.length : lineEnd).trim();
  const format = FORMATS.find((candidate) => candidate.recognises(firstLine));
  if (format !== undefined) return format.parse(body, where);
  const start = body.slice(0, 1000);
  throw new UserError(
    start.includes('\0') || start.includes('\uFFFD')
      ? `${where}: not a text file, expected a trace (${knownFormats()})`
      : `${where}: unknown trace format, starts with ${shown(firstLine.slice(0, 30))} (known: ${knownFormats()})`,
  );
}

function knownFormats(): string {
  return FORMATS.map((format) => format.name).join(', ');
}
