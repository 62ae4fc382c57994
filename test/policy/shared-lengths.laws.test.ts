/** Lengths that a step's rounds share: what a budget and one length bring, of drawn confidences and in the engine. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMethod } from '../../src/drafter/methods.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { AutoBudget } from '../../src/policy/auto-budget.ts';
import { ConfidenceThreshold } from '../../src/policy/confidence-threshold.ts';
import { UNBOUND } from '../../src/policy/length-changes.ts';
import { OneLength } from '../../src/policy/one-length.ts';
import { isShared, makeShared, parsePolicy, type SharedSpec } from '../../src/policy/policies.ts';
import type { SharedLengths } from '../../src/policy/shared-lengths.ts';
import { TokenBudget } from '../../src/policy/token-budget.ts';
import { Bench } from '../../src/scenario/bench.ts';
import { gatherInputs, type Inputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import type { Signal } from '../../src/trace/confidence-signal.ts';
import { levelAt, survivalWords, wordsFor } from '../../src/trace/survival-levels.ts';

const K = 5;
/** A step whose seconds grow with what is drafted and verified. */
const price = (sequences: number, _context: number, asked: number, proposed: number) =>
  1 + 0.2 * asked + 0.01 * sequences * (1 + proposed);

function parts(chances: readonly (readonly number[])[], draftsAll = false) {
  const chance = (at: number, depth: number) => chances[at]![depth]!;
  const words = survivalWords(chance, chances.length, K);
  const each = wordsFor(K);
  const signal: Signal = {
    depths: K,
    words,
    chance,
    places(starts, rounds, into) {
      for (let i = 0; i < rounds; i++) into[i] = starts[i]! * each;
    },
    reaching(starts, rounds, level, most, into) {
      for (let i = 0; i < rounds; i++) {
        const own = Array.from({ length: most }, (_, d) => levelAt(words, starts[i]! * each, d));
        into[i] = own.filter((one) => one >= level).length;
      }
    },
  };
  return { signal, maxK: K, price, draftsAll, limits: UNBOUND };
}

function stepOf(lengths: SharedLengths, rounds: number) {
  lengths.decide(
    Int32Array.from({ length: rounds }, (_, at) => at),
    rounds,
    500 * rounds,
  );
  const verified = [...lengths.verified.subarray(0, rounds)];
  return { verified, drafted: verified.map((own) => lengths.drafted[own]!) };
}

/** Drafts that survive, in the mean, of so many verified of each round. */
function expected(chances: readonly (readonly number[])[], verified: (round: number) => number): number {
  let sum = 0;
  for (const [i, own] of chances.entries()) {
    let survives = 1;
    for (const chance of own.slice(0, verified(i))) sum += survives *= chance;
  }
  return sum;
}

const chance = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const steps = fc.array(fc.array(chance, { minLength: K, maxLength: K }), { minLength: 1, maxLength: 12 });
const known = fc.array(
  fc.integer({ min: 0, max: K }).map((n) => Array.from({ length: K }, (_, d) => (d < n ? 1 : 0))),
  { minLength: 1, maxLength: 12 },
);
/** Survival is ranked in 128ths. */
const ROUNDING = 1 / 127;

describe('a budget of tokens', () => {
  it('is never exceeded, and brings at least what any one length brings that takes as many', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 80 }), (chances, tokens) => {
        const { verified, drafted } = stepOf(new TokenBudget(parts(chances), tokens), chances.length);
        const drafts = Math.max(0, tokens - chances.length);
        const sum = verified.reduce((a, b) => a + b, 0);
        expect(sum).toBeLessThanOrEqual(drafts);
        for (const [i, own] of verified.entries()) expect(drafted[i]!).toBeGreaterThanOrEqual(own);
        const own = expected(chances, (i) => verified[i]!);
        for (let k = 0; k <= K && k * chances.length <= drafts; k++) {
          expect(own).toBeGreaterThanOrEqual(expected(chances, () => k) - ROUNDING * K * chances.length);
        }
      }),
    );
  });

  it('a signal that knows: ragged >= one length for the batch >= the same length always, at equal tokens', () => {
    fc.assert(
      fc.property(
        fc.array(known, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: K }),
        (load, k) => {
          let [ragged, one, fixed] = [0, 0, 0];
          for (const chances of load) {
            const lengths = new TokenBudget(parts(chances), chances.length * (k + 1));
            const { verified } = stepOf(lengths, chances.length);
            ragged += expected(chances, (i) => verified[i]!);
            // The one length, k at most, behind which nothing more is right.
            const enough = Math.min(
              k,
              Math.max(...chances.map((own) => own.filter((one) => one === 1).length)),
            );
            one += expected(chances, () => enough);
            fixed += expected(chances, () => k);
          }
          expect(ragged).toBeGreaterThanOrEqual(one);
          expect(one).toBeGreaterThanOrEqual(fixed);
        },
      ),
    );
  });

  it('a signal that knows nothing gives every round the same', () => {
    for (const k of [1, 2, 4]) {
      const same = Array.from({ length: 9 }, () => [0.8, 0.7, 0.7, 0.6, 0.5]);
      const { verified } = stepOf(new TokenBudget(parts(same), 9 * (k + 1)), 9);
      expect(verified).toEqual(same.map(() => k));
    }
  });

  it('drafts one further than it verifies, all of a block, and nothing where there is no budget', () => {
    const chances = [
      [1, 1, 0, 0, 0],
      [0, 0, 0, 0, 0],
    ];
    expect(stepOf(new TokenBudget(parts(chances), 20), 2)).toEqual({ verified: [2, 0], drafted: [3, 1] });
    expect(stepOf(new TokenBudget(parts(chances, true), 20), 2).drafted).toEqual([K, K]);
    expect(stepOf(new TokenBudget(parts(chances), 2), 2)).toEqual({ verified: [0, 0], drafted: [0, 0] });
  });
});

