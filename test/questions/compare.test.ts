/** GPUs side by side: the split by resource, the break-even search, and rows that agree with a run. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLineOf } from '../../src/cli/scenario-flags.ts';
import { RESOURCES } from '../../src/cost/fields.ts';
import { binding, secondsByResource } from '../../src/cost/resources.ts';
import { Roofline } from '../../src/cost/roofline.ts';
import { noSeconds, StepWork, totalSeconds, Verified } from '../../src/cost/work.ts';
import { forwardShape } from '../../src/model/shape.ts';
import { ask } from '../../src/node/ask.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { CARDS } from '../../src/questions/cards.ts';
import {
  breakEvenBatch,
  type Comparison,
  comparedLengths,
  comparisonOf,
} from '../../src/questions/comparison.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { readProfiles } from '../../src/scenario/overrides.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { said } from '../cli/command.ts';
import { modelCard } from '../shipped-models.ts';

const COMPARE = CARDS.find(({ name }) => name === 'compare')!;

const file = async (kind: 'gpu' | 'engine', name: string) => {
  const { text, where } = await folderLibrary.profile(kind, name);
  return { where, json: JSON.parse(text) as unknown };
};
const engine = await file('engine', 'vllm-0.10');
const gpus = await Promise.all((await folderLibrary.names('gpu')).map((name) => file('gpu', name)));
const machines = await Promise.all(gpus.map((gpu) => readProfiles(gpu, engine, {})));

/** Seconds of a step of `sequences` sequences that draft and verify k tokens each. */
function stepOn(model: string, tp: number, sequences: number, k: number, context: number) {
  const shape = forwardShape(modelCard(model), { tp, dtype: 'bf16' });
  const work = new StepWork(1, 8);
  work.searches = sequences;
  const verified = new Verified();
  verified.chain(k);
  work.addRounds(sequences, sequences * context, verified);
  if (k > 0) work.drafts[0]!.add(sequences, k, context, 1);
  return (on: Pick<(typeof machines)[number], 'hardware' | 'engine'>) => {
    const cost = noSeconds();
    new Roofline(shape, [shape], on.hardware, on.engine, tp).priceStep(work, cost);
    return totalSeconds(cost);
  };
}

describe('seconds by resource', () => {
  const any = fc.record({
    machine: fc.constantFrom(...machines),
    model: fc.constantFrom('llama-3.1-8b', 'mixtral-8x7b', 'deepseek-v3', 'gpt-oss-20b'),
    sequences: fc.integer({ min: 1, max: 600 }),
    k: fc.integer({ min: 0, max: 8 }),
    context: fc.integer({ min: 1, max: 50_000 }),
  });

  it('add up to the whole, none below zero, on every GPU', () => {
    fc.assert(
      fc.property(any, ({ machine, model, sequences, k, context }) => {
        const tp = machine.hardware.efficiency.allReduce.length > 0 ? 2 : 1;
        const step = stepOn(model, tp, sequences, k, context);
        const seconds = secondsByResource(step, machine);
        const sum = RESOURCES.reduce((total, resource) => total + seconds[resource], 0);
        expect(sum / step(machine)).toBeCloseTo(1, 5);
        for (const resource of RESOURCES) expect(seconds[resource]).toBeGreaterThan(-1e-9 * sum);
      }),
      { numRuns: 100 },
    );
  });

  const h100 = machines.find(({ hardware }) => hardware.name === 'h100-sxm')!;
  it.each([
    ['weights', 1, 1, 1, 500],
    ['kv', 1, 64, 0, 50_000],
    ['flops', 1, 600, 3, 100],
    ['launch', 8, 1, 8, 100],
  ] as const)('%s bind where they should', (resource, tp, sequences, k, context) => {
    const model = resource === 'launch' ? 'llama-3.2-1b' : 'llama-3.1-8b';
    expect(binding(secondsByResource(stepOn(model, tp, sequences, k, context), h100))).toBe(resource);
  });

  it('host work is exactly its times, launches their number', async () => {
    const step = stepOn('llama-3.1-8b', 1, 16, 0, 100);
    const { launch, host } = secondsByResource(step, h100);
    const { layerLaunchS, stepOverhead, search, plainSampling } = h100.engine;
    expect(launch).toBeCloseTo(32 * layerLaunchS, 9);
    const each = 16 * (stepOverhead.eachS + search.eachS + plainSampling.eachS);
    expect(host).toBeCloseTo(stepOverhead.fixedS + search.fixedS + plainSampling.fixedS + each, 9);
  });
});

