/** The scheduler by hand: token budget, chunks, preemption, prefix hits, speculation limits, replicas, horizon. */
import { describe, expect, it } from 'vitest';
import { totalSeconds, Verified } from '../../src/cost/work.ts';
import type { Drafter } from '../../src/drafter/drafter.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Closed, Open } from '../../src/engine/load.ts';
import type { EngineStep } from '../../src/engine/records.ts';
import { LeastLoaded, PrefixAware, RoundRobin, type Router } from '../../src/engine/router.ts';
import { type Setting, Stopwatch, serve, steady, UNLIMITED } from '../serving.ts';

/** One line a step: start, tokens prefilled, sequences that decoded, KV blocks, waiting. */
function diary(setting: Setting): { lines: string[]; run: ReturnType<typeof serve>; steps: EngineStep[] } {
  const steps: EngineStep[] = [];
  const run = serve({ ...setting, onStep: (step) => steps.push(structuredClone(step)) });
  const lines = steps.map(
    (step) =>
      `${step.startS}: prefill ${step.prefillTokens}, decode ${step.decodeSequences}, ${step.kvUsedBlocks} blocks, ${step.waiting} wait`,
  );
  return { lines, run, steps };
}

/** A replica as a router sees it. */
function loaded({ requests = 0, toCompute = 0, usedTokens = 0, cached = 0 }) {
  return { requests, toCompute, usedTokens, cachedTokens: () => cached };
}

/** The one who ends first stands first. */
function ends(run: ReturnType<typeof serve>): [number, number, number][] {
  return run.finished.map(({ request, firstTokenS, endS }) => [request, firstTokenS, endS]);
}

describe('the token budget', () => {
  it('is filled by running requests first, then by chunks of prompts in order of arrival', () => {
    const { lines, run } = diary({
      prompts: [4, 10, 3],
      outputs: [4, 2, 1],
      load: new Open(Float64Array.of(0, 1, 1)),
      maxBatchedTokens: 6,
      blockTokens: 1,
    });
    expect(lines).toEqual([
      '0: prefill 4, decode 0, 4 blocks, 0 wait',
      // Request 0 decodes its second token; 5 of the 10 tokens of request 1 fit beside it.
      '10: prefill 5, decode 1, 10 blocks, 1 wait',
      '21: prefill 5, decode 1, 16 blocks, 1 wait',
      // Request 1 is complete in memory and request 2 fits.
      '32: prefill 3, decode 2, 21 blocks, 0 wait',
    ]);
    expect(ends(run)).toEqual([
      [0, 10, 43],
      [1, 32, 43],
      [2, 43, 43],
    ]);
    expect(run.finished.map(({ arrivalS, admittedS }) => [arrivalS, admittedS])).toEqual([
      [0, 0],
      [1, 10],
      [1, 32],
    ]);
  });

  it('states the work of chunks beside decoding in one pass', () => {
    const cost = new Stopwatch();
    serve({
      prompts: [4, 10],
      outputs: [3, 1],
      load: new Open(Float64Array.of(0, 1)),
      maxBatchedTokens: 6,
      cost,
    });
    expect(cost.steps[1]).toEqual({
      decode: { sequences: 1, tokens: 1, contextTokens: 5, attentionPairs: 5, logitRows: 1 },
      prompts: { sequences: 1, tokens: 5, contextTokens: 5, attentionPairs: 15, logitRows: 1 },
    });
    // The second chunk's 5 tokens attend to the 5 before them and to one another.
    expect(cost.steps[2]!.prompts).toEqual({
      sequences: 1,
      tokens: 5,
      contextTokens: 10,
      attentionPairs: 40,
      logitRows: 1,
    });
  });

  it('holds k + 1 tokens for a request that drafts, and lets others decode plainly', () => {
    const outputs = [7, 7, 7];
    const { steps } = diary({
      prompts: [1, 1, 1],
      outputs,
      load: new Closed(3, 3),
      method: 'eagle3',
      k: 3,
      acceptance: steady(outputs, 3),
      maxBatchedTokens: 9,
    });
    // 4 + 4 tokens for two requests, 1 for the third.
    expect(steps[1]).toMatchObject({ decodeSequences: 3, drafted: 6, emitted: 7 });
    // Two steps end the first two: 1 + 3 + 3 tokens. The third has 3 and then drafts like anybody.
    expect(steps[3]).toMatchObject({ decodeSequences: 1, drafted: 3, emitted: 3 });
  });

  it('admits no more than the sequence limit', () => {
    const { lines } = diary({
      prompts: [2, 2, 2],
      outputs: [2, 2, 2],
      load: new Closed(3, 3),
      maxSequences: 2,
    });
    expect(lines).toEqual([
      '0: prefill 4, decode 0, 2 blocks, 1 wait',
      '10: prefill 0, decode 2, 2 blocks, 1 wait',
      '11: prefill 2, decode 0, 1 blocks, 0 wait',
      '21: prefill 0, decode 1, 1 blocks, 0 wait',
    ]);
  });

  it('prefills together what arrives at the same time, even as a step ends', () => {
    const { lines } = diary({
      prompts: [1, 1, 1],
      outputs: [1, 1, 1],
      load: new Open(Float64Array.of(0, 10, 10)),
    });
    expect(lines).toEqual([
      '0: prefill 1, decode 0, 1 blocks, 0 wait',
      '10: prefill 2, decode 0, 2 blocks, 0 wait',
    ]);
  });
});

