/** The simulator against formulas and bounds that need no simulator (docs/physics.md, section 5). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseEngine } from '../src/cost/engine-profile.ts';
import { Roofline } from '../src/cost/roofline.ts';
import type { CostModel } from '../src/cost/work.ts';
import { assembleDrafter } from '../src/drafter/assemble.ts';
import { draftSlots, parseMethod } from '../src/drafter/methods.ts';
import { AS_RECORDED } from '../src/drafter/replay.ts';
import { type ReplayedRounds, replayRounds } from '../src/engine/replayed-rounds.ts';
import { runStaticBatches } from '../src/engine/static-batch.ts';
import { parseHardware } from '../src/hardware/load.ts';
import { entry, Memo } from '../src/memo.ts';
import { type Measures, measure } from '../src/metrics/measure.ts';
import { forwardShape, headShape } from '../src/model/shape.ts';
import { folderLibrary } from '../src/node/folder-library.ts';
import { gatherInputs } from '../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../src/scenario/options.ts';
import { runPoints } from '../src/scenario/run.ts';
import { sampleAcceptance } from '../src/trace/acceptance-spec.ts';
import { parseProcess, sampleProcess } from '../src/trace/process.ts';
import { parseTrace } from '../src/trace/read.ts';
import type { AcceptanceTrace, PositionLengths } from '../src/trace/trace.ts';
import { Dearer, PlainPrices } from './plain-prices.ts';
import { describeWithRecordings } from './recordings.ts';
import { headFor, modelCard } from './shipped-models.ts';

/** Rounds are those of their requests and their drafts, whatever the batch and its prices. */
const REPLAYED = new Memo<ReplayedRounds>();

/** Runs batches of `batch` copies of every request, with no limit on memory. */
function simulate(
  method: string,
  k: number | null,
  acceptance: PositionLengths,
  promptTokens: Int32Array,
  cost: CostModel,
  batch: number,
): Measures {
  const parsed = parseMethod(method);
  const { offsets } = acceptance;
  const requests = Array.from(promptTokens, (_, r) => r);
  const workload = {
    promptTokens,
    outputTokens: Int32Array.from(requests, (r) => offsets[r + 1]! - offsets[r]!),
  };
  const rounds = REPLAYED.get([acceptance, promptTokens], `${method} ${k}`, () => {
    const drafter = assembleDrafter(parsed, k, parsed.kind === 'none' ? [] : [acceptance], AS_RECORDED);
    return replayRounds(workload, drafter, draftSlots(parsed));
  });
  const { finished, totals, makespanS } = runStaticBatches({
    workload,
    rounds,
    requests,
    copies: batch,
    cost,
    kvBlocks: Number.POSITIVE_INFINITY,
    blockTokens: 16,
    maxSequences: Number.POSITIVE_INFINITY,
  });
  return measure('clones', finished, totals, makespanS);
}

/** In units of a plain target pass: c a draft pass, v(k) a verification of k drafts, o the overhead of a step. */
interface Prices {
  readonly c: number;
  readonly v: (k: number) => number;
  readonly o: number;
}

const constantCosts = ({ c, v, o }: Prices) =>
  new PlainPrices(
    ({ verify, drafts }) => ({
      draftS: c * drafts.reduce((passes, draft) => passes + draft.longest, 0),
      verifyS: v(verify.tokens / verify.sequences - 1),
      overheadS: o,
    }),
    () => ({ prefillS: 1 }),
  );

function decodeSpeedup(measured: Measures, baseline: Measures): number {
  return measured.decode_tok_per_s! / baseline.decode_tok_per_s!;
}

