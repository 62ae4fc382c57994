/** The engine's parts and loads: order of events, memory, queues, static batches, closed and open loads. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { totalSeconds } from '../../src/cost/work.ts';
import { assembleDrafter } from '../../src/drafter/assemble.ts';
import { parseMethod } from '../../src/drafter/methods.ts';
import { AS_RECORDED } from '../../src/drafter/replay.ts';
import { Calendar } from '../../src/engine/calendar.ts';
import { KvMemory } from '../../src/engine/kv-memory.ts';
import { Closed, Open } from '../../src/engine/load.ts';
import { numbered, PrefixCache } from '../../src/engine/prefix-cache.ts';
import { type FinishedRecord, FinishedRecords, TokenGaps } from '../../src/engine/records.ts';
import { replayRounds } from '../../src/engine/replayed-rounds.ts';
import { runStaticBatches } from '../../src/engine/static-batch.ts';
import { Waiting } from '../../src/engine/waiting.ts';
import { measure } from '../../src/metrics/measure.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';
import { runScenario } from '../../src/scenario/run.ts';
import type { PositionLengths } from '../../src/trace/trace.ts';
import { all, MAX_K, poisson, Stopwatch, serve, steady } from '../serving.ts';

describe('the calendar', () => {
  it('goes by time, then by order of scheduling', () => {
    const calendar = new Calendar();
    [3, 1, 2, 1, 3, 1].forEach((timeS, i) => {
      calendar.schedule(timeS, i);
    });
    const order: [number, number][] = [];
    while (calendar.nextS < Number.POSITIVE_INFINITY) {
      const replica = calendar.take();
      order.push([calendar.nowS, replica]);
    }
    expect(order).toEqual([
      [1, 1],
      [1, 3],
      [1, 5],
      [2, 2],
      [3, 0],
      [3, 4],
    ]);
    expect(calendar.take()).toBe(-1);
    expect(calendar.nowS).toBe(3);
  });

  it('never goes back, but may stand still', () => {
    const calendar = new Calendar();
    calendar.schedule(2, 0);
    calendar.take();
    expect(() => calendar.schedule(1.999, 1)).toThrow('entry at 1.999 s, before 2 s');
    expect(() => calendar.schedule(Number.NaN, 1)).toThrow('entry at NaN s');
    expect(() => calendar.reach(1)).toThrow('event at 1 s, before 2 s');
    calendar.reach(2);
    calendar.schedule(2, 2);
    expect(calendar.take()).toBe(2);
  });

  it('gives what a sorted list gives, however scheduling and taking are mixed', () => {
    const delays = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(fc.array(fc.option(delays, { nil: 'take' as const }), { maxLength: 200 }), (actions) => {
        const calendar = new Calendar();
        let list: { timeS: number; replica: number }[] = [];
        const takeBoth = () => {
          // The first of the least: stable, since later ones stand further back.
          const first = list.reduce<(typeof list)[0] | undefined>(
            (least, entry) => (least === undefined || entry.timeS < least.timeS ? entry : least),
            undefined,
          );
          expect(calendar.nextS).toBe(first?.timeS ?? Number.POSITIVE_INFINITY);
          expect(calendar.take()).toBe(first?.replica ?? -1);
          if (first !== undefined) expect(calendar.nowS).toBe(first.timeS);
          list = list.filter((entry) => entry !== first);
        };
        for (const [replica, action] of actions.entries()) {
          if (action === 'take') {
            takeBoth();
            continue;
          }
          const entry = { timeS: calendar.nowS + action, replica };
          calendar.schedule(entry.timeS, replica);
          list.push(entry);
        }
        while (list.length > 0) takeBoth();
        takeBoth();
      }),
    );
  });
});

describe('KV memory', () => {
  it('is taken whole or not at all', () => {
    const memory = new KvMemory(6);
    expect(memory.take(4)).toBe(true);
    expect(memory.take(3)).toBe(false);
    expect(memory.usedBlocks).toBe(4);
    expect(memory.take(2)).toBe(true);
    memory.giveBack(5);
    expect([memory.usedBlocks, memory.peakBlocks]).toEqual([1, 6]);
    expect(() => memory.giveBack(2)).toThrow('more KV blocks given back than taken');
  });

  it('may be infinite', () => {
    expect(new KvMemory(Number.POSITIVE_INFINITY).take(1e12)).toBe(true);
  });
});

describe('the prefix cache', () => {
  /** Three prompts of blocks a b c, a b d and e, of 4 tokens in KV blocks of 2. */
  const cached = (capacityBlocks: number) => {
    const hashes = numbered({
      offsets: Int32Array.of(0, 3, 6, 7),
      hashes: [91, 7, 3, 91, 7, 4, 5],
      blockTokens: 4,
    });
    const cache = new PrefixCache(hashes, 2);
    return { cache, memory: new KvMemory(capacityBlocks, cache) };
  };
  const enterAll = (cache: PrefixCache, request: number, count: number) =>
    Array.from({ length: count }, (_, index) => cache.enter(request, index));

  it('counts the leading blocks it has, whole ones alone', () => {
    const { cache } = cached(10);
    expect(cache.hits(1, 12)).toBe(0);
    expect(enterAll(cache, 0, 3)).toEqual([0, 0, 0]);
    expect([12, 8, 7, 4, 3].map((tokens) => cache.hits(1, tokens))).toEqual([2, 2, 1, 1, 0]);
    expect(cache.hits(2, 4)).toBe(0);
  });

  it('keeps blocks nobody reads until their room is needed, the end of a prompt going first', () => {
    const { cache, memory } = cached(8);
    memory.take(6);
    enterAll(cache, 0, 3);
    memory.giveBack(cache.leave(0, 3));
    expect([memory.usedBlocks, cache.idleBlocks, cache.hits(0, 12)]).toEqual([0, 6, 3]);
    expect(memory.take(3)).toBe(true);
    expect([cache.idleBlocks, cache.hits(0, 12), cache.hits(1, 12)]).toEqual([4, 2, 2]);
    expect(memory.take(4)).toBe(true);
    expect([cache.idleBlocks, cache.hits(0, 12)]).toEqual([0, 0]);
    expect(() => cache.evict()).toThrow('no idle block');
  });

  it('shares what two read, and evicts neither', () => {
    const { cache, memory } = cached(8);
    memory.take(6);
    enterAll(cache, 0, 3);
    expect(cache.idleAmong(1, 2)).toBe(0);
    expect(cache.read(1, 2)).toBe(0);
    expect(cache.leave(0, 3)).toBe(2);
    memory.giveBack(2);
    expect(memory.take(4)).toBe(true);
    expect([cache.hits(0, 12), memory.usedBlocks]).toEqual([2, 8]);
    expect(cache.leave(1, 2)).toBe(4);
    memory.giveBack(4);
    expect(cache.idleAmong(1, 2)).toBe(4);
    expect(cache.read(1, 2)).toBe(4);
  });

  it('keeps one of a block that two computed', () => {
    const { cache } = cached(20);
    enterAll(cache, 0, 2);
    expect(enterAll(cache, 1, 3)).toEqual([-2, -2, 0]);
    cache.leave(0, 2);
    expect(cache.idleBlocks).toBe(0);
    cache.leave(1, 3);
    expect(enterAll(cache, 0, 1)).toEqual([0]);
  });

  it('refuses hashes that end within a KV block', () => {
    const hashes = numbered({ offsets: Int32Array.of(0, 1), hashes: [1], blockTokens: 24 });
    expect(() => new PrefixCache(hashes, 16)).toThrow(
      'hashes of 24 tokens are no whole number of 16-token blocks',
    );
  });
});