describe('KV blocks', () => {
  it('are taken one by one as a request grows, and all given back', () => {
    const { steps, run } = diary({ prompts: [3], outputs: [6], load: new Closed(1, 1), blockTokens: 2 });
    // In memory: 3 tokens, then prompt + 1 to prompt + 5.
    expect(steps.map((step) => step.kvUsedBlocks)).toEqual([2, 2, 3, 3, 4, 4]);
    expect(run.replicas[0]!.usedBlocks).toBe(0);
    expect(run.totals.kvPeakBlocks).toBe(4);
  });

  it('hold the drafts of the round as well', () => {
    const outputs = [7];
    const { steps } = diary({
      prompts: [3],
      outputs,
      load: new Closed(1, 1),
      method: 'eagle3',
      k: 3,
      acceptance: steady(outputs, 2),
      blockTokens: 1,
    });
    expect(steps.map((step) => step.kvUsedBlocks)).toEqual([3, 7, 9, 11]);
  });

  it('that are short hold up who waits, and those behind', () => {
    const { run } = diary({
      prompts: [10, 20, 1],
      outputs: [3, 3, 3],
      load: new Closed(3, 3),
      kvBlocks: 25,
      blockTokens: 1,
    });
    // Request 2 would fit beside request 0, and waits for request 1.
    expect(ends(run)).toEqual([
      [0, 10, 12],
      [1, 22, 24],
      [2, 22, 24],
    ]);
  });

  it('hold blocks however long they are, until they end', () => {
    const { lines } = diary({
      prompts: [4, 4, 1],
      outputs: [2, 2, 1],
      load: new Closed(3, 3),
      kvBlocks: 14,
      sequenceBlocks: 2,
      blockTokens: 1,
    });
    // 6 blocks each, and one more for the token behind the prompt; request 2 needs 3, and waits for somebody's.
    expect(lines).toEqual([
      '0: prefill 8, decode 0, 12 blocks, 1 wait',
      '10: prefill 0, decode 2, 14 blocks, 1 wait',
      '11: prefill 1, decode 0, 3 blocks, 0 wait',
    ]);
  });

  it('refuse a request that can never fit', () => {
    const load = () => new Closed(1, 1);
    expect(() => serve({ prompts: [50], outputs: [5], load: load(), kvBlocks: 3 })).toThrow(
      'request 0: 50 tokens do not fit in 3 KV blocks',
    );
    expect(() => serve({ prompts: [30], outputs: [50], load: load(), kvBlocks: 3 })).toThrow(
      'request 0: 49 tokens do not fit in 3 KV blocks',
    );
  });
});

