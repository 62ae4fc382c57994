/** CSV text, by fast-csv. */
import { writeToString } from 'fast-csv';
import type { FlatTable } from '../report/flat-rows.ts';

/** A header line and a line a row, each ended by a newline. */
export function formatCsv({ columns, rows }: FlatTable): Promise<string> {
  return writeToString([...rows.map((row) => [...row])], {
    headers: [...columns],
    alwaysWriteHeaders: true,
    includeEndRowDelimiter: true,
  });
}