describe('who waits', () => {
  it('stands in order of arrival behind the preempted, the last preempted first', () => {
    const waiting = new Waiting();
    waiting.add(10, 0.5);
    waiting.add(11, 0.6);
    waiting.prepend(3);
    waiting.prepend(2);
    const order: string[] = [];
    while (waiting.count > 0) {
      order.push(
        waiting.slot >= 0 ? `slot ${waiting.slot}` : `request ${waiting.request} of ${waiting.arrivalS}`,
      );
      waiting.shift();
    }
    expect(order).toEqual(['slot 2', 'slot 3', 'request 10 of 0.5', 'request 11 of 0.6']);
  });

  it('is what a list gives, however long', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 300 }), (adds) => {
        const waiting = new Waiting();
        const list: number[] = [];
        adds.forEach((add, i) => {
          if (add) {
            waiting.add(i, i / 2);
            list.push(i);
          } else if (list.length > 0) {
            expect([waiting.request, waiting.arrivalS]).toEqual([list[0], list[0]! / 2]);
            waiting.shift();
            list.shift();
          }
          expect(waiting.count).toBe(list.length);
        });
      }),
    );
  });
});

describe('records', () => {
  const recordOf = (i: number): FinishedRecord => ({
    request: i,
    copies: 1 + (i % 7),
    tokens: 2 * i,
    promptTokens: 3 * i,
    arrivalS: i / 2,
    admittedS: i / 3,
    firstTokenS: i / 4,
    endS: i / 5,
    draftedS: i / 6,
    preemptions: i % 3,
    replica: i % 2,
  });

  it('are kept as they were, however many', () => {
    const records = new FinishedRecords();
    const gaps = new TokenGaps();
    for (let i = 0; i < 100; i++) {
      const at = records.next();
      expect(at).toBe(i);
      for (const [column, value] of Object.entries(recordOf(i))) {
        records[column as keyof typeof records & keyof FinishedRecord][at] = value;
      }
      gaps.add(i / 7, i, 2 * i);
    }
    const all = [...records];
    expect(all).toHaveLength(100);
    all.forEach((record, i) => {
      expect(record).toEqual(recordOf(i));
      expect([gaps.gapS[i], gaps.tokens[i], gaps.requests[i]]).toEqual([i / 7, i, 2 * i]);
    });
    expect(gaps.count).toBe(100);
  });
});