describe('preemption', () => {
  it('takes the request admitted last, which is computed again from the front of the queue', () => {
    const { lines, run } = diary({
      prompts: [4, 4, 1],
      outputs: [5, 3, 1],
      load: new Open(Float64Array.of(0, 0, 5)),
      kvBlocks: 9,
      blockTokens: 1,
    });
    expect(lines).toEqual([
      '0: prefill 8, decode 0, 8 blocks, 0 wait',
      // Request 0 takes the ninth block, request 1 finds none and is itself the last; nobody is admitted.
      '10: prefill 0, decode 1, 5 blocks, 2 wait',
      // Request 1 needs 4 + 1 tokens again, and only 3 blocks are free; request 2 does not pass it.
      '11: prefill 0, decode 1, 6 blocks, 2 wait',
      '12: prefill 0, decode 1, 7 blocks, 2 wait',
      '13: prefill 0, decode 1, 8 blocks, 2 wait',
      // Request 0 has ended. The prefill of request 1 gives its second token.
      '14: prefill 6, decode 0, 6 blocks, 0 wait',
      '24: prefill 0, decode 1, 6 blocks, 0 wait',
    ]);
    expect(ends(run)).toEqual([
      [0, 10, 14],
      [2, 24, 24],
      [1, 10, 25],
    ]);
    expect(run.finished.map(({ preemptions }) => preemptions)).toEqual([0, 0, 1]);
    expect(run.totals).toMatchObject({ preemptions: 1, prefills: 4, prefillTokens: 14, emitted: 5 });
  });

  it('of several puts them back in their order', () => {
    const { run, lines } = diary({
      prompts: [6, 2, 2],
      outputs: [5, 4, 4],
      load: new Closed(3, 3),
      kvBlocks: 10,
      blockTokens: 1,
    });
    expect(lines.slice(0, 3)).toEqual([
      '0: prefill 10, decode 0, 10 blocks, 0 wait',
      // Request 2 makes room for requests 0 and 1; then request 1 gives way.
      '10: prefill 0, decode 2, 10 blocks, 1 wait',
      '11: prefill 0, decode 1, 8 blocks, 2 wait',
    ]);
    expect(run.finished.map(({ request, preemptions }) => [request, preemptions])).toEqual([
      [0, 0],
      [1, 1],
      [2, 1],
    ]);
  });

  it('admits nobody in its step, though a chunk would fit', () => {
    const { lines } = diary({
      prompts: [2, 6],
      outputs: [6, 1],
      load: new Closed(2, 2),
      maxBatchedTokens: 3,
      kvBlocks: 9,
      blockTokens: 1,
    });
    expect(lines.slice(2, 5)).toEqual([
      '21: prefill 2, decode 1, 9 blocks, 0 wait',
      // Request 1 leaves 5 blocks, of which request 0 takes one.
      '32: prefill 0, decode 1, 5 blocks, 1 wait',
      '33: prefill 2, decode 1, 8 blocks, 0 wait',
    ]);
  });

  it('makes a drafter read everything again but the last token', () => {
    const outputs = [9, 9];
    const catchUps: number[] = [];
    class Watch extends Stopwatch {
      override priceStep(...[work, cost]: Parameters<Stopwatch['priceStep']>): void {
        catchUps.push(work.drafts[0]!.catchUpTokens);
        super.priceStep(work, cost);
      }
    }
    serve({
      prompts: [4, 4],
      outputs,
      load: new Closed(2, 2),
      method: 'eagle3',
      k: 1,
      acceptance: steady(outputs, 2),
      kvBlocks: 13,
      blockTokens: 1,
      cost: new Watch(),
    });
    // Both read 1 token and then 2 are emitted. Request 0 goes on alone. Request 1 is computed again with its 3
    // tokens of output, which gives a fourth: that one is unread.
    expect(catchUps).toEqual([2, 2, 2, 2, 1, 2, 2]);
  });
});

