/** One setting against another, on one machine and on two: the same ratio as a row's, and intervals that share what is shared. */
import { expect, test } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { Bench } from '../../src/scenario/bench.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { ratioBetween } from '../../src/scenario/ratio.ts';
import { settingsOf } from '../../src/scenario/run.ts';
import { workspace } from '../../src/scenario/workspace.ts';

const library = workspace(folderLibrary);

async function contender(options: Options = {}) {
  const scenario = completeScenario({ requests: 40, method: ['eagle3'], batch: [16], ...options });
  const inputs = await gatherInputs(scenario, library);
  return { inputs, setting: settingsOf(inputs).at(-1)!, batch: scenario.batch[0]! };
}

const width = ({ ratio, lo, hi }: { ratio: number; lo: number; hi: number }) => (hi - lo) / ratio;

test('on one machine it is the ratio of the bench', async () => {
  const [three, five] = [await contender(), await contender({ k: [5] })];
  const bench = new Bench(three.inputs, three.inputs.traces[0]!, 'clones', new Set());
  expect(ratioBetween(three, five)).toEqual(bench.ratio(three.setting, five.setting, 16));
  expect(ratioBetween(three, three)).toEqual({ ratio: 1, lo: 1, hi: 1 });
});

test('a what-if shares all errors, another GPU few, and each interval holds its ratio', async () => {
  const base = await contender();
  const faster = ratioBetween(await contender({ set: { 'hardware.memoryBandwidth': '1.2x' } }), base)!;
  const other = ratioBetween(await contender({ gpu: 'l40s' }), base)!;
  const engine = ratioBetween(await contender({ engine: 'sglang-0.5' }), base)!;
  for (const one of [faster, other, engine]) {
    expect(one.lo).toBeLessThan(one.ratio);
    expect(one.hi).toBeGreaterThan(one.ratio);
  }
  expect(faster.ratio).toBeGreaterThan(1);
  expect(width(other)).toBeGreaterThan(2 * width(faster));
  expect(width(engine)).toBeGreaterThan(width(faster));
  const back = ratioBetween(base, await contender({ gpu: 'l40s' }))!;
  expect(back.ratio * other.ratio).toBeCloseTo(1, 12);
});

test('other requests, and loads whose requests wait, have no interval', async () => {
  const base = await contender();
  for (const options of [{ requests: 41 }, { trace: ['cnn'] }, { seed: 2 }] as Options[])
    expect(ratioBetween(await contender(options), base)).toBeNull();
  const closed = await contender({ load: 'closed' });
  expect(ratioBetween(closed, closed)).toBeNull();
});