describe('independent acceptance, batch 1, constant costs', () => {
  const OUTPUT_TOKENS = 200_000;
  const prompt = Int32Array.of(100);
  const samples = new Map<number, PositionLengths>();
  const sample = (a: number) =>
    entry(samples, a, () => sampleAcceptance([a], Int32Array.of(OUTPUT_TOKENS), 'draft-model', 1));

  /** Mean and variance of the tokens a round emits: P(more than i) = a^i for i up to k. */
  function emittedMoments(a: number, k: number): { mean: number; variance: number } {
    let mean = 0;
    let square = 0;
    for (let i = 0; i <= k; i++) {
      mean += a ** i;
      square += (2 * i + 1) * a ** i;
    }
    return { mean, variance: square - mean * mean };
  }

  const rates = [0, 0.2, 0.5, 0.8, 0.95, 1];
  const lengths = [1, 2, 3, 5, 10, 20];
  const costs: Record<string, Prices> = {
    'cheap drafts': { c: 0.05, v: (k) => 1 + 0.01 * k, o: 0.15 },
    'a dear draft model on a saturated GPU': { c: 0.375, v: (k) => 1 + 0.5 * k, o: 0 },
  };

  describe.each(Object.entries(costs))('%s', (_, prices) => {
    const model = constantCosts(prices);
    const { c, v, o } = prices;
    it.each(rates)('gives S(k) = W (1 + o) / (k c + v(k) + o) within 4 standard errors: a = %f', (a) => {
      const acceptance = sample(a);
      const baseline = simulate('none', null, acceptance, prompt, model, 1);
      for (const k of lengths) {
        const measured = simulate('draft-model', k, acceptance, prompt, model, 1);
        const { mean, variance } = emittedMoments(a, k);
        const w = a === 1 ? k + 1 : (1 - a ** (k + 1)) / (1 - a);
        expect(mean).toBeCloseTo(w, 9);
        // Rounds are independent, so the mean over n of them has this relative error; the end of the output
        // cuts at most k tokens off the last one.
        const sigma = Math.sqrt(variance / (OUTPUT_TOKENS / mean)) / mean;
        const formula = (w * (1 + o)) / (k * c + v(k) + o);
        const error = Math.abs(decodeSpeedup(measured, baseline) / formula - 1);
        expect(error, `k = ${k}`).toBeLessThan(4 * sigma + k / OUTPUT_TOKENS + 1e-9);
        expect(sigma).toBeLessThan(0.005);
      }
    });
  });

  it('accepts drafts at the rate: (W - 1) / k of them', () => {
    for (const k of lengths) {
      const measured = simulate(
        'draft-model',
        k,
        sample(0.8),
        prompt,
        constantCosts(costs['cheap drafts']!),
        1,
      );
      const { mean, variance } = emittedMoments(0.8, k);
      const sigma = Math.sqrt(variance / (OUTPUT_TOKENS / mean)) / k;
      expect(Math.abs(measured.acceptance_rate! - (mean - 1) / k)).toBeLessThan(
        4 * sigma + 1 / OUTPUT_TOKENS,
      );
    }
  });
});

describe('free drafts and flat verification', () => {
  it.each(['ngram', 'eagle3', 'draft-model', 'oracle:eagle3'])(
    'make the decode speedup of %s equal its tokens per step',
    (method) => {
      const free = constantCosts({ c: 0, v: () => 1, o: 0.2 });
      const lengths = Int32Array.from({ length: 20 }, (_, r) => 50 + 37 * r);
      const acceptance = sampleAcceptance([0.9, 0.7, 0.5], lengths, method, 1);
      const prompts = lengths.map(() => 10);
      for (const batch of [1, 16]) {
        const baseline = simulate('none', null, acceptance, prompts, free, batch);
        for (const k of method.startsWith('oracle') ? [null] : [1, 3, 10]) {
          const measured = simulate(method, k, acceptance, prompts, free, batch);
          expect(measured.tokens_per_round!).toBeGreaterThan(1.5);
          expect(decodeSpeedup(measured, baseline) / measured.tokens_per_round! - 1).toBeCloseTo(0, 9);
        }
      }
    },
  );
});

const root = fileURLToPath(new URL('../', import.meta.url));
const readJson = (path: string): unknown => JSON.parse(readFileSync(root + path, 'utf8'));
const gpus = readdirSync(`${root}hardware-profiles`)
  .filter((file) => file.endsWith('.json') && file !== 'schema.json')
  .map((file) => file.replace('.json', ''));

const rowsOf = async (options: Options) =>
  runPoints(await gatherInputs(completeScenario(options), folderLibrary)).rows;

