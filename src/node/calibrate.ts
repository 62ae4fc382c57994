/** `specsim calibrate`: tables of measured operations in, a hardware profile with fitted efficiencies out. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { calibrateOps, type Fitted } from '../cost/calibration/calibrate.ts';
import type { FittedParameter } from '../cost/calibration/law.ts';
import { withFitted } from '../cost/calibration/profile.ts';
import { joinOps, type OpsTable, readOps } from '../cost/calibration/tables.ts';
import { UserError, unknownName } from '../errors.ts';
import { parseHardware } from '../hardware/load.ts';
import { type Column, textTable } from '../report/text-table.ts';
import type { Document } from '../scenario/library.ts';
import { folderLibrary } from './folder-library.ts';
import { checkWritable, writeWhole } from './output.ts';

export interface CalibrateRequest {
  readonly gpu: string;
  readonly ops: readonly string[];
  readonly framework: string | undefined;
  readonly kernel: string | undefined;
  readonly system: string | undefined;
  /** Where the tables come from; default: what they say themselves, or their names. */
  readonly source: string | undefined;
  readonly keepUnphysical: boolean;
  readonly out: string;
}

/** @throws UserError before anything is written */
export async function calibrate(request: CalibrateRequest): Promise<void> {
  await checkWritable(request.out, '--out');
  const gpu = await gpuDocument(request.gpu);
  const json = parseJson(gpu);
  const hardware = await parseHardware(json, gpu.where);
  const tables = await Promise.all(request.ops.map(readTable));
  const { fitted, leftOut } = calibrateOps(hardware, joinOps(tables), {
    framework: request.framework ?? null,
    kernel: request.kernel ?? null,
    system: request.system ?? null,
    source: request.source ?? sourceOf(request.ops, tables),
    date: new Date().toISOString().slice(0, 10),
    keepUnphysical: request.keepUnphysical,
  });
  // The file's name would become the name of a profile without one.
  const profile = withFitted({ name: hardware.name, ...json }, fitted);
  await parseHardware(profile, request.out);
  await writeWhole(request.out, `${JSON.stringify(profile, null, 2)}\n`);
  process.stdout.write(report(request, hardware.label, fitted, leftOut));
}

async function gpuDocument(named: string): Promise<Document> {
  const names = await folderLibrary.names('gpu');
  const found = names.includes(named)
    ? await folderLibrary.profile('gpu', named)
    : await folderLibrary.file(named);
  if (found !== null) return found;
  if (/[/\\]|\.json$/.test(named)) throw new UserError(`gpu ${named}: no such file`);
  throw unknownName('gpu', named, names);
}

function parseJson({ text, where }: Document): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new UserError(`${where}: not valid JSON: ${(error as Error).message.toLowerCase()}`);
  }
}

async function readTable(path: string): Promise<OpsTable> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      `--ops ${path}: cannot be read (${error.code}), expected a CSV table, or one in gzip`,
    );
  });
  return readOps(await textOf(bytes, path), path);
}

async function textOf(bytes: Buffer, path: string): Promise<string> {
  if (!path.endsWith('.gz')) return bytes.toString('utf8');
  try {
    return (await promisify(gunzip)(bytes)).toString('utf8');
  } catch (error) {
    throw new UserError(`${path}: not valid gzip: ${(error as Error).message}`);
  }
}

function sourceOf(paths: readonly string[], tables: readonly OpsTable[]): string {
  const own = tables.map(({ comments }, i) => {
    const said = ['source', 'device', 'date'].flatMap((key) => comments.get(key) ?? []);
    return said.length > 0 ? said.join(', ') : basename(paths[i]!);
  });
  return [...new Set(own)].join('; ');
}

const COLUMNS: readonly Column[] = [
  { title: 'law', align: 'left' },
  { title: 'parameters', align: 'left' },
  { title: 'rows', align: 'right' },
  { title: 'error', align: 'right' },
  { title: 'held out', align: 'right' },
  { title: 'at a time', align: 'left' },
  { title: 'range', align: 'left' },
];

function report(
  { out }: CalibrateRequest,
  label: string,
  fitted: readonly Fitted[],
  leftOut: readonly string[],
): string {
  const rows = fitted.map(({ law, provenance }) => [
    `${law.name}${provenance.engine === undefined ? '' : ` (${provenance.engine})`}`,
    law.parameters.map((one) => written(one, law.pinned)).join(', '),
    String(law.rows),
    percent(law.meanError),
    law.heldOutError === null ? '-' : percent(law.heldOutError),
    law.heldOut,
    Object.entries(provenance.range ?? {})
      .map(([what, [least, greatest]]) => `${what} ${least}-${greatest}`)
      .join(', '),
  ]);
  return [
    `${label}: efficiencies fitted to measured kernels; errors are means of |predicted / measured - 1|`,
    '',
    ...textTable(COLUMNS, rows),
    '',
    ...leftOut.map((sentence) => `left out: ${sentence}`),
    `wrote ${out}`,
    '',
  ].join('\n');
}

function written({ name, unit, value }: FittedParameter, pinned: readonly string[]): string {
  const shown = {
    share: () => value.toFixed(4),
    exponent: () => value.toFixed(3),
    s: () =>
      value < 1e-6 && value !== 0 ? `${(1e9 * value).toFixed(1)} ns` : `${(1e6 * value).toFixed(2)} us`,
    'B/s': () => `${(value / 1e9).toFixed(1)} GB/s`,
  }[unit]();
  return `${name} ${shown}${pinned.includes(name) ? ' (held)' : ''}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
