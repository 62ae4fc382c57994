/** What a sweep leaves behind: a head that says which sweep it is, and a record of each finished point. */
import { shown, UserError } from '../errors.ts';
import type { Row } from '../scenario/result.ts';
import { sha256 } from '../sha256.ts';
import { type AxisValue, MOST_POINTS } from './grid.ts';

export const SWEEP_SCHEMA_VERSION = 2;

/** One finished point, a line of JSON. */
export interface PointRecord {
  /** Place in the order of the grid, from 0. */
  readonly point: number;
  readonly id: string;
  readonly axes: Readonly<Record<string, AxisValue>>;
  /** GPUs that it runs on: tensor parallel times replicas. */
  readonly gpus: number;
  /** Null for a point that cannot be. */
  readonly row: Row | null;
  /** Why there is no row. */
  readonly error: string | null;
}

/** Equal for all folders of one sweep. */
export interface SweepHead {
  readonly schemaVersion: typeof SWEEP_SCHEMA_VERSION;
  readonly tool: string;
  /** Hash of the ids of all points. */
  readonly sweep: string;
  readonly points: number;
  /** SHA-256 of the program's own files: another build of the same version may have other figures. */
  readonly program: string;
}

/** A sweep in one piece, in the order of the grid. */
export interface MergedSweep extends Omit<SweepHead, 'program'> {
  readonly results: readonly PointRecord[];
}

/** The whole lines of a results file; a line without its end was cut off and is not there. */
export function recordsOf(text: string, where: string): PointRecord[] {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.flatMap((line, i) => {
    if (line === '') return [];
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch {}
    return [recordAt(json, `${where}, line ${i + 1}`)];
  });
}

/** Fields of a row that comparisons and fronts rest on, and what they hold. */
const ROW: Readonly<Record<string, readonly string[]>> = {
  gpu: ['string'],
  target: ['string'],
  trace: ['string'],
  method: ['string'],
  tp: ['number'],
  k: ['number', 'null'],
  batch_size: ['number', 'null'],
  throughput_tok_per_s: ['number'],
};

/** @throws UserError for what no sweep writes */
export function recordAt(json: unknown, where: string): PointRecord {
  const fail = (why: string) =>
    new UserError(`${where}: not a result of a sweep: ${why}, expected a record as it was written`);
  if (!isObject(json)) throw fail('no object');
  const { point, id, axes, gpus, row, error } = json;
  if (!Number.isInteger(point) || (point as number) < 0) throw fail(`point is ${shown(point)}`);
  if (typeof id !== 'string') throw fail(`id is ${shown(id)}`);
  if (!isObject(axes) || Object.values(axes).some((value) => typeof value === 'object' && value !== null)) {
    throw fail(`axes is ${shown(axes)}`);
  }
  if (!Number.isInteger(gpus) || (gpus as number) < 1) throw fail(`gpus is ${shown(gpus)}`);
  if ((row === null) !== (typeof error === 'string')) throw fail('one of row and error is to be null');
  if (row === null) return json as unknown as PointRecord;
  if (!isObject(row)) throw fail(`row is ${shown(row)}`);
  for (const [field, kinds] of Object.entries(ROW)) {
    const value = row[field];
    const kind = value === null ? 'null' : typeof value;
    if (!kinds.includes(kind) || (kind === 'number' && !((value as number) > 0))) {
      throw fail(`row.${field} is ${shown(value)}`);
    }
  }
  return json as unknown as PointRecord;
}

/** @throws UserError for what heads no sweep */
export function headAt(json: unknown, where: string): SweepHead {
  if (
    isObject(json) &&
    json.schemaVersion === SWEEP_SCHEMA_VERSION &&
    typeof json.tool === 'string' &&
    typeof json.sweep === 'string' &&
    typeof json.program === 'string' &&
    Number.isInteger(json.points) &&
    (json.points as number) >= 1 &&
    (json.points as number) <= MOST_POINTS
  ) {
    return json as unknown as SweepHead;
  }
  throw new UserError(
    `${where}: not the head of a sweep of schema ${SWEEP_SCHEMA_VERSION} and 1 to ${MOST_POINTS} points with the hash of its program, expected one`,
  );
}

/**
 * Puts records in the order of the grid.
 *
 * @throws UserError when points are missing, or are none of this sweep
 */
export function mergeRecords(
  { program: _, ...head }: SweepHead,
  records: readonly PointRecord[],
): MergedSweep {
  const results: PointRecord[] = [];
  for (const record of records) {
    if (record.point >= head.points) {
      throw new UserError(
        `point ${record.point} is none of this sweep of ${head.points}, expected its own results`,
      );
    }
    results[record.point] ??= record;
  }
  let missing = 0;
  for (let p = 0; p < head.points; p++) if (results[p] === undefined) missing++;
  if (missing > 0) {
    throw new UserError(
      `${missing} of ${head.points} points are missing: run what is left with specsim sweep --resume, or name the folders of all shards`,
    );
  }
  return { ...head, results };
}

/** @throws UserError when points are not those of the sweep that the head names */
export async function checkIds(merged: MergedSweep): Promise<MergedSweep> {
  if ((await sha256(merged.results.map(({ id }) => id).join('\n'))) === merged.sweep) return merged;
  throw new UserError(
    'ids of points are not those of the sweep: some results are of another grid, version or file, expected its own',
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
