import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Roofline } from '../../src/cost/roofline.ts';
import { noSeconds, StepWork, totalSeconds } from '../../src/cost/work.ts';
import { assembleDrafter } from '../../src/drafter/assemble.ts';
import { CHAIN } from '../../src/drafter/draft-form.ts';
import { parseMethod } from '../../src/drafter/methods.ts';
import { ModelProposer } from '../../src/drafter/model-proposer.ts';
import { AS_RECORDED, Replay } from '../../src/drafter/replay.ts';
import { stepPrice } from '../../src/drafter/step-price.ts';
import { forwardShape, headShape } from '../../src/model/shape.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { AcceptanceEstimate } from '../../src/policy/acceptance-estimate.ts';
import { Cascade } from '../../src/policy/cascade.ts';
import { Goodput } from '../../src/policy/goodput.ts';
import { PerRequest } from '../../src/policy/per-request.ts';
import { type PolicySpec, parsePolicy } from '../../src/policy/policies.ts';
import { parseTable, Table } from '../../src/policy/table.ts';
import { run } from '../../src/questions/run.ts';
import { textOf } from '../../src/report/text.ts';
import { Bench } from '../../src/scenario/bench.ts';
import { gatherInputs, type Inputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import type { PositionLengths } from '../../src/trace/trace.ts';
import { describeWithRecordings } from '../recordings.ts';

const inputsOf = (options: Options) => gatherInputs(completeScenario(options), folderLibrary);
const benchOf = (inputs: Inputs) => new Bench(inputs, inputs.traces[0]!, 'clones', new Set());

describe('a table by batch size', () => {
  const at = (rows: unknown, batch: number, context = 100, maxK = 16) => {
    const table = new Table(parseTable(rows, 't'), maxK);
    table.stepBegins(batch, batch * context);
    return table.choose();
  };

  // The cases of vLLM's own test of the schedule.
  it.each([
    [1, 3],
    [16, 3],
    [17, 3],
    [31, 3],
    [32, 2],
    [128, 2],
    [129, 2],
    [255, 2],
    [256, 0],
    [4096, 0],
  ])('at batch size %i drafts %i', (batch, k) => {
    expect(
      at(
        [
          [1, 16, 3],
          [32, 128, 2],
          [256, 2048, 0],
        ],
        batch,
      ),
    ).toBe(k);
  });

  it('looks at the mean context where it has contexts', () => {
    const rows = [
      [8, 8, 1, 999, 1],
      [1, 7, 1000, 9999, 2],
      [1, 7, 1, 999, 5],
      [8, 8, 1000, 9999, 0],
    ];
    expect([
      at(rows, 3, 999),
      at(rows, 3, 1000),
      at(rows, 3, 1e6),
      at(rows, 9, 999),
      at(rows, 9, 2000),
    ]).toEqual([5, 2, 2, 1, 0]);
  });

  it('is capped by k, and by num_speculative_tokens', () => {
    expect(at([[1, 8, 9]], 1, 1, 4)).toBe(4);
    expect(at({ num_speculative_tokens: 2, num_speculative_tokens_per_batch_size: [[1, 8, 9]] }, 1)).toBe(2);
  });

  it.each([
    [[], /expected num_speculative_tokens_per_batch_size/],
    [{ k: 3 }, /expected num_speculative_tokens_per_batch_size/],
    [[[2, 8, 1]], /starts at batch size 2, expected 1/],
    [[[1, 8]], /entry 1: got \[1,8\]/],
    [[[1, 8, -1]], /entry 1/],
    [[[8, 1, 1]], /start before they end/],
    [
      [
        [1, 8, 1],
        [8, 9, 1],
      ],
      /batch size 8 is in two ranges/,
    ],
    [
      [
        [1, 8, 1],
        [9, 9, 1, 5, 1],
      ],
      /got both/,
    ],
    [
      [
        [1, 8, 1, 5, 1],
        [1, 8, 7, 9, 1],
      ],
      /expected 6/,
    ],
    [
      [
        [1, 8, 1, 5, 1],
        [1, 8, 6, 9, 1],
        [9, 9, 1, 5, 1],
      ],
      /got 3 entries/,
    ],
  ])('%j is refused', (rows, message) => {
    expect(() => parseTable(rows, 't')).toThrow(message);
  });
});

describe('what a table leaves open is said once, where a step asks for it', () => {
  const slots = { '8': { candidate_steps: [3] }, '32': { candidate_steps: [1] } };
  const cells = [
    [1, 8, 1, 99, 3],
    [1, 8, 100, 500, 1],
  ];
  it.each([
    [[[1, 32, 3]], 32, 100, 3, []],
    [[[1, 32, 3]], 33, 100, 3, ['policy t ends at batch 32: above, its last k is taken, as in vLLM']],
    [[[1, 2 ** 31 - 1, 3]], 4000, 100, 3, []],
    [
      [
        [1, 8, 3],
        [32, 64, 1],
      ],
      9,
      100,
      3,
      ['policy t says nothing of batch 9 to 31: the k of 8 is taken, as in vLLM'],
    ],
    [cells, 8, 500, 1, []],
    [cells, 8, 501, 1, ['policy t ends at a context of 500 tokens: above, its last k is taken, as in vLLM']],
    [cells, 9, 99, 3, ['policy t ends at batch 8: above, its last k is taken, as in vLLM']],
    [{ draft_len_schedule: { '8': 3 } }, 8, 100, 3, []],
    [
      { draft_len_schedule: { '8': 3 } },
      9,
      100,
      0,
      ['policy t ends at batch 8: above, nothing is drafted, as in TensorRT-LLM'],
    ],
    [slots, 900, 100, 1, []],
    [slots, 7, 100, 3, ['policy t begins at batch 8: below, its first k is taken, as in SGLang']],
  ] as const)('%j at batch %i and context %i', (rows, batch, context, k, said) => {
    const told: string[] = [];
    const table = new Table(parseTable(rows, 't'), 16, (what) => told.push(what));
    for (let step = 0; step < 3; step++) table.stepBegins(batch, batch * context);
    expect(table.choose()).toBe(k);
    expect(told).toEqual(said);
  });

  it.each([
    [{ load: 'clones', batch: [600] }, 1],
    [{ load: 'clones', batch: [500] }, 0],
    [{ load: 'poisson:2', requests: 20 }, 0],
  ])('of the steps of a run %j', async (asked, told) => {
    const policy = ['table:examples/files/draft-table.json'];
    const inputs = await inputsOf({ method: ['eagle3'], k: [4], requests: 5, policy, ...asked });
    const { warnings } = runScenario(inputs);
    expect(warnings.filter((one) => one.includes('ends at batch 512')).length).toBe(told);
  });
});

describe('names of policies', () => {
  it.each([
    'fixed',
    'goodput',
    'per-request',
    'cascade',
    'oracle',
    'noisy-oracle:0.5',
    'off-above:8',
    'table:f.json',
  ])('%s is one', (name) => expect(() => parsePolicy(name)).not.toThrow());
  it.each([
    ['godput', /unknown policy "godput": nearest is goodput/],
    ['goodput:3', /unknown policy/],
    ['off-above:0', /expected a batch size/],
    ['noisy-oracle:1.5', /expected a chance of 0 to 1/],
    ['table:', /unknown policy/],
  ])('%s is not', (name, message) => expect(() => parsePolicy(name)).toThrow(message));

  it('is refused where it would do nothing', async () => {
    await expect(inputsOf({ method: ['none'], policy: ['goodput'] })).rejects.toThrow(/has no effect/);
    await expect(inputsOf({ method: ['eagle3'], policy: ['table:none.json'] })).rejects.toThrow(
      /no such file/,
    );
    expect(() => parseMethod('hybrid:eagle3+ngram')).toThrow(/always has something to propose/);
  });
});

describe('an estimate of acceptance', () => {
  it('finds the chances it is shown, and believes positions beyond them to be like the last', () => {
    const estimate = new AcceptanceEstimate(3);
    // Of every four rounds with k = 2: none, one, two and two accepted.
    for (let i = 0; i < 4000; i++) estimate.see(2, 2, [0, 1, 2, 2][i % 4]!);
    const emitted = new Float64Array(4);
    estimate.emittedByLength(emitted);
    const [first, second] = [3 / 4, 2 / 3];
    expect(emitted[1]).toBeCloseTo(1 + first, 1);
    expect(emitted[2]).toBeCloseTo(1 + first + first * second, 1);
    expect(emitted[3]! - emitted[2]!).toBeCloseTo(first * second * second, 1);
    estimate.see(2, 0, 0);
    expect(estimate.proposed(2)).toBeLessThan(2);
  });
});

describe('goodput', () => {
  const chosen = (secondsPerToken: number, accepted: number): number => {
    const policy = new Goodput((_, __, asked) => 1 + asked * secondsPerToken, 4);
    let k = 0;
    for (let step = 1; step < 300; step++) {
      policy.stepBegins(1, 100);
      k = policy.choose();
      policy.see(0, 1, k, k, Math.min(accepted, k));
    }
    return k;
  };

  it('drafts as far as it pays', () => {
    expect(chosen(0.01, 4)).toBe(4);
    expect(chosen(0.01, 2)).toBe(2);
    expect(chosen(0.9, 0)).toBe(0);
  });

  // The first step believes the prior; then every sixteenth step tries, or every second of those where to change the
  // length and back takes 0.3 s, a hundredth of 30 steps of a second.
  it.each([
    [0, 9],
    [0.15, 5],
  ])('drafts one token more now and then, also when it has stopped: %f s a change', (switchS, times) => {
    const policy = new Goodput((_, __, asked, ___, ____, switches = 0) => 1 + asked + switchS * switches, 4);
    const ks: number[] = [];
    for (let step = 0; step < 200; step++) {
      policy.stepBegins(1, 100);
      ks.push(policy.choose());
      policy.see(0, 1, policy.choose(), policy.choose(), 0);
    }
    expect(ks.slice(50).filter((k) => k > 0)).toEqual(new Array(times).fill(1));
  });
});

describe('per request', () => {
  it('drafts two more after a full success, one fewer after anything else, each request on its own', () => {
    const policy = new PerRequest(2, 5);
    expect(policy.choose(0, 1)).toBe(5);
    policy.see(0, 1, 5, 5, 2);
    expect(policy.choose(0, 4)).toBe(4);
    policy.see(0, 4, 4, 0, 0);
    expect(policy.choose(0, 5)).toBe(4);
    policy.see(0, 5, 4, 3, 3);
    expect(policy.choose(0, 9)).toBe(5);
    expect(policy.choose(1, 1)).toBe(5);
    for (let i = 0; i < 9; i++) policy.see(1, 2, policy.choose(1, 2), 1, 0);
    expect(policy.choose(1, 2)).toBe(1);
  });
});

describe('cascade', () => {
  /** Draft lengths of a request of which so many drafts are accepted at most. */
  const drafts = (rounds: number, accepted: number, price: (k: number) => number): number[] => {
    const policy = new Cascade((_, __, asked) => price(asked), 6);
    return Array.from({ length: rounds }, (_, i) => {
      policy.stepBegins(1, 100);
      const k = policy.choose(0, i + 1);
      policy.see(0, i + 1, k, k, Math.min(accepted, k));
      return k;
    });
  };
  const runs = (...lengths: readonly (readonly [k: number, rounds: number])[]) =>
    lengths.flatMap(([k, rounds]) => new Array<number>(rounds).fill(k));

  it('tries neighbours of three, keeps the one of most utility, and starts the next test there', () => {
    // Utilities of 1 to 4 drafts: 2/1.1, 3/1.2, 3/1.3, 3/1.4.
    const test = runs([3, 4], [4, 4], [2, 4], [1, 4]);
    const next = runs([2, 4], [3, 4], [1, 4]);
    expect(drafts(92, 2, (k) => 1 + 0.1 * k)).toEqual([...test, ...runs([2, 32]), ...next, ...runs([2, 32])]);
  });

  it('is off where no utility exceeds 1, twice as long the next time', () => {
    const ks = drafts(148, 0, (k) => 1 + k);
    expect(ks).toEqual([
      ...runs([3, 4], [4, 4], [2, 4], [1, 4], [0, 32]),
      ...runs([1, 4], [2, 4], [0, 64]),
      ...runs([1, 4], [2, 4], [0, 20]),
    ]);
  });
});

describe('policies in a run', () => {
  const measure = async (policy: string, batch: number, method = 'eagle3', k = 8) => {
    const inputs = await inputsOf({ method: [method], k: [k], policy: [policy], requests: 30 });
    return benchOf(inputs).measures({ method: inputs.methods[0]!, k, policy: inputs.policies[0]! }, batch);
  };

  it('noisy oracles lie between the oracle and the longest draft', async () => {
    const drafted = [];
    for (const policy of ['oracle', 'noisy-oracle:0.8', 'noisy-oracle:0.2', 'noisy-oracle:0', 'fixed']) {
      drafted.push((await measure(policy, 4)).drafted_per_round!);
    }
    expect(drafted[0]).toBeLessThan(drafted[1]!);
    expect(drafted[1]).toBeLessThan(drafted[2]!);
    expect(drafted[2]).toBeLessThan(drafted[3]!);
    expect(drafted[3]).toBe(drafted[4]);
    expect((await measure('oracle', 4)).acceptance_rate).toBeGreaterThan(0.98);
  });

  it('are each set against the best fixed k of their method', async () => {
    const inputs = await inputsOf({
      method: ['none', 'eagle3', 'ngram'],
      k: [2, 8],
      policy: ['fixed', 'goodput', 'oracle'],
      batch: [4],
      requests: 30,
    });
    const result = runScenario(inputs);
    const { rows } = result;
    const best = (method: string) =>
      Math.max(
        ...rows
          .filter((row) => row.method === method && row.policy === 'fixed')
          .map((row) => row.throughput_tok_per_s),
      );
    for (const row of rows) {
      if (row.method === 'none') {
        expect(row).toMatchObject({ policy: null, over_best_fixed: null });
        continue;
      }
      expect(row.over_best_fixed).toBeCloseTo(row.throughput_tok_per_s / best(row.method), 12);
      expect(row.over_best_fixed_lo).toBeLessThanOrEqual(row.over_best_fixed!);
      expect(row.over_best_fixed_hi).toBeGreaterThanOrEqual(row.over_best_fixed!);
    }
    expect(rows).toHaveLength(13);
    const oracle = rows.find(
      ({ policy, k, method }) => policy === 'oracle' && k === 8 && method === 'eagle3',
    )!;
    expect(oracle.over_best_fixed_lo).toBeGreaterThan(1);
    expect(textOf(run.document(result, { scenario: inputs.scenario, inputs: [inputs] }), 120)).toMatch(
      /oracle +8 +1\.\d+x .*faster/,
    );
  });

  it('off above a batch size is fixed up to it and plain decoding beyond', async () => {
    expect((await measure('off-above:8', 8)).throughput_tok_per_s).toBe(
      (await measure('fixed', 8)).throughput_tok_per_s,
    );
    expect((await measure('off-above:8', 9)).tokens_per_round).toBe(1);
  });

  it('the serving engine tells the policy how many sequences a step has', async () => {
    const options = { method: ['eagle3'], k: [3], requests: 30, load: 'closed' } as const;
    const drafted = async (policy: string) => {
      const inputs = await inputsOf({ ...options, policy: [policy] });
      const bench = new Bench(inputs, inputs.traces[0]!, 'closed', new Set());
      return bench.measures({ method: inputs.methods[0]!, k: 3, policy: inputs.policies[0]! }, 8)
        .drafted_per_round!;
    };
    expect(await drafted('off-above:8')).toBe(3);
    const off = await drafted('off-above:4');
    expect(off).toBeGreaterThan(0);
    expect(off).toBeLessThan(1);
  });
});

describeWithRecordings('policies on the recordings', (dir) => {
  const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128];
  const LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const trace = (dataset: string) => [join(dir, `combined_${dataset}.jsonl`)];

  it.each([
    ['gsm8k', 'eagle3'],
    ['cnn', 'eagle3'],
    ['instructcoder', 'eagle3'],
    ['sharegpt', 'eagle3'],
  ])(
    '%s: goodput on %s has 97 per cent of the best fixed k, untold the batch size',
    async (dataset, name) => {
      const options = { method: [name], trace: trace(dataset), requests: 80 };
      const inputs = await inputsOf({ ...options, policy: ['goodput'] });
      const [method] = inputs.methods;
      const [policy] = inputs.policies;
      const bench = benchOf(inputs);
      for (const batch of BATCHES) {
        const best = Math.max(
          ...LENGTHS.map((k) => bench.measures({ method: method!, k }, batch).throughput_tok_per_s),
        );
        const got = bench.measures({ method: method!, k: 10, policy: policy! }, batch).throughput_tok_per_s;
        expect(got / best, `batch ${batch}`).toBeGreaterThan(0.97);
      }
    },
  );

  it('instructcoder: a hybrid beats both its parts at batch 1 to 32', async () => {
    const inputs = await inputsOf({
      method: ['ngram', 'eagle3', 'hybrid:ngram+eagle3'],
      trace: trace('instructcoder'),
    });
    const [ngram, eagle3, hybrid] = inputs.methods;
    const bench = benchOf(inputs);
    for (const batch of [1, 8, 32]) {
      const best = (method: typeof ngram) =>
        LENGTHS.map((k) => ({ method: method!, k })).reduce((a, b) =>
          bench.measures(a, batch).throughput_tok_per_s >= bench.measures(b, batch).throughput_tok_per_s
            ? a
            : b,
        );
      for (const part of [ngram, eagle3]) {
        expect(bench.ratio(best(hybrid), best(part), batch).lo).toBeGreaterThan(1);
      }
    }
  });

  it('gsm8k: goodput beats every fixed k on a load that swings between batches of 1 and of 128', async () => {
    const inputs = await inputsOf({ method: ['eagle3'], trace: trace('gsm8k'), requests: 60 });
    const [method] = inputs.methods;
    const head = inputs.drafts.get('eagle3')! as Parameters<typeof headShape>[0];
    const cost = new Roofline(
      forwardShape(inputs.target, { tp: 1, dtype: 'bf16' }),
      [headShape(head, inputs.target, { tp: 1 })],
      inputs.hardware,
      inputs.engine,
      1,
    );
    const lengths = inputs.traces[0]!.drafters.get('eagle3')!;
    const seconds = (policy: PolicySpec, k: number) =>
      swing(
        lengths,
        inputs.traces[0]!.promptTokens,
        assembleDrafter(method!, k, [lengths], AS_RECORDED, {
          policy,
          cost,
          seed: 1,
        }),
        cost,
        k,
      );
    const adaptive = seconds({ kind: 'goodput' }, 10);
    for (const k of LENGTHS) expect(adaptive, `k ${k}`).toBeLessThan(seconds({ kind: 'fixed' }, k));
    const proposer = new ModelProposer(new Replay(lengths, 4, AS_RECORDED), 'all emitted', 1, 0, CHAIN);
    const price = stepPrice([{ part: method!.parts[0]!, proposer, model: proposer }], cost);
    expect(price(1, 100, 0, 0, 1)).toBeLessThan(price(1, 100, 4, 4, 3));
  });
});

/** Decode seconds of batches that alternate between 1 and 128 copies of a request, one drafter for all. */
function swing(
  { offsets }: PositionLengths,
  promptTokens: Int32Array,
  drafter: ReturnType<typeof assembleDrafter>,
  cost: Roofline,
  maxK: number,
): number {
  const work = new StepWork(1, maxK);
  const price = noSeconds();
  let seconds = 0;
  for (let r = 0; r < promptTokens.length; r++) {
    const copies = r % 2 === 0 ? 1 : 128;
    const length = offsets[r + 1]! - offsets[r]!;
    for (let position = 1; position < length; position += drafter.emitted) {
      const context = promptTokens[r]! + position;
      work.clear();
      drafter.stepBegins(copies, copies * context);
      drafter.round(r, position, length - position, context, work);
      work.addRounds(copies, copies * context, drafter.verified);
      cost.priceStep(work, price);
      seconds += totalSeconds(price);
    }
  }
  return seconds;
}