describe('the break-even batch size', () => {
  it('is found wherever it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1100 }), fc.integer({ min: 1, max: 1024 }), (at, limit) => {
        expect(breakEvenBatch((batch) => batch < at, limit)).toBe(at > limit ? null : at);
      }),
    );
  });

  it('does not mind a dip at small batch sizes', () => {
    expect(breakEvenBatch((batch) => batch > 2 && batch < 100, 1024)).toBe(100);
  });
});

describe('a comparison', async () => {
  const options: Options = { requests: 4, batch: [1, 96], k: [1, 3], outputLen: 60 };
  const scenario = completeScenario(options);
  const inputs = await Promise.all(
    ['h100-sxm', 'l40s'].map((gpu) => gatherInputs({ ...scenario, gpu }, folderLibrary)),
  );
  const comparison = await comparisonOf(scenario, inputs);

  it('has the best row of a run of each GPU, at each batch size', () => {
    expect(comparison.rows.map(({ gpu, batch_size }) => [gpu, batch_size])).toEqual([
      ['h100-sxm', 1],
      ['h100-sxm', 96],
      ['l40s', 1],
      ['l40s', 96],
    ]);
    for (const row of comparison.rows) {
      const one = inputs.find(({ hardware }) => hardware.name === row.gpu)!;
      const rows = runScenario(one).rows.filter(
        ({ batch_size, method }) => batch_size === row.batch_size && method !== 'none',
      );
      const best = rows.reduce((a, b) => (b.speedup! > a.speedup! ? b : a));
      const { break_even_batch: __, break_even_searched_to, binding: _, verification_share, ...same } = row;
      expect(best).toMatchObject(same);
      expect(break_even_searched_to).toBe(1024);
      const sum = Object.values(verification_share!).reduce((total, share) => total + share, 0);
      expect(sum).toBeCloseTo(1, 12);
    }
  });

  it('breaks even where no setting of a run pays', () => {
    for (const [g, one] of inputs.entries()) {
      const { break_even_batch: at } = comparison.rows[2 * g]!;
      if (at === null || at === 1) continue;
      const best = (batch: number) => {
        const { rows } = runScenario({ ...one, scenario: { ...one.scenario, batch: [batch] } });
        return Math.max(...rows.filter(({ method }) => method !== 'none').map(({ speedup }) => speedup!));
      };
      expect(best(at)).toBeLessThanOrEqual(1);
      expect(best(at - 1)).toBeGreaterThan(1);
    }
  });

  it('is bound by memory at batch 1', () => {
    expect(comparison.rows[0]!.binding).toBe('weights');
    expect(comparison.rows[2]!.binding).toBe('weights');
  });
});

it('compares draft lengths up to what the recordings can answer for', async () => {
  const inputs = await gatherInputs(completeScenario({ requests: 2 }), folderLibrary);
  const [trace] = inputs.traces;
  const eagle3 = { ...trace!.drafters.get('eagle3')!, maxK: 5 };
  const short = { ...trace!, drafters: new Map([...trace!.drafters, ['eagle3', eagle3]]) };
  expect(comparedLengths(inputs)).toEqual([1, 2, 3, 4, 5, 6, 8]);
  expect(comparedLengths({ ...inputs, traces: [trace!, short] })).toEqual([1, 2, 3, 4, 5]);
  const rates = new Map([['eagle3', { rates: [0.6], share: 1, k: null }]]);
  expect(comparedLengths({ ...inputs, rates, traces: [short] })).toEqual([1, 2, 3, 4, 5, 6, 8]);
});

