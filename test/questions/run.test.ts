import { expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { run } from '../../src/questions/run.ts';
import { textOf } from '../../src/report/text.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { parseOptions } from '../../src/scenario/options.ts';
import type { Row } from '../../src/scenario/result.ts';

const BATCHES = [1, 8, 32, 128];
const named = parseOptions({ requests: 2, method: ['none', 'ngram'], k: [2], batch: BATCHES }, String);
const asking = await run.gather(named, (scenario) => gatherInputs(scenario, folderLibrary), {});
const answer = await run.ask(asking, () => {}, {});

/** The answer in a sentence where speedups and their intervals are these, by batch size. */
function said(gains: readonly (readonly [ratio: number, lo: number, hi: number])[]): string {
  const own = (row: Row): Row => {
    if (row.method === 'none') return row;
    const [speedup, speedup_lo, speedup_hi] = gains[BATCHES.indexOf(row.batch_size!)]!;
    return { ...row, speedup, speedup_lo, speedup_hi };
  };
  const groups = answer.groups.map(({ trace, rows }) => ({ trace, rows: rows.map(own) }));
  return textOf(
    run.document({ ...answer, groups, rows: groups.flatMap(({ rows }) => rows) }, asking),
    Number.POSITIVE_INFINITY,
  ).split('\n')[0]!;
}

it.each([
  // Pays everywhere, and nowhere.
  [
    [
      [2, 1.9, 2.1],
      [1.5, 1.4, 1.6],
      [1.2, 1.1, 1.3],
      [1.1, 1.01, 1.2],
    ],
    '',
  ],
  [
    [
      [0.9, 0.8, 1.1],
      [0.8, 0.7, 0.9],
      [0.7, 0.6, 0.8],
      [0.6, 0.5, 0.7],
    ],
    '',
  ],
  [
    [
      [2, 1.9, 2.1],
      [1.5, 1.4, 1.6],
      [0.8, 0.7, 0.9],
      [0.5, 0.4, 0.6],
    ],
    '; it surely breaks even between batch 8 and 32',
  ],
  [
    [
      [2, 1.9, 2.1],
      [1.1, 0.9, 1.3],
      [0.9, 0.8, 1.1],
      [0.5, 0.4, 0.6],
    ],
    '; it breaks even between batch 8 and 32, surely above 1 and below 128',
  ],
  [
    [
      [2, 1.9, 2.1],
      [1.5, 1.4, 1.6],
      [1.1, 1.05, 1.2],
      [0.9, 0.8, 1.1],
    ],
    '; it breaks even between batch 32 and 128, surely above 32',
  ],
  [
    [
      [1.1, 0.9, 1.3],
      [0.8, 0.7, 0.9],
      [0.7, 0.6, 0.8],
      [0.5, 0.4, 0.6],
    ],
    '; it breaks even between batch 1 and 8, surely below 8',
  ],
  [
    [
      [1.1, 0.9, 1.3],
      [0.9, 0.8, 1.1],
      [0.9, 0.8, 1.1],
      [0.9, 0.8, 1.1],
    ],
    '; it breaks even between batch 1 and 8, not sure',
  ],
] as const)('a break-even is told with its interval, where batch sizes bracket it: %j', (gains, even) => {
  const times = (at: number) => `${gains[at]![0].toFixed(2)}x`;
  expect(said(gains)).toBe(
    `ngram k=2 is ${times(0)} as fast as plain decoding at batch 1 and ${times(3)} at 128${even}`,
  );
});
