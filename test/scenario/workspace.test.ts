/** What did not change between two questions is not made again, and points are the figures of whole runs. */
import { expect, test } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runPoints, runScenario } from '../../src/scenario/run.ts';
import { workspace } from '../../src/scenario/workspace.ts';
import { freshLibrary } from '../fresh-library.ts';

const ASKED: Options = { requests: 50, batch: [1, 64], method: ['none', 'ngram', 'eagle3', 'oracle:eagle3'] };

test('traces are the same objects while nothing of them is asked otherwise', async () => {
  const library = workspace(folderLibrary);
  const trace = async (options: Options) =>
    (await gatherInputs(completeScenario({ ...ASKED, ...options }), library)).traces[0];
  const first = await trace({});
  expect(await trace({ set: { 'hardware.memoryBandwidth': '1.3x' } })).toBe(first);
  expect(await trace({ gpu: 'l40s', batch: [8] })).toBe(first);
  const longer = await trace({ promptLen: 500 });
  expect(longer).not.toBe(first);
  expect(await trace({ promptLen: 500, tp: 2 })).toBe(longer);
  expect(await trace({ drafterQuality: 1.1 })).not.toBe(first);
  expect(await trace({})).toBe(first);
});

test('answers are those of a library that keeps nothing', async () => {
  const library = workspace(folderLibrary);
  for (const options of [{}, { promptLen: 300 }, { k: [5] }, { drafterQuality: 0.9 }, {}] as Options[]) {
    const scenario = completeScenario({ ...ASKED, ...options });
    const kept = runScenario(await gatherInputs(scenario, library));
    const fresh = runScenario(await gatherInputs(scenario, freshLibrary));
    expect(kept).toEqual(fresh);
  }
});

test('points are whole rows without their intervals', async () => {
  const inputs = await gatherInputs(completeScenario(ASKED), folderLibrary);
  const whole = runScenario(inputs);
  const points = runPoints(inputs);
  const none = {
    throughput_lo_tok_per_s: null,
    throughput_hi_tok_per_s: null,
    speedup_lo: null,
    speedup_hi: null,
    uncertainty: null,
  };
  expect(points.rows).toEqual(whole.rows.map((row) => ({ ...row, ...none })));
  expect(Object.keys(points.rows[0]!)).toEqual(Object.keys(whole.rows[0]!));
  const served = await gatherInputs(completeScenario({ ...ASKED, load: 'closed' }), folderLibrary);
  expect(() => runPoints(served)).toThrow('expected clones');
});

test('a file that changed is read anew, one that did not is the same document', async () => {
  let text = 'one';
  const library = workspace({ ...folderLibrary, file: async (where) => ({ where, text }) });
  const first = await library.file('a');
  expect(await library.file('a')).toBe(first);
  text = 'two';
  expect(await library.file('a')).toEqual({ where: 'a', text: 'two' });
});