describe('prefix caching', () => {
  const hashes = (...lists: number[][]) => ({
    offsets: Int32Array.from([0, ...lists.map((_, i) => lists.slice(0, i + 1).flat().length)]),
    hashes: lists.flat(),
    blockTokens: 4,
  });

  it('skips the blocks of a prompt that are in memory, and shares them', () => {
    const { lines, run } = diary({
      prompts: [10, 10, 8],
      outputs: [2, 2, 2],
      load: new Open(Float64Array.of(0, 1, 30)),
      blockTokens: 2,
      prefixHashes: hashes([1, 2], [1, 2], [1, 2]),
    });
    expect(lines).toEqual([
      '0: prefill 10, decode 0, 5 blocks, 0 wait',
      // Of request 1 two tokens are left: one more block. Request 0 grows by one.
      '10: prefill 2, decode 1, 7 blocks, 0 wait',
      '21: prefill 0, decode 1, 6 blocks, 0 wait',
      // All 8 tokens of request 2 are in memory; its last block is computed again, to have logits.
      '30: prefill 4, decode 0, 4 blocks, 0 wait',
      '40: prefill 0, decode 1, 5 blocks, 0 wait',
    ]);
    expect(run.totals).toMatchObject({ cachedTokens: 12, prefillTokens: 16 });
    expect(run.replicas[0]!.usedBlocks).toBe(0);
  });

  it('forgets what was unused longest when memory is short', () => {
    const { run } = diary({
      prompts: [8, 8, 9, 9],
      outputs: [1, 1, 1, 1],
      load: new Open(Float64Array.of(0, 20, 40, 60)),
      blockTokens: 4,
      kvBlocks: 3,
      prefixHashes: hashes([1, 2], [3, 4], [3, 4], [1, 2]),
    });
    // Request 1 evicts block 2; request 2 finds 3 and 4, evicting 1; request 3 finds nothing.
    expect(run.totals.cachedTokens).toBe(8);
  });

  it('finds a preempted prompt again', () => {
    const { run } = diary({
      prompts: [4, 4],
      outputs: [5, 4],
      load: new Closed(2, 2),
      kvBlocks: 3,
      blockTokens: 4,
      prefixHashes: hashes([1], [2]),
    });
    // Request 0 needs a second block at once, request 1 too: it gives way, and its prompt's block stays behind.
    expect(run.finished.map(({ request, preemptions }) => [request, preemptions])).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(run.totals).toMatchObject({ cachedTokens: 4, prefillTokens: 9 });
  });
});

describe('speculation', () => {
  it('stops above the stated number of requests that decode, and goes on below it', () => {
    const outputs = [3, 9];
    const { steps } = diary({
      prompts: [1, 1],
      outputs,
      load: new Closed(2, 2),
      method: 'eagle3',
      k: 2,
      acceptance: steady(outputs, 3),
      policy: 'off-above:1',
    });
    expect(steps.map(({ decodeSequences, drafted, emitted }) => [decodeSequences, drafted, emitted])).toEqual(
      [
        [0, 0, 2],
        [2, 0, 2],
        [2, 0, 2],
        [1, 2, 3],
        [1, 2, 3],
      ],
    );
  });

  it('that paused has the drafter read what came meanwhile', () => {
    const catchUps: number[] = [];
    class Watch extends Stopwatch {
      override priceStep(...[work, cost]: Parameters<Stopwatch['priceStep']>): void {
        catchUps.push(work.drafts[0]!.catchUpTokens);
        super.priceStep(work, cost);
      }
    }
    const outputs = [3, 9];
    serve({
      prompts: [1, 1],
      outputs,
      load: new Closed(2, 2),
      method: 'eagle3',
      k: 2,
      acceptance: steady(outputs, 3),
      policy: 'off-above:1',
      cost: new Watch(),
    });
    expect(catchUps).toEqual([0, 0, 3, 3]);
  });
});

