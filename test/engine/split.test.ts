/** Prefill and decoding on replicas of their own: by hand, where it comes to the same as together, and what is conserved. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Closed, Open } from '../../src/engine/load.ts';
import { LeastLoaded } from '../../src/engine/router.ts';
import { poisson, type Setting, Stopwatch, serve, steady } from '../serving.ts';

/** Half a second a token, and a second until it arrives. */
const SLOW = { prefillReplicas: 1, linkS: (tokens: number) => tokens / 2, latencyS: 1 };
const FREE = { prefillReplicas: 1, linkS: () => 0, latencyS: 0 };

const times = (run: ReturnType<typeof serve>) =>
  [...run.finished].sort((a, b) => a.request - b.request).map(({ firstTokenS, endS }) => [firstTokenS, endS]);

/** Prompts take 10 s, a step that decodes 1 s. */
const together = (count: number): Setting => ({
  prompts: Array(count).fill(4),
  outputs: Array(count).fill(3),
  load: new Open(new Float64Array(count)),
  blockTokens: 1,
});

describe('by hand', () => {
  it('KV moves after the prefill, one after the other, and the first token comes with it', () => {
    const run = serve({ ...together(2), outputs: [3, 2], split: SLOW });
    // Both are prefilled by 10. The link is taken until 12 and 14, and a second later they are there.
    expect(times(run)).toEqual([
      [13, 15],
      [15, 16],
    ]);
    expect([...run.gaps.gapS.subarray(0, run.gaps.count)]).toEqual([1, 1, 1]);
    expect(run.finished.map(({ replica, admittedS }) => [replica, admittedS])).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect(run.totals).toMatchObject({ prefillSideS: 10, transfers: 2, transferS: 8, prefills: 2 });
  });

  it('a prompt keeps its memory until it has moved', () => {
    const run = serve({ ...together(2), kvBlocks: 7, split: SLOW });
    // The second prompt finds 3 blocks of 4 until the first has left at 13; then 10 s, 2 s and 1 s.
    expect(times(run)).toEqual([
      [13, 15],
      [26, 28],
    ]);
  });

  it('what finds no room to decode stays where it was prefilled', () => {
    const run = serve({
      ...together(3),
      prompts: [4, 30, 4],
      outputs: [20, 2, 2],
      kvBlocks: 33,
      split: FREE,
    });
    // Prefilled by 20, the second does not fit beside the first, which ends at 29; until then it leaves no room to the third.
    expect(times(run)).toEqual([
      [10, 29],
      [29, 30],
      [39, 40],
    ]);
    expect(run.totals.preemptions).toBe(0);
  });

  it('what loses its memory while it decodes is computed again there', () => {
    const run = serve({ ...together(2), outputs: [5, 2], kvBlocks: 8, split: SLOW });
    // Both take 4 blocks at 10. At 13 the first has no fifth, and waits until the second ends at 16; 10 s for two tokens.
    expect(times(run)).toEqual([
      [13, 29],
      [15, 16],
    ]);
    expect(run.totals.preemptions).toBe(1);
  });

  it('a request of one token ends where it was prefilled', () => {
    const run = serve({ ...together(1), outputs: [1], split: SLOW });
    expect(times(run)).toEqual([[10, 10]]);
    expect(run.totals.transfers).toBe(0);
  });

  it('alone takes as much longer as its KV takes to move, whatever it drafts', () => {
    const outputs = [7, 9, 12];
    const alone = (split?: Setting['split']) =>
      serve({
        prompts: [4, 10, 6],
        outputs,
        load: new Closed(3, 1),
        method: 'eagle3',
        k: 3,
        acceptance: steady(outputs, 3),
        ...(split !== undefined && { split }),
      });
    const own = alone();
    const moved = alone(SLOW);
    const e2e = (run: ReturnType<typeof serve>) => run.finished.map(({ arrivalS, endS }) => endS - arrivalS);
    const first = (run: ReturnType<typeof serve>) =>
      run.finished.map(({ arrivalS, firstTokenS }) => firstTokenS - arrivalS);
    expect(e2e(moved).map((s, i) => s - e2e(own)[i]!)).toEqual([3, 6, 4]);
    expect(first(moved).map((s, i) => s - first(own)[i]!)).toEqual([3, 6, 4]);
  });

  it('spreads over the replicas of each side by a router each', () => {
    const run = serve({ ...together(4), replicas: 2, split: { ...FREE, prefillReplicas: 2 } });
    // Of each that prefills, the first goes to one that decodes and the second to the other.
    const where = [...run.finished].sort((a, b) => a.request - b.request).map(({ replica }) => replica);
    expect(where).toEqual([2, 2, 3, 3]);
  });
});

