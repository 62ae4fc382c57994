/** CSV text against fast-csv, a second opinion. */
import fc from 'fast-check';
import { parseString } from 'fast-csv';
import { expect, it } from 'vitest';
import { csvRows, csvTable } from '../src/csv.ts';

function read(text: string): Promise<string[][]> {
  return new Promise((resolve, reject) => {
    const rows: string[][] = [];
    parseString(text)
      .on('error', reject)
      .on('data', (row) => rows.push(row))
      .on('end', () => resolve(rows));
  });
}

it('writes tables that fast-csv and our own reader read as they were', async () => {
  const word = fc.stringMatching(/^[a-z]{1,3}$/);
  const cell = fc.oneof(fc.string(), fc.stringMatching(/^[ ,"\n\ra]{0,5}$/), fc.double(), fc.constant(null));
  const table = fc.integer({ min: 2, max: 4 }).chain((width) =>
    fc.record({
      columns: fc.array(word, { minLength: width, maxLength: width }),
      rows: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 5 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(table, async ({ columns, rows }) => {
      const text = csvTable({ columns, rows });
      const expected = [columns, ...rows.map((row) => row.map((value) => String(value ?? '')))];
      expect([...csvRows(text, 'file')].map(({ cells }) => cells)).toEqual(expected);
      expect(await read(text)).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});
