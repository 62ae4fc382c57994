/** A sweep as flat rows: its place in the grid, the axes as `grid.PATH`, then the columns of a run. */

import { type FlatTable, flatRows } from '../report/flat-rows.ts';
import type { MergedSweep } from './records.ts';

/** Every point is a row; one that failed has empty cells and its error in the last column. */
export function flatSweep({ schemaVersion, results }: MergedSweep): FlatTable {
  const columns = Object.keys(results.find(({ row }) => row !== null)?.row ?? {});
  const none = Object.fromEntries(columns.map((column) => [column, null]));
  return flatRows({
    schemaVersion,
    rows: results.map(({ point, id, axes, gpus, row, error }) => ({
      point,
      id,
      ...Object.fromEntries(
        Object.entries(axes).map(([path, value]) => [
          `grid.${path}`,
          typeof value === 'boolean' ? String(value) : value,
        ]),
      ),
      gpus,
      ...(row ?? none),
      error,
    })),
  });
}