describe('the command line', () => {
  const home = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), 'specsim-compare-'));
  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });
  const mine = {
    specification: {
      memoryCapacity: { value: 96e9, unit: 'B' },
      memoryBandwidth: { value: 5e12, unit: 'B/s' },
      denseFlops: { bf16: { value: 1e15, unit: 'FLOP/s' } },
    },
  };
  writeFileSync(join(folder, 'my-gpu.json'), JSON.stringify(mine));
  const small = ['--requests', '2', '--output-len', '20', '--batch', '1,8', '--method', 'ngram'];
  beforeAll(() => process.chdir(folder));
  const specsim = (...args: string[]) => said('compare', ...small, ...args);

  it('shows GPUs that ship and a file beside each other, with overrides for all', async () => {
    const set = ['--set', 'hardware.memoryBandwidth=1.1x'];
    const { mistake, stdout, stderr } = await specsim('--gpu', 'h100-sxm,my-gpu.json', ...set);
    expect(stderr).toBe('');
    expect(mistake).toBeNull();
    expect(stdout).toContain('gpu      my-gpu: my-gpu, efficiency: data sheet only\n');
    expect(stdout).toContain('hardware.memoryBandwidth=1.1x (5 TB/s -> 5.5 TB/s)');
    expect(stdout).toMatch(/^h100-sxm +1 +[\d.]+ +[\d.]+ +[\d.]+x \([\d.]+-[\d.]+\) +ngram k=\d/m);
    expect(stdout).toMatch(/^my-gpu +8 .* weights$/m);
    expect(stdout).toContain('breaks even at');
    expect(stdout).toContain('warning: gpu my-gpu has only a data sheet');
  });

  it('writes JSON and CSV of the same rows', async () => {
    const json = await specsim('--gpu', 'h100-sxm,l4', '--format', 'json', '--out', 'out.json');
    expect(json.stdout).toBe('');
    const result = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')) as Comparison;
    expect(result).toMatchObject({
      schemaVersion: 2,
      config: { gpu: 'h100-sxm,l4', k: [1, 2, 3, 4, 5, 6, 8] },
    });
    const [head, ...lines] = (await specsim('--gpu', 'h100-sxm,l4', '--format', 'csv')).stdout
      .trim()
      .split('\n');
    expect(head).toMatch(/^schema_version,gpu,.*verification_share.weights/);
    expect(lines).toHaveLength(result.rows.length);
    expect(lines[0]).toContain(String(result.rows[0]!.throughput_tok_per_s));
  });

  it('refuses in one line', async () => {
    const { mistake, stdout, stderr } = await specsim('--gpu', 'h100-sxm,h200-sx');
    expect(mistake).toMatch(/^unknown gpu "h200-sx": nearest is h200-sxm.*$/);
    expect(stdout).toBe('');
    expect(stderr).toBe('');
  });

  it.each([
    ['a GPU named twice', { gpu: 'l4,h100-sxm,l4' }, '--gpu: l4 given twice'],
    ['an empty name', { gpu: 'l4,' }, 'separated by one comma'],
    ['an open load', { load: 'poisson:2' }, '--load poisson:2: compare needs batch sizes'],
    ['constants of a fit', { cost: 'specdecode-bench' }, '--cost specdecode-bench: compare needs'],
    ['plain decoding alone', { method: 'none' }, 'compare needs a method that speculates'],
    ['an unknown path', { set: 'hardware.memBandwidth=2x' }, 'nearest is hardware.memoryBandwidth'],
    ['a file that is not there', { gpu: 'l4,nowhere.json' }, '"nowhere.json": no such file'],
    ['a folder that is not there', { out: 'nowhere/x.json' }, 'folder nowhere does not exist'],
  ])('refuses %s', async (_, flags, words) => {
    await expect(ask(COMPARE, commandLineOf({ requests: '2', ...flags, format: 'json' }))).rejects.toThrow(
      words,
    );
  });
});
