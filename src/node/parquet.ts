/** Parquet, by hyparquet-writer: columns of text where a cell is text, of doubles otherwise. */
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { FlatTable } from '../report/flat-rows.ts';

export function formatParquet({ columns, rows }: FlatTable): Uint8Array {
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: columns.map((name, c) => {
        const cells = rows.map((row) => row[c] ?? null);
        const text = cells.some((cell) => typeof cell !== 'number' && cell !== null);
        return {
          name,
          data: text ? cells.map((cell) => (cell === null ? null : String(cell))) : cells,
          type: text ? ('STRING' as const) : ('DOUBLE' as const),
          nullable: true,
        };
      }),
    }),
  );
}