describe('what a drafter is told as a step begins', () => {
  it('is who decodes and how much they read, through chunks, preemptions and ends', () => {
    const told: [number, number][] = [];
    const drafter: Drafter = {
      most: new Verified(),
      verified: new Verified(),
      emitted: 1,
      stepBegins: (sequences, contextTokens) => told.push([sequences, contextTokens]),
      round() {},
      sitOut() {},
      reread() {},
    };
    const engine = new Engine({
      workload: { promptTokens: Int32Array.of(4, 4, 1), outputTokens: Int32Array.of(5, 3, 1) },
      load: new Open(Float64Array.of(0, 0, 5)),
      drafter,
      cost: new Stopwatch(),
      draftModels: 0,
      limits: { ...UNLIMITED, kvBlocks: 9, blockTokens: 1 },
    });
    engine.run();
    // The steps of the first preemption above: in the second step both have 4 + 1 tokens and request 1 is
    // preempted, in the last it has 4 + 2. Nobody decodes in the first and the last but one.
    expect(told).toEqual([
      [2, 10],
      [1, 6],
      [1, 7],
      [1, 8],
      [1, 6],
    ]);
  });
});

describe('replicas', () => {
  const busy = (router: Setting['router']) =>
    serve({
      prompts: [1, 1, 1, 1],
      outputs: [20, 1, 1, 1],
      load: new Open(Float64Array.of(0, 1, 12, 24)),
      replicas: 2,
      router,
    });

  it('in turn take every other request', () => {
    const { finished } = busy(new RoundRobin());
    expect(finished.map(({ request, replica, endS }) => [request, replica, endS])).toEqual([
      [1, 1, 11],
      // Beside request 0, whose step under way ends at 12.
      [2, 0, 23],
      [3, 1, 34],
      [0, 0, 39],
    ]);
  });

  it('by load take the one with the fewest', () => {
    const { finished } = busy(new LeastLoaded());
    expect(finished.map(({ request, replica, endS }) => [request, replica, endS])).toEqual([
      [1, 1, 11],
      [2, 1, 22],
      [0, 0, 29],
      [3, 1, 34],
    ]);
  });

  it('by load count who is about to leave as a request arrives', () => {
    const { finished } = serve({
      prompts: [1, 1, 1],
      outputs: [9, 1, 1],
      load: new Open(Float64Array.of(0, 0, 10)),
      replicas: 2,
      router: new LeastLoaded(),
    });
    expect(finished.map(({ request, replica }) => [request, replica])).toEqual([
      [1, 1],
      [2, 0],
      [0, 0],
    ]);
  });

  it('of equal load: the first', () => {
    expect(new LeastLoaded().choose([3, 2, 2].map((requests) => loaded({ requests })))).toBe(1);
  });

  it('prefix-aware weighs what a prompt would have to compute against what is under way', () => {
    const choose = (...replicas: Parameters<typeof loaded>[0][]) =>
      new PrefixAware().choose(replicas.map(loaded), 0);
    expect(choose({}, { cached: 64 })).toBe(1);
    expect(choose({}, { cached: 64, toCompute: 100 })).toBe(0);
    expect(choose({}, { cached: 64, toCompute: 30, usedTokens: 30 })).toBe(1);
    expect(choose({}, { cached: 64, toCompute: 32, usedTokens: 32 })).toBe(0);
  });

  it('prefix-aware brings prompts to the replica that has their beginning', () => {
    // Two families of prompts, ABBA: in turn, each replica would have to compute both beginnings.
    const families = [0, 1, 1, 0];
    const spared = (router: Router) =>
      serve({
        prompts: families.map(() => 40),
        outputs: [1, 1, 1, 1],
        load: new Open(Float64Array.of(0, 1, 100, 200)),
        blockTokens: 16,
        kvBlocks: 100,
        replicas: 2,
        router,
        prefixHashes: {
          offsets: Int32Array.of(0, 2, 4, 6, 8),
          hashes: families.flatMap((family) => [2 * family, 2 * family + 1]),
          blockTokens: 16,
        },
      }).totals.cachedTokens;
    expect(spared(new PrefixAware())).toBe(64);
    expect(spared(new RoundRobin())).toBe(0);
  });

  it('share a closed load, and each has its own memory', () => {
    const setting = { prompts: [4, 4, 4, 4], outputs: [3, 3, 3, 3], kvBlocks: 6, blockTokens: 1 };
    const one = serve({ ...setting, load: new Closed(4, 2) });
    const two = serve({ ...setting, load: new Closed(4, 2), replicas: 2 });
    expect(one.makespanS).toBe(4 * 12);
    expect(two.makespanS).toBe(2 * 12);
    expect(two.totals.kvPeakBlocks).toBe(6);
  });
});

