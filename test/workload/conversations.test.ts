/** Conversations: prompts and blocks by hand, turns one after the other, what the cache spares, what agents gain. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Closed, Conversing, Open } from '../../src/engine/load.ts';
import { UserError } from '../../src/errors.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { capacityOf } from '../../src/questions/highest-rate.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import { conversationsOf } from '../../src/workload/conversations.ts';
import { pickTurns } from '../../src/workload/turns.ts';
import { Stopwatch, serve } from '../serving.ts';

/** Two conversations of two turns and one of one, with 5 tokens that all begin with, in blocks of 4. */
const shape = { turns: 2, delayS: 3, sharedTokens: 5, blockTokens: 4 };
const five = conversationsOf(Int32Array.of(3, 2, 1, 6, 2), Int32Array.of(4, 1, 2, 2, 1), shape);

describe('by hand', () => {
  it('a prompt is all that came before and its own text; a text keeps its blocks', () => {
    expect([...five.promptTokens]).toEqual([8, 14, 6, 14, 7]);
    expect([...five.first]).toEqual([0, 2, 4]);
    expect([...five.next]).toEqual([1, -1, 3, -1, -1]);
    const { offsets, hashes, distinct } = five.prefixHashes;
    const lists = Array.from({ length: 5 }, (_, r) => [...hashes.subarray(offsets[r], offsets[r + 1])]);
    // Texts of 12, 15, 8, 16 and 8 tokens; the first block is common to all.
    expect(lists).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [0, 3],
      [0, 3, 4, 5],
      [0, 6],
    ]);
    expect(distinct).toBe(7);
  });

  it('some of them are told from the others', () => {
    expect(pickTurns(five, [2, 3, 4])).toEqual({
      first: Int32Array.of(0, 2),
      next: Int32Array.of(1, -1, -1),
      delayS: Float64Array.of(3, 3, 3),
      offsetS: new Float64Array(3),
    });
  });

  it('turns come so long after the end of the one before, and a place is free when its conversation ends', () => {
    const load = () => new Conversing(new Closed(3, 1), five);
    // 10 s to prefill a prompt, 1 s a token after the first: 13, 10, 11, 11 and 10 s.
    const setting = { prompts: [...five.promptTokens], outputs: [4, 1, 2, 2, 1], load: load() };
    const run = serve(setting);
    expect(run.finished.map(({ request, arrivalS, endS }) => [request, arrivalS, endS])).toEqual([
      [0, 0, 13],
      [1, 16, 26],
      [2, 26, 37],
      [3, 40, 51],
      [4, 51, 61],
    ]);
    const open = serve({ ...setting, load: new Conversing(new Open(Float64Array.of(0, 1, 2)), five) });
    expect(open.finished.length).toBe(5);
    expect(open.finished.filter(({ request }) => request === 1)[0]!.arrivalS).toBe(
      open.finished.find(({ request }) => request === 0)!.endS + 3,
    );
  });

  it('a turn computes what is new, the answer before it among what is not', () => {
    const cost = new Stopwatch();
    serve({
      prompts: [...five.promptTokens],
      outputs: [4, 1, 2, 2, 1],
      load: new Conversing(new Closed(3, 1), five),
      prefixHashes: five.prefixHashes,
      blockTokens: 4,
      cost,
    });
    // The first text has 12 tokens, the last of which is in no cache: 2 of its blocks of 4. Of 14 tokens, 6 are new. The second
    // conversation begins with the first block, and goes on behind 8 tokens of which 7 are in the cache.
    const prompts = cost.steps.map(({ prompts: { tokens } }) => tokens).filter((tokens) => tokens > 0);
    expect(prompts).toEqual([8, 6, 2, 10, 3]);
  });
});

it('at any shape: texts grow, blocks are those of the turn before and more, and every block has a number', () => {
  const lengths = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 })), {
    minLength: 1,
    maxLength: 30,
  });
  const drawn = fc.record({
    turns: fc.integer({ min: 1, max: 6 }),
    sharedTokens: fc.integer({ min: 0, max: 40 }),
    blockTokens: fc.constantFrom(1, 4, 16),
    delayS: fc.constant(0),
  });
  fc.assert(
    fc.property(lengths, drawn, (of, how) => {
      const [own, answers] = [0, 1].map((i) => Int32Array.from(of, (pair) => pair[i]!)) as [
        Int32Array,
        Int32Array,
      ];
      const { promptTokens, next, first, prefixHashes } = conversationsOf(own, answers, how);
      const { offsets, hashes, distinct, blockTokens } = prefixHashes;
      const blocks = (r: number) => [...hashes.subarray(offsets[r], offsets[r + 1])];
      expect(new Set(hashes).size).toBe(hashes.length === 0 ? 0 : Math.max(...hashes) + 1);
      expect(Math.max(-1, ...hashes)).toBeLessThan(distinct);
      expect(first.length).toBe(Math.ceil(of.length / how.turns));
      for (const [r, after] of next.entries()) {
        expect(blocks(r).length).toBe(Math.floor((promptTokens[r]! + answers[r]!) / blockTokens));
        if (after < 0) continue;
        expect(promptTokens[after]).toBe(promptTokens[r]! + answers[r]! + own[after]!);
        expect(blocks(after).slice(0, blocks(r).length)).toEqual(blocks(r));
      }
    }),
    { numRuns: 100 },
  );
});