describe('a threshold of confidence', () => {
  it('ends a round before its first draft below, which a chain has made and a block with all others', () => {
    const chances = [
      [0.9, 0.5, 0.4, 0.9, 0.9],
      [0.4, 1, 1, 1, 1],
      [0.5, 0.5, 0.5, 0.5, 0.5],
    ];
    expect(stepOf(new ConfidenceThreshold(parts(chances), 0.5), 3)).toEqual({
      verified: [2, 0, 5],
      drafted: [3, 1, 5],
    });
    expect(stepOf(new ConfidenceThreshold(parts(chances, true), 0.5), 3).drafted).toEqual([K, K, K]);
  });

  it('verifies no more where it is higher, all at 0, and each round as if it were alone', () => {
    fc.assert(
      fc.property(steps, chance, chance, (chances, one, other) => {
        const of = (least: number, rounds = chances) =>
          stepOf(new ConfidenceThreshold(parts(rounds), least), rounds.length).verified;
        const low = of(Math.min(one, other));
        const high = of(Math.max(one, other));
        assert(high.every((own, i) => own <= low[i]!));
        assert(of(0).every((own) => own === K));
        assert.deepEqual(
          chances.flatMap((own) => of(one, [own])),
          of(one),
        );
      }),
    );
  });
});

describe('lengths by price', () => {
  it('switch off where drafts cost more than they bring, and look again now and then', () => {
    const hopeless = Array.from({ length: 8 }, () => [0.05, 0, 0, 0, 0]);
    for (const make of [AutoBudget, OneLength]) {
      const lengths = new make(parts(hopeless));
      const drafted = Array.from({ length: 40 }, () => Math.max(...stepOf(lengths, 8).drafted));
      // The first step looks at all depths, later ones at one draft.
      expect(drafted[0]).toBe(K);
      expect(drafted.filter((n, i) => i > 0 && n > 0)).toHaveLength(2);
    }
  });

  it('draft far where everything is right', () => {
    const right = Array.from({ length: 8 }, () => [1, 1, 1, 1, 1]);
    for (const make of [AutoBudget, OneLength]) {
      const lengths = new make(parts(right));
      stepOf(lengths, 8);
      expect(stepOf(lengths, 8).verified).toEqual(right.map(() => K));
    }
  });
});

it('of thresholds that bring the same the lowest is taken: what comes less sure than was seen is verified', () => {
  const all = (chance: number) => Array.from({ length: 8 }, () => new Array<number>(K).fill(chance));
  const lengths = new AutoBudget(parts([...all(1), ...all(0.3)]));
  stepOf(lengths, 8);
  lengths.decide(
    Int32Array.from({ length: 8 }, (_, i) => 8 + i),
    8,
    4000,
  );
  // Survival of 0.3 and 0.09 is above the lowest threshold, 8 of 127, and 0.027 below it.
  expect([...lengths.verified.subarray(0, 8)]).toEqual(new Array(8).fill(2));
});

describe('names', () => {
  it.each(['budget:0', 'budget:2.5', 'budget:', 'budget:many', 'goodput:x'])('%s is refused', (name) => {
    expect(() => parsePolicy(name)).toThrow(/expected tokens verified a step|unknown policy/);
  });

  it.each(['confidence:1.1', 'confidence:-1', 'confidence:', 'confidence:x'])('%s is refused', (name) => {
    expect(() => parsePolicy(name)).toThrow(/expected a chance of 0 to 1, such as confidence:0.8/);
  });

  it('a budget is a policy that goes by confidence', () => {
    expect(parsePolicy('budget:96')).toEqual({ kind: 'budget', tokens: 96, auc: null });
    expect(isShared(parsePolicy('goodput:confidence'))).toBe(true);
    expect(isShared(parsePolicy('goodput'))).toBe(false);
    const spec = parsePolicy('budget:auto') as SharedSpec;
    expect(makeShared(spec, parts([]))).toBeInstanceOf(AutoBudget);
  });
});

