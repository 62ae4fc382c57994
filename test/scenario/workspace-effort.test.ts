/** What a slider costs, counted: what is sampled, scaled, replayed, priced and drawn anew when one thing changes. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runPoints, runScenario } from '../../src/scenario/run.ts';
import { workspace } from '../../src/scenario/workspace.ts';

// Modules that files before this one loaded would count nothing.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());

const counts = vi.hoisted(() => ({
  sampled: 0,
  scaled: 0,
  replayed: 0,
  machines: 0,
  batches: 0,
  streams: [] as string[],
}));

/** A function that counts its calls. */
const counting = vi.hoisted(
  () =>
    (what: 'sampled' | 'scaled' | 'replayed' | 'batches', real: (...of: never[]) => unknown) =>
    (...of: never[]) => {
      counts[what]++;
      return real(...of);
    },
);

vi.mock('../../src/trace/process.ts', async (load) => {
  const real = await load<typeof import('../../src/trace/process.ts')>();
  return { ...real, sampleProcess: counting('sampled', real.sampleProcess) };
});
vi.mock('../../src/trace/drafter-quality.ts', async (load) => {
  const real = await load<typeof import('../../src/trace/drafter-quality.ts')>();
  return { ...real, withDrafterQuality: counting('scaled', real.withDrafterQuality) };
});
vi.mock('../../src/engine/replayed-rounds.ts', async (load) => {
  const real = await load<typeof import('../../src/engine/replayed-rounds.ts')>();
  return {
    ...real,
    replayRounds: counting('replayed', real.replayRounds),
    plainRounds: counting('replayed', real.plainRounds),
  };
});
vi.mock('../../src/engine/static-batch.ts', async (load) => {
  const real = await load<typeof import('../../src/engine/static-batch.ts')>();
  return { ...real, runStaticBatches: counting('batches', real.runStaticBatches) };
});
vi.mock('../../src/cost/roofline.ts', async (load) => {
  const real = await load<typeof import('../../src/cost/roofline.ts')>();
  class Roofline extends real.Roofline {
    constructor(...of: ConstructorParameters<typeof real.Roofline>) {
      super(...of);
      counts.machines++;
    }
  }
  return { ...real, Roofline };
});
vi.mock('../../src/random/streams.ts', async (load) => {
  const real = await load<typeof import('../../src/random/streams.ts')>();
  const stream: typeof real.stream = (seed, ...keys) => {
    counts.streams.push(String(keys[0]));
    return real.stream(seed, ...keys);
  };
  return { ...real, stream };
});

/** The view of the page, of few requests: four methods and plain decoding at nine batch sizes. */
const VIEW: Options = {
  requests: 20,
  method: ['ngram', 'eagle3', 'oracle:eagle3', 'hybrid:ngram+eagle3'],
  batch: [1, 2, 4, 8, 16, 32, 64, 128, 256],
};
const ROWS = 4 * 9;
/** Target alone, and target with the head of EAGLE-3. */
const SHAPES = 2;

const library = workspace(folderLibrary);
const gather = (options: Options = {}) => gatherInputs(completeScenario({ ...VIEW, ...options }), library);

beforeAll(async () => {
  runScenario(await gather());
});
beforeEach(() =>
  Object.assign(counts, { sampled: 0, scaled: 0, replayed: 0, machines: 0, batches: 0, streams: [] }),
);

test('a number of the GPU: points price one machine, and make nothing else', async () => {
  runPoints(await gather({ set: { 'hardware.memoryBandwidth': '1.2x' } }));
  expect(counts).toEqual({
    sampled: 0,
    scaled: 0,
    replayed: 0,
    machines: SHAPES,
    batches: ROWS + 9,
    streams: [],
  });
});

test('its intervals price each uncertain constant once, and draw nothing again', async () => {
  runScenario(await gather({ set: { 'hardware.memoryBandwidth': '1.3x' } }));
  const { machines, ...others } = counts;
  expect(others).toEqual({ sampled: 0, scaled: 0, replayed: 0, batches: ROWS + 9, streams: [] });
  // The machine, and another one for each of its constants that has an error, whatever the rows.
  expect(machines % SHAPES).toBe(0);
  expect(machines).toBeLessThanOrEqual(SHAPES * 20);
});

test('a length replays what was sampled, once a method', async () => {
  for (const options of [{ promptLen: 300 }, { outputLen: 60 }]) {
    Object.assign(counts, { replayed: 0, streams: [] });
    runPoints(await gather(options));
    expect(counts).toMatchObject({ sampled: 0, scaled: 0, replayed: 5, streams: [] });
  }
});

test('a quality scales what was sampled, with coins that are tossed once', async () => {
  runPoints(await gather({ drafterQuality: 1.1 }));
  expect(counts).toMatchObject({ sampled: 0, scaled: 1, replayed: 4 });
  Object.assign(counts, { streams: [] });
  runPoints(await gather({ drafterQuality: 1.15 }));
  expect(counts.streams).toEqual([]);
  expect(counts.sampled).toBe(0);
});

test('a value that was asked before costs what a number of the GPU does', async () => {
  for (const options of [{ drafterQuality: 1.1 }, { promptLen: 300 }, {}]) {
    runPoints(await gather(options));
    expect(counts).toMatchObject({ sampled: 0, scaled: 0, replayed: 0, streams: [] });
  }
});
