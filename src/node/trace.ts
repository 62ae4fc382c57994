/** `specsim trace`: import, inspect and export acceptance files. */
import { printable, UserError } from '../errors.ts';
import { inspectionDocument } from '../report/inspection.ts';
import { textOf } from '../report/text.ts';
import { LENDER, shippedTrace } from '../scenario/shipped-trace.ts';
import { exportRecord, exportRemark } from '../trace/export.ts';
import type { ExportForm } from '../trace/export-forms.ts';
import { canonicalCsv } from '../trace/formats/canonical-csv.ts';
import { canonicalJsonl } from '../trace/formats/canonical-jsonl.ts';
import { NOTHING_STATED, type Stated } from '../trace/formats/format.ts';
import { scrapesSubtracted } from '../trace/formats/vllm-prometheus.ts';
import { inspectRecord } from '../trace/inspect.ts';
import { parseProcess, sampleProcess } from '../trace/process.ts';
import { isProcess, parseRecord } from '../trace/read.ts';
import type { AcceptanceRecord } from '../trace/record.ts';
import { folderLibrary } from './folder-library.ts';
import { checkWritable, write, writeWhole } from './output.ts';
import { readRecordFile } from './record-file.ts';

/** Requests sampled from a fitted process, as `specsim run` does. */
const FITTED = { requests: 1000, seed: 1 };

interface ImportRequest {
  readonly files: readonly string[];
  readonly from: string | null;
  readonly stated: Stated;
  readonly out: string;
}

/** @throws UserError before anything is written */
export async function importTrace({ files, from, stated, out }: ImportRequest): Promise<void> {
  await checkWritable(out, '--out');
  checkEnding(out);
  const record = await readFiles(files, from, stated);
  const asCsv = /\.csv(\.gz)?$/.test(out);
  if (asCsv && record.kind !== 'position-indexed') {
    throw new UserError(`--out ${out}: ${record.kind} acceptance is written as .jsonl or .jsonl.gz`);
  }
  const parts =
    asCsv && record.kind === 'position-indexed' ? canonicalCsv(record.trace) : canonicalJsonl(record);
  await writeWhole(out, parts);
  say(record);
  process.stdout.write(
    `wrote ${out} (${record.kind}, read as ${sourceOf(record)}); next: specsim trace inspect ${out}\n`,
  );
}

/** What the file was taken for. */
function sourceOf(record: AcceptanceRecord): string {
  return printable((record.kind === 'position-indexed' ? record.trace : record).provenance.source);
}

/** What was left out, and what else the file may be: on standard error, beside the answer. */
function say({ notes }: AcceptanceRecord): void {
  for (const note of notes ?? []) process.stderr.write(`note: ${note}\n`);
}

/** @throws UserError unless the name says the format to write */
export function checkEnding(out: string): void {
  if (/\.(csv|jsonl)(\.gz)?$/.test(out)) return;
  throw new UserError(`--out ${out}: expected a name that ends in .csv or .jsonl, or in one of them and .gz`);
}

export async function inspectTrace(
  file: string,
  from: string | null,
  format: 'table' | 'json',
): Promise<void> {
  const record = await readNamed(file, from);
  say(record);
  const inspection = inspectRecord(record);
  process.stdout.write(
    format === 'json' ? `${JSON.stringify(inspection, null, 2)}\n` : textOf(inspectionDocument(inspection)),
  );
}

interface ExportRequest {
  readonly file: string;
  readonly from: string | null;
  readonly to: ExportForm;
  readonly method: string | null;
  readonly k: number | null;
  readonly out: string | null;
}

export async function exportTrace({ file, from, to, method, k, out }: ExportRequest): Promise<void> {
  if (out !== null) await checkWritable(out, '--out');
  const record = await readNamed(file, from);
  const text = exportRecord(record, to, { method, k }, file);
  const remark = exportRemark(record, to, { method, k }, file);
  if (remark !== null) process.stderr.write(`note: ${remark}\n`);
  await write(text, out ?? undefined);
}

async function readFiles(
  files: readonly string[],
  from: string | null,
  stated: Stated,
): Promise<AcceptanceRecord> {
  const [first, second, ...more] = files;
  if (first === undefined || more.length > 0) {
    throw new UserError(`trace import: got ${files.length} files, expected one, or two Prometheus scrapes`);
  }
  const earlier = await readRecordFile(first, stated, from);
  if (second === undefined) return earlier;
  const later = await readRecordFile(second, stated, from);
  const scrape = (record: AcceptanceRecord) =>
    record.kind === 'rates' && record.provenance.source.endsWith('Prometheus counters') ? record : null;
  const [before, after] = [scrape(earlier), scrape(later)];
  if (before === null || after === null) {
    throw new UserError(
      `${before === null ? first : second}: not a Prometheus scrape, expected two scrapes or one file`,
    );
  }
  return { ...after, rates: scrapesSubtracted(before.rates, after.rates, second) };
}

/** A trace that ships, by its name (`gsm8k` is the lender's), or a file. */
async function readNamed(named: string, from: string | null): Promise<AcceptanceRecord> {
  const found = shippedTrace(await folderLibrary.traces(), LENDER, named);
  if (found === null) return readRecordFile(named, NOTHING_STATED, from);
  if (from !== null) {
    throw new UserError(`--from ${from} has no effect on ${named}, a trace that ships`);
  }
  const { text, where } = await folderLibrary.trace(found.target, found.dataset);
  if (!isProcess(text)) return parseRecord(text, where);
  return { kind: 'position-indexed', trace: sampleProcess(parseProcess(JSON.parse(text), where), FITTED) };
}