describe('the horizon', () => {
  it('ends a run that is overloaded, and counts who is left', () => {
    const requests = 100;
    const ones = Array.from({ length: requests }, () => 1);
    const { finished, unfinished, makespanS, totals } = serve({
      prompts: ones,
      outputs: ones,
      load: new Open(Float64Array.from(ones, (_, r) => r)),
      maxSequences: 1,
      horizonS: 99,
    });
    // One ends every 10 s; the last request has arrived at 99 s.
    expect(finished.map(({ endS }) => endS)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(unfinished).toBe(91);
    expect(makespanS).toBe(99);
    expect(totalSeconds(totals.all)).toBe(90);
  });
});

describe('what is kept of a run', () => {
  it('is every gap between tokens, and how many came after it', () => {
    const outputs = [8];
    const { gaps } = serve({
      prompts: [1],
      outputs,
      load: new Closed(1, 1),
      method: 'ngram',
      k: 2,
      acceptance: steady(outputs, 3),
      cost: new Stopwatch(({ contextTokens }) => contextTokens),
    });
    expect(gaps.count).toBe(3);
    // Contexts 2, 5 and 8 and 2 drafts; the last round has one token to go.
    expect([...gaps.gapS.subarray(0, 3)]).toEqual([4, 7, 10]);
    expect([...gaps.tokens.subarray(0, 3)]).toEqual([3, 3, 1]);
  });

  it('is the drafting that follows each prefill, for those who decode after it', () => {
    const outputs = [8, 1, 8];
    const setting = {
      prompts: [1, 1, 1],
      outputs,
      acceptance: steady(outputs, 3),
      // The slot of the one that ends with its prefill is taken again.
      maxSequences: 2,
    };
    const drafted = (method: string, k: number) =>
      serve({ ...setting, load: new Open(Float64Array.of(0, 0, 100)), method, k })
        .finished.sort((a, b) => a.request - b.request)
        .map(({ draftedS }) => draftedS);
    // A draft takes a sixteenth of a second.
    expect(drafted('eagle3', 3)).toEqual([3 / 16, 0, 3 / 16]);
    expect(drafted('none', 3)).toEqual([0, 0, 0]);
  });

  it('is the time each batch size held', () => {
    const { totals } = serve({ prompts: [1, 1], outputs: [3, 1], load: new Open(Float64Array.of(0, 5)) });
    // Prefill 0 to 10 alone, 11 s of both, 1 s alone.
    expect(totals.sequenceSeconds).toBe(10 + 2 * 11 + 1);
    expect(totals.steps).toBe(3);
    // What the prompt adds to the step of 11 s is not decoding.
    expect(totalSeconds(totals.decode)).toBe(2);
  });
});
