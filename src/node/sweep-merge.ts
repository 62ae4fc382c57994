/** `specsim sweep merge`: the results of all shards, in the order of the grid. */

import { stat } from 'node:fs/promises';
import { spreadsheet } from '../csv.ts';
import { UserError } from '../errors.ts';
import { flatSweep } from '../sweep/flat.ts';
import {
  checkIds,
  type MergedSweep,
  mergeRecords,
  type PointRecord,
  type SweepHead,
} from '../sweep/records.ts';
import { checkWritable, write } from './output.ts';
import { readHead, readRecords } from './sweep-folder.ts';

interface MergeRequest {
  readonly folders: readonly string[];
  readonly format: 'csv' | 'json' | 'parquet';
  readonly out: string | undefined;
}

/** @throws UserError before anything is written */
export async function merge({ folders, format, out }: MergeRequest): Promise<void> {
  if (out !== undefined) await checkWritable(out, '--out');
  if (format === 'parquet' && out === undefined) {
    throw new UserError('--format parquet: missing --out, expected a file as it is no text');
  }
  await write(await render(await mergeFolders(folders), format), out);
}

/** Joins folders of one sweep. Throws a UserError when they are of several, or points are missing. */
export async function mergeFolders(folders: readonly string[]): Promise<MergedSweep> {
  let head: SweepHead | null = null;
  const records: PointRecord[] = [];
  for (const folder of folders) {
    const kind = await stat(folder).catch(() => null);
    if (kind === null || !kind.isDirectory()) {
      throw new UserError(`${folder}: no such folder, expected one that specsim sweep wrote`);
    }
    const own = await readHead(folder);
    if (own === null)
      throw new UserError(`${folder}: has no sweep.json, expected a folder that specsim sweep wrote`);
    if (head !== null && head.sweep !== own.sweep) {
      throw new UserError(
        `${folder}: is of another sweep than ${folders[0]} (${own.points} and ${head.points} points), expected shards of one`,
      );
    }
    if (head !== null && head.program !== own.program) {
      throw new UserError(
        `${folder}: is of another build of ${own.tool} than ${folders[0]}, expected shards of one program`,
      );
    }
    head = own;
    records.push(...(await readRecords(folder)));
  }
  return checkIds(mergeRecords(head!, records));
}

async function render(merged: MergedSweep, format: MergeRequest['format']): Promise<string | Uint8Array> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(merged, null, 2)}\n`;
    case 'csv':
      return spreadsheet(flatSweep(merged));
    case 'parquet': {
      const { formatParquet } = await import('./parquet.ts');
      return formatParquet(flatSweep(merged));
    }
  }
}