describe('clones', () => {
  interface Clones {
    readonly prompts: readonly number[];
    readonly outputs: readonly number[];
    readonly requests?: readonly number[];
    readonly copies: number;
    readonly cost?: Stopwatch;
    readonly k?: number;
    readonly acceptance?: PositionLengths;
    readonly kvBlocks?: number;
    readonly blockTokens?: number;
  }
  const clones = ({ prompts, outputs, k = 0, acceptance, ...rest }: Clones) => {
    const workload = { promptTokens: Int32Array.from(prompts), outputTokens: Int32Array.from(outputs) };
    const drafter =
      acceptance === undefined
        ? assembleDrafter(parseMethod('none'), null, [], AS_RECORDED)
        : assembleDrafter(parseMethod('eagle3'), k, [acceptance], AS_RECORDED);
    const draftModels = acceptance === undefined ? 0 : 1;
    return runStaticBatches({
      requests: all(outputs),
      cost: new Stopwatch(),
      kvBlocks: Number.POSITIVE_INFINITY,
      blockTokens: 16,
      maxSequences: Number.POSITIVE_INFINITY,
      ...rest,
      workload,
      rounds: replayRounds(workload, drafter, draftModels),
    });
  };

  it('state the work of every step', () => {
    const cost = new Stopwatch();
    clones({ prompts: [10], outputs: [4], copies: 2, cost, k: 2, acceptance: steady([4], 2) });
    expect(cost.steps.map(({ decode, prompts }) => (decode.sequences > 0 ? decode : prompts))).toEqual([
      { sequences: 2, tokens: 20, contextTokens: 20, attentionPairs: 110, logitRows: 2 },
      // One output token exists: its 3 queries attend to 11, 12 and 13 tokens.
      { sequences: 2, tokens: 6, contextTokens: 26, attentionPairs: 72, logitRows: 6 },
      { sequences: 2, tokens: 6, contextTokens: 30, attentionPairs: 84, logitRows: 6 },
    ]);
  });

  it('sum rounds and tokens over copies, the prefill token in none', () => {
    const { totals } = clones({ prompts: [1], outputs: [6], copies: 3, k: 2, acceptance: steady([6], 2) });
    // Rounds emit 2, 2 and the last 1.
    expect(totals).toMatchObject({ decodeSteps: 3, rounds: 9, emitted: 15, drafted: 18, accepted: 6 });
    expect(totals.all.prefillS).toBe(10);
    expect(totals.decode.prefillS).toBe(0);
    expect(totalSeconds(totals.decode)).toBeCloseTo(3 * (1 + 2 / 16), 12);
  });

  it('of one token end with their prefill', () => {
    const { finished, totals } = clones({ prompts: [5], outputs: [1], copies: 2 });
    expect([...finished]).toMatchObject([{ firstTokenS: 10, endS: 10, copies: 2 }]);
    expect(totals).toMatchObject({ rounds: 0, emitted: 0, decodeSteps: 0 });
  });

  it('run one batch at a time', () => {
    const outputs = [3, 9, 1, 5];
    const { finished } = clones({ prompts: outputs, outputs, requests: [2, 0, 3, 1], copies: 7 });
    expect([...finished].map((record) => record.request)).toEqual([2, 0, 3, 1]);
    let endS = 0;
    for (const record of finished) {
      expect(record.copies).toBe(7);
      expect(record.arrivalS).toBe(endS);
      endS = record.endS;
    }
  });

  it('that do not fit wait for the first, and the wall time of the batch covers all waves', () => {
    const { finished, totals, makespanS } = clones({
      prompts: [9, 9],
      outputs: [3, 3],
      copies: 5,
      kvBlocks: 2,
      blockTokens: 12,
    });
    const waves = (request: number) =>
      [...finished]
        .filter((record) => record.request === request)
        .map((record) => [record.copies, record.endS]);
    expect(waves(0)).toEqual([
      [2, 12],
      [2, 24],
      [1, 36],
    ]);
    expect(waves(1).map(([copies]) => copies)).toEqual([2, 2, 1]);
    expect(finished.arrivalS[3]).toBe(36);
    const measures = measure('clones', finished, totals, makespanS);
    expect(measures.throughput_tok_per_s).toBeCloseTo((5 * 3) / 36, 12);
    expect(measures.requests).toBe(2);
  });

  it('of which not one fits are refused', () => {
    expect(() => clones({ prompts: [50], outputs: [5], copies: 1, kvBlocks: 3 })).toThrow(
      'one copy of 55 tokens does not fit in 3 KV blocks',
    );
  });
});

