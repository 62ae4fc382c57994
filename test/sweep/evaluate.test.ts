/** What a sweep makes once: a copy on the way of what is kept by identity would make it slow, not wrong. */
import { afterAll, beforeEach, expect, it, vi } from 'vitest';

const counts: Record<string, number> = {};

/** A module with the calls of some of its functions counted. */
async function counted(load: () => Promise<Record<string, unknown>>, names: readonly string[]) {
  const module = { ...(await load()) };
  for (const name of names) {
    const real = module[name] as (...args: unknown[]) => unknown;
    module[name] = (...args: unknown[]) => {
      counts[name] = (counts[name] ?? 0) + 1;
      return real(...args);
    };
  }
  return module;
}

vi.mock('../../src/trace/process.ts', (original) => counted(original, ['parseProcess', 'sampleProcess']));
vi.mock('../../src/engine/replayed-rounds.ts', (original) =>
  counted(original, ['replayRounds', 'plainRounds']),
);

// Test files share modules: those that another has loaded count nothing, and those that count are for this one alone.
vi.resetModules();
afterAll(() => vi.resetModules());
const { folderLibrary } = await import('../../src/node/folder-library.ts');
const { workspace } = await import('../../src/scenario/workspace.ts');
const { Evaluator } = await import('../../src/sweep/evaluate.ts');
const { expandGrid } = await import('../../src/sweep/grid.ts');

async function sweep(grid: object): Promise<void> {
  let reads = 0;
  const counting = <T extends unknown[], R>(read: (...args: T) => Promise<R>) => {
    return async (...args: T) => {
      reads++;
      // A document of this sweep alone: nothing that another made is found by it.
      return { ...(await read(...args)) };
    };
  };
  const { profile, trace } = folderLibrary;
  const library = workspace({ ...folderLibrary, profile: counting(profile), trace: counting(trace) }, true);
  const evaluator = new Evaluator(library);
  for (const { scenario } of expandGrid(grid, 'grid')) {
    expect(await evaluator.evaluate(scenario)).toHaveProperty('row');
  }
  counts.reads = reads;
}

beforeEach(() => {
  for (const name of Object.keys(counts)) delete counts[name];
});

it('reads, samples and replays once what two machines and three batch sizes share', async () => {
  const shared = { trace: 'cnn', batch: [1, 8, 64], k: [1, 3], requests: 3 };
  await sweep({ ...shared, gpu: ['h100-sxm', 'l40s'], method: ['none', 'ngram', 'eagle3'] });
  // Two GPUs, engine, target, head and trace; two methods with two k, and plain decoding.
  expect(counts).toEqual({ reads: 6, parseProcess: 1, sampleProcess: 1, replayRounds: 4, plainRounds: 1 });
});

it('samples again for another number of requests, and replays for each', async () => {
  await sweep({ trace: 'cnn', batch: [1, 8], k: 3, method: 'ngram', requests: [3, 4] });
  expect(counts).toEqual({ reads: 4, parseProcess: 1, sampleProcess: 2, replayRounds: 2, plainRounds: 2 });
});

it('gives points that are under way together the rows that they have alone', async () => {
  const points = expandGrid(
    { trace: ['cnn', 'gsm8k'], gpu: ['h100-sxm', 'l40s'], method: ['none', 'eagle3'], k: 3, requests: 3 },
    'grid',
  );
  const together = new Evaluator(workspace(folderLibrary, true));
  const outcomes = await Promise.all(points.map(({ scenario }) => together.evaluate(scenario)));
  for (const [i, { scenario }] of points.entries()) {
    expect(outcomes[i]).toEqual(await new Evaluator(folderLibrary).evaluate(scenario));
  }
});