describe('without acceptance nothing is gained', () => {
  const shared: Options = { outputLen: 24, promptLen: 200, requests: 2, batch: [1, 64], k: [1, 5] };
  const settings: Record<string, Options> = {
    'a dense model': {
      method: [
        'ngram',
        'eagle',
        'eagle3',
        'draft-model',
        'oracle:ngram',
        'oracle:eagle3',
        'oracle:draft-model',
        'combined:ngram+eagle3',
        'combined-free:eagle3+ngram',
      ],
      draft: 'llama-3.2-1b',
      acceptance: { ngram: '0', eagle: '0', eagle3: '0', 'draft-model': '0' },
    },
    'a mixture of experts with an MTP layer': {
      target: 'glm-4.5-air',
      tp: 8,
      dtype: 'int4',
      method: ['mtp', 'oracle:mtp'],
      acceptance: { mtp: '0' },
    },
  };

  describe.each(Object.keys(settings))('%s', (name) => {
    it.each(gpus)('on %s', async (gpu) => {
      const rows = await rowsOf({ ...shared, ...settings[name], gpu });
      const fixed = rows.filter((row) => row.k !== null);
      expect(fixed.length).toBeGreaterThanOrEqual(4);
      for (const row of rows) {
        const what = `${row.method} k=${row.k} batch ${row.batch_size}`;
        expect(row.tokens_per_round, what).toBe(1);
        expect(row.speedup, what).toBeLessThanOrEqual(1);
        expect(row.decode_speedup, what).toBeLessThanOrEqual(1);
      }
      for (const row of fixed) expect(row.speedup, row.method).toBeLessThan(0.999);
    });
  });
});

describe('the oracle', () => {
  const shipped = readdirSync(`${root}traces/llama-3.1-8b`).map((file) => file.replace('.json', ''));

  it('throws no verified token away', async () => {
    const methods = ['ngram', 'eagle3'];
    const rows = await rowsOf({
      trace: shipped,
      method: methods.flatMap((name) => [name, `oracle:${name}`]),
      requests: 20,
      batch: [1, 64],
    });
    expect(rows).toHaveLength(shipped.length * 4 * 2);
    for (const { method, wasted_verify_share, acceptance_rate, tokens_per_round } of rows) {
      if (method.startsWith('oracle:')) {
        expect(wasted_verify_share).toBe(0);
        expect(acceptance_rate).toBe(1);
        expect(tokens_per_round).toBeGreaterThan(1);
      } else {
        expect(wasted_verify_share).toBeGreaterThan(0.1);
      }
    }
  });

  const llama = modelCard('llama-3.1-8b');
  const target = forwardShape(llama, { tp: 1, dtype: 'bf16' });
  const head = headShape(headFor('llama-3.1-8b', 'eagle3'), llama, { tp: 1 });

  async function expectNoFixedLengthBeats(trace: AcceptanceTrace): Promise<void> {
    const h100 = await parseHardware(readJson('hardware-profiles/h100-sxm.json'), 'h100-sxm');
    const ideal = await parseEngine(readJson('hardware-profiles/engines/ideal.json'), 'ideal');
    for (const method of ['ngram', 'eagle3']) {
      // Its drafter takes no time.
      const priced = new Roofline(target, method === 'ngram' ? [] : [head], h100, ideal, 1);
      const cost = new Dearer(priced, 'draftS', 0);
      const acceptance = trace.drafters.get(method)!;
      for (const batch of [1, 64]) {
        const run = (name: string, k: number | null) =>
          simulate(name, k, acceptance, trace.promptTokens, cost, batch);
        const oracle = run(`oracle:${method}`, null);
        expect(oracle.wasted_verify_share).toBe(0);
        for (let k = 1; k <= 10; k++) {
          const fixed = run(method, k);
          const what = `${trace.name} ${method} k=${k} batch ${batch}`;
          expect(fixed.decode_tok_per_s!, what).toBeLessThanOrEqual(oracle.decode_tok_per_s!);
          expect(fixed.throughput_tok_per_s, what).toBeLessThanOrEqual(oracle.throughput_tok_per_s);
        }
      }
    }
  }

  it.each(shipped)('drafting for free loses to no fixed k on %s', async (dataset) => {
    const fitted = parseProcess(readJson(`traces/llama-3.1-8b/${dataset}.json`), dataset);
    await expectNoFixedLengthBeats(sampleProcess(fitted, { requests: 120, seed: 1 }));
  });

  describeWithRecordings('on real recordings', (dir) => {
    it.each(['cnn', 'gsm8k', 'instructcoder', 'sharegpt'])(
      'drafting for free loses to no fixed k on %s',
      async (dataset) => {
        const path = join(dir, `combined_${dataset}.jsonl`);
        await expectNoFixedLengthBeats(parseTrace(readFileSync(path, 'utf8'), path));
      },
    );
  });
});