describe('a closed loop', () => {
  it('keeps its concurrency, refilled at once', () => {
    const outputs = Array.from({ length: 40 }, (_, r) => 1 + ((r * 7) % 11));
    const running: number[] = [];
    const { finished } = serve({
      prompts: outputs,
      outputs,
      load: new Closed(40, 4),
      onStep: ({ decodeSequences }, engine) => running.push(decodeSequences, engine.unfinished),
    });
    expect(Math.max(...running)).toBe(4);
    // Request i comes when the (i - 4)th to end has ended.
    const endsS = finished.map((record) => record.endS).sort((a, b) => a - b);
    const arrivalsS = outputs.map((_, r) => finished.find(({ request }) => request === r)!.arrivalS);
    expect(arrivalsS.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(arrivalsS.slice(4)).toEqual(endsS.slice(0, -4));
  });

  it('of more than there are starts them all, and of none ends at once', () => {
    const { finished } = serve({ prompts: [1, 1], outputs: [2, 2], load: new Closed(2, 9) });
    expect(finished.map((record) => record.arrivalS)).toEqual([0, 0]);
    expect(serve({ prompts: [], outputs: [], load: new Closed(0, 9) }).makespanS).toBe(0);
  });
});

describe('open arrivals', () => {
  const requests = 4000;
  const ones = Array.from({ length: requests }, () => 1);

  it('of Poisson depend on the seed and the rate alone', () => {
    const one = poisson(requests, 50, 1);
    expect(poisson(requests, 50, 1)).toEqual(one);
    expect(poisson(requests, 50, 2)).not.toEqual(one);
    poisson(requests, 100, 1).forEach((timeS, r) => {
      expect(timeS).toBeCloseTo(one[r]! / 2, 9);
    });
  });

  it('of Poisson are exponential at the rate', () => {
    const timesS = poisson(requests, 50, 1);
    const gaps = [...timesS].map((timeS, r) => 50 * (timeS - (timesS[r - 1] ?? 0)));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / requests;
    const square = gaps.reduce((sum, gap) => sum + gap * gap, 0) / requests;
    // Standard errors of the first two moments: 1 and sqrt(20) over the root of the number.
    expect(Math.abs(mean - 1)).toBeLessThan(4 / Math.sqrt(requests));
    expect(Math.abs(square - 2)).toBeLessThan((4 * Math.sqrt(20)) / Math.sqrt(requests));
  });

  it('come when they are due, whatever the engine does', () => {
    const arrivalsS = poisson(200, 3, 1);
    const { finished } = serve({
      prompts: ones.slice(0, 200),
      outputs: ones.slice(0, 200),
      load: new Open(arrivalsS),
    });
    for (const { request, arrivalS } of finished) expect(arrivalS).toBe(arrivalsS[request]);
  });

  it('out of order are refused', () => {
    const load = new Open(Float64Array.of(2, 1));
    expect(() => serve({ prompts: [1, 1], outputs: [1, 1], load })).toThrow('event at 1 s, before 2 s');
  });

  it('find the engine idle at times: then the makespan is longer than the work', () => {
    const { makespanS, totals } = serve({
      prompts: ones.slice(0, 50),
      outputs: ones.slice(0, 50),
      load: new Open(poisson(50, 1, 1)),
      cost: new Stopwatch(
        () => 0.01,
        () => 0.01,
      ),
    });
    expect(makespanS).toBeGreaterThan(10 * totalSeconds(totals.all));
  });
});

describe('one request', () => {
  it.each([
    ['closed', () => new Closed(1, 1)],
    ['open', () => new Open(Float64Array.of(3.5))],
  ])('takes one prefill and its rounds, to 1e-9: %s', (_, load) => {
    const outputs = [200];
    const rounds = (): Stopwatch =>
      new Stopwatch(
        ({ tokens, contextTokens }) => 1e-3 * (tokens + contextTokens / 7),
        ({ tokens }) => tokens / 100,
      );
    const acceptance = steady(outputs, 3);
    const { finished } = serve({
      prompts: [33],
      outputs,
      load: load(),
      cost: rounds(),
      method: 'eagle3',
      acceptance,
    });
    const workload = { promptTokens: Int32Array.of(33), outputTokens: Int32Array.of(200) };
    const drafter = assembleDrafter(parseMethod('eagle3'), MAX_K, [acceptance], AS_RECORDED);
    const alone = runStaticBatches({
      workload,
      rounds: replayRounds(workload, drafter, 1),
      requests: [0],
      copies: 1,
      cost: rounds(),
      kvBlocks: Number.POSITIVE_INFINITY,
      blockTokens: 16,
      maxSequences: 1,
    });
    const { arrivalS, endS } = finished[0]!;
    expect(alone.makespanS).toBeGreaterThan(0.33);
    expect(Math.abs((endS - arrivalS) / alone.makespanS - 1)).toBeLessThan(1e-9);
  });
});

it.each(['clones', 'closed', 'poisson:20'])('gives the same rows for the same seed: %s', async (load) => {
  const rows = async (seed: number) => {
    const scenario = completeScenario({
      requests: 8,
      ...(load !== 'poisson:20' && { batch: [2] }),
      load,
      seed,
      method: ['ngram', 'eagle3', 'draft-model'],
      draft: 'llama-3.2-1b',
      acceptance: { 'draft-model': '0.7' },
    });
    return runScenario(await gatherInputs(scenario, folderLibrary));
  };
  const one = await rows(1);
  expect(await rows(1)).toEqual(one);
  expect((await rows(2)).rows).not.toEqual(one.rows);
});

it.each([
  [
    'longer than the engine allows',
    { 'engine.maxModelTokens': '600' },
    /request 301: 204 tokens of prompt and 399/,
  ],
  ['as long as it allows', { 'engine.maxModelTokens': '603' }, null],
])('a request %s', async (_, set: Record<string, string>, error) => {
  // Request 301 of those sampled with this seed has the longest sequence: 603 tokens.
  const scenario = completeScenario({ set, batch: [1], method: ['none'] });
  const rows = gatherInputs(scenario, folderLibrary).then((inputs) => runScenario(inputs).rows);
  if (error === null) expect(await rows).toHaveLength(1);
  else await expect(rows).rejects.toThrow(error);
});
