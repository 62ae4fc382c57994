/** What a sweep leaves behind: a head that says which sweep it is, and a record of each finished point. */
import { UserError } from '../errors.ts';
import type { Row } from '../scenario/result.ts';
import type { AxisValue } from './grid.ts';

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
}

/** A sweep in one piece, in the order of the grid. */
export interface MergedSweep extends SweepHead {
  readonly results: readonly PointRecord[];
}

/** The whole lines of a results file; a line without its end was cut off and is not there. */
export function recordsOf(text: string, where: string): PointRecord[] {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.flatMap((line, i) => {
    if (line === '') return [];
    try {
      const record = JSON.parse(line) as PointRecord;
      if (Number.isInteger(record.point) && typeof record.id === 'string') return [record];
    } catch {}
    throw new UserError(
      `${where}, line ${i + 1}: not a result of a sweep, expected a line of JSON as written`,
    );
  });
}

/**
 * Puts records in the order of the grid.
 *
 * @throws UserError when points are missing
 */
export function mergeRecords(head: SweepHead, records: readonly PointRecord[]): MergedSweep {
  const results: PointRecord[] = [];
  for (const record of records) results[record.point] ??= record;
  let missing = 0;
  for (let p = 0; p < head.points; p++) if (results[p] === undefined) missing++;
  if (missing > 0) {
    throw new UserError(
      `${missing} of ${head.points} points are missing: run what is left with specsim sweep --resume, or name the folders of all shards`,
    );
  }
  return { ...head, results };
}