describe('in the engine', async () => {
  const inputsOf = (options: Options): Promise<Inputs> =>
    gatherInputs(
      completeScenario({ method: ['eagle3'], load: 'closed', requests: 120, k: [K], ...options }),
      folderLibrary,
    );
  const speed = async (policy: string, options: Options, batch: number) => {
    const inputs = await inputsOf({ policy: [policy], ...options });
    const bench = new Bench(inputs, inputs.traces[0]!, 'closed', new Set());
    const setting = { method: parseMethod('eagle3'), k: K, policy: inputs.policies[0]! };
    return bench.measures(setting, batch).throughput_tok_per_s;
  };

  it.each([4, 48])(
    'batch %i: what knows is below the oracle, what knows nothing below the best k',
    async (batch) => {
      const bench = await inputsOf({ policy: ['fixed'] }).then(
        (inputs) => new Bench(inputs, inputs.traces[0]!, 'closed', new Set()),
      );
      const fixed = [1, 2, 3, 4, 5].map(
        (k) => bench.measures({ method: parseMethod('eagle3'), k }, batch).throughput_tok_per_s,
      );
      // A step waits for its longest draft, so that the oracle has a best k, too.
      const policy = { name: 'oracle', spec: parsePolicy('oracle') };
      const oracle = Math.max(
        ...[1, 2, 3, 4, 5].map(
          (k) => bench.measures({ method: parseMethod('eagle3'), k, policy }, batch).throughput_tok_per_s,
        ),
      );
      const best = Math.max(...fixed);
      for (const name of ['budget:auto', 'goodput:confidence']) {
        const [perfect, useless] = [
          await speed(name, { confidence: 1 }, batch),
          await speed(name, { confidence: 0.5 }, batch),
        ];
        expect(perfect).toBeLessThanOrEqual(oracle);
        expect(perfect).toBeGreaterThan(useless);
        expect(useless).toBeLessThan(1.01 * best);
      }
    },
  );

  it('verifies no more than the budget in any step, and does the same twice', async () => {
    const inputs = await inputsOf({ policy: ['budget:40'] });
    const bench = new Bench(inputs, inputs.traces[0]!, 'closed', new Set());
    const setting = { method: parseMethod('eagle3'), k: K, policy: inputs.policies[0]! };
    const watch = () => {
      const seen: number[] = [];
      bench.watched(setting, 16, {
        onStep: ({ decodeSequences, drafted }) => void seen.push(decodeSequences + drafted),
      });
      return seen;
    };
    const seen = watch();
    expect(Math.max(...seen)).toBe(40);
    expect(watch()).toEqual(seen);
  });

  it.each(['closed', 'clones'] as const)('%s: a threshold of 0 is a fixed k, to the bit', async (load) => {
    const policies = { load, policy: ['fixed', 'confidence:0'] };
    for (const [name, k, more] of [
      ['eagle3', K, {}],
      ['draft-model', K, { acceptance: { 'draft-model': '0.7' }, draft: 'llama-3.2-1b' }],
      ['dflash', 15, { acceptance: { dflash: '0.8' }, target: 'qwen3-8b' }],
    ] as const) {
      const inputs = await inputsOf({ ...policies, method: [name], k: [k], ...more });
      const bench = new Bench(inputs, inputs.traces[0]!, load, new Set());
      const [fixed, threshold] = inputs.policies.map((policy) =>
        bench.measures({ method: parseMethod(name), k, policy }, 8),
      );
      assert.deepEqual(threshold, fixed);
    }
  });

  it('a signal that knows verifies nothing in vain but behind the end of an output', async () => {
    const inputs = await inputsOf({ policy: ['confidence:0.5'], confidence: 1 });
    const bench = new Bench(inputs, inputs.traces[0]!, 'closed', new Set());
    const policy = inputs.policies[0]!;
    expect(
      bench.measures({ method: parseMethod('eagle3'), k: K, policy }, 8).acceptance_rate,
    ).toBeGreaterThan(0.98);
  });

  it.each<[Options, RegExp]>([
    [
      { policy: ['budget:auto'], load: 'clones' },
      /--policy budget:auto: a step is shared by requests that differ/,
    ],
    [{ policy: ['goodput:confidence'], method: ['eagle3', 'ngram'] }, /ngram says nothing of its drafts/],
    [{ policy: ['budget:8'], cost: 'specdecode-bench' }, /its price is that of the roofline/],
    [{ policy: ['goodput'], confidence: 0.9 }, /--confidence has no effect without a policy that goes by it/],
  ])('%j is refused', async (options, message) => {
    await expect(inputsOf(options)).rejects.toThrow(message);
  });
});