const draws = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  requests: fc.integer({ min: 1, max: 25 }),
  ratePerS: fc.constantFrom(0.05, 0.3, 2),
  method: fc.constantFrom('none', 'eagle3'),
});

const settingOf = ({
  seed,
  requests,
  ratePerS,
  method,
}: typeof draws extends fc.Arbitrary<infer T> ? T : never) => {
  const outputs = Array.from({ length: requests }, (_, r) => 2 + ((seed + 7 * r) % 17));
  return {
    prompts: Array.from({ length: requests }, (_, r) => 1 + ((seed + 13 * r) % 29)),
    outputs,
    method,
    k: 3,
    acceptance: steady(outputs, 2),
    load: new Open(poisson(requests, ratePerS, seed)),
  };
};

describe('laws', () => {
  it('where prompts take no time and the link none, it is as if nothing were split', () => {
    fc.assert(
      fc.property(draws, (drawn) => {
        const cost = () =>
          new Stopwatch(
            () => 1,
            () => 0,
          );
        const own = serve({ ...settingOf(drawn), cost: cost() });
        const split = serve({ ...settingOf(drawn), cost: cost(), split: FREE });
        expect(times(split)).toEqual(times(own));
        expect(split.totals).toMatchObject({ rounds: own.totals.rounds, emitted: own.totals.emitted });
        const gaps = ({ gaps }: typeof own) => [...gaps.gapS.subarray(0, gaps.count)].sort();
        expect(gaps(split)).toEqual(gaps(own));
      }),
      { numRuns: 60 },
    );
  });

  it('conserves requests, tokens and memory, and is the same again', () => {
    const memory = fc.record({
      kvBlocks: fc.integer({ min: 60, max: 120 }),
      prefillReplicas: fc.integer({ min: 1, max: 3 }),
      replicas: fc.integer({ min: 1, max: 2 }),
      linkS: fc.constantFrom(0, 0.01, 3),
    });
    fc.assert(
      fc.property(draws, memory, (drawn, { kvBlocks, prefillReplicas, replicas, linkS }) => {
        const run = () =>
          serve({
            ...settingOf(drawn),
            kvBlocks,
            blockTokens: 1,
            maxBatchedTokens: 40,
            replicas,
            router: new LeastLoaded(),
            split: { prefillReplicas, linkS: (tokens) => linkS * tokens, latencyS: 0.1 },
          });
        const once = run();
        expect(once.unfinished).toBe(0);
        const { outputs } = settingOf(drawn);
        expect(once.totals.emitted + once.totals.prefills).toBe(outputs.reduce((sum, n) => sum + n, 0));
        expect(once.totals.transfers).toBe(outputs.filter((tokens) => tokens > 1).length);
        for (const one of once.replicas)
          expect([one.usedBlocks, one.requests, one.toCompute]).toEqual([0, 0, 0]);
        for (const one of once.finished) {
          expect(one.firstTokenS).toBeGreaterThan(one.admittedS);
          expect(one.endS).toBeGreaterThanOrEqual(one.firstTokenS);
        }
        expect(times(run())).toEqual(times(once));
      }),
      { numRuns: 60 },
    );
  });
});