const AGENTS: Options = {
  method: ['none', 'eagle3'],
  trace: ['cnn'],
  promptLen: 1000,
  outputLen: 100,
  turns: 6,
  turnDelay: 1,
  sharedPrompt: 3000,
  load: 'closed',
  batch: [4],
  requests: 48,
};
const inputsOf = (options: Options) =>
  gatherInputs(completeScenario({ ...AGENTS, ...options }), folderLibrary);

describe('agents', () => {
  it('find their prompts cached: first tokens come earlier, and speculation gains more end to end', async () => {
    const [on, off] = await Promise.all(
      [{}, { prefixCache: 'off' } as const].map((more) => inputsOf({ ...more, turnDelay: 0 })),
    );
    const [cached, computed] = [runScenario(on!).rows, runScenario(off!).rows];
    for (const i of [0, 1]) {
      expect(cached[i]!.ttft_s!.mean).toBeLessThan(0.5 * computed[i]!.ttft_s!.mean);
      expect(cached[i]!.requests).toBe(48);
    }
    expect(cached[1]!.speedup!).toBeGreaterThan(1.1 * computed[1]!.speedup!);
    expect(runScenario(on!).rows).toEqual(cached);
    expect(cached[0]!.clones_throughput_tok_per_s).toBeUndefined();
  });

  it('hold limits that they miss without, at a rate that counts turns, and move less KV to where they decode', async () => {
    const { batch: _, ...rest } = AGENTS;
    const open: Options = {
      ...rest,
      method: ['none'],
      promptLen: 2000,
      load: 'poisson:5',
      slo: 'ttft=500ms',
    };
    const of = (more: Options) => gatherInputs(completeScenario({ ...open, ...more }), folderLibrary);
    const row = async (more: Options) => runScenario(await of({ requests: 90, ...more })).rows[0]!;
    const [on, off] = [await row({}), await row({ prefixCache: 'off' })];
    expect(on.slo_share!).toBeGreaterThan(off.slo_share! + 0.3);
    const split: Options = { prefillReplicas: 1, link: { kv: '1us,1GB/s' } };
    const moved = [await row(split), await row({ ...split, prefixCache: 'off' })];
    expect(moved[0]!.kv_transfer_s!).toBeLessThan(0.6 * moved[1]!.kv_transfer_s!);
    const [capacity] = capacityOf(await of({ requests: 48, slo: 'ttft=200ms' })).rows;
    expect(capacity!.requests).toBe(48);
    expect(capacity!.max_rate_req_per_s!).toBeGreaterThan(0);
  });

  it('need conversations, or a workload that says what its prompts share', async () => {
    const alike = { workload: 'test/fixtures/vidur.csv', prefixCache: 'off' } as const;
    await expect(
      gatherInputs(completeScenario({ ...alike, method: ['none'], load: 'recorded' }), folderLibrary),
    ).rejects.toThrow(
      '--prefix-cache off: workload test/fixtures/vidur.csv says nothing of what its prompts share',
    );
  });

  it.each<[Options, string]>([
    [
      { load: 'clones' },
      '--turns has no effect with --load clones: copies of one request have no turns, expected another load, such as closed or poisson:RATE',
    ],
    [
      { turns: undefined, turnDelay: 2, sharedPrompt: undefined } as unknown as Options,
      '--turn-delay has no effect without --turns, which makes conversations of requests',
    ],
    [
      { prefixCache: 'off', router: 'prefix-aware', replicas: 2 },
      '--prefix-cache off: --router prefix-aware goes by what it holds, expected round-robin or least-loaded',
    ],
    [
      { turns: 150, requests: 150 },
      'tokens of prompt and 100 of output, expected at most the 131072 of the context of llama-3.1-8b',
    ],
  ])('%j', async (options, message) => {
    const named = Object.fromEntries(
      Object.entries({ ...AGENTS, ...options }).filter(([, value]) => value !== undefined),
    ) as Options;
    const run = async () => runScenario(await gatherInputs(completeScenario(named), folderLibrary));
    await expect(run()).rejects.toThrow(UserError);
    await expect(run()).rejects.toThrow(message);
  });
});
