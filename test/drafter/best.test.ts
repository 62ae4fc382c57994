/** The optimum over recorded lengths, against every other way to draft the same requests. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CostModel, noSeconds, StepWork, totalSeconds } from '../../src/cost/work.ts';
import { assembleDrafter } from '../../src/drafter/assemble.ts';
import { parseMethod } from '../../src/drafter/methods.ts';
import { AS_RECORDED } from '../../src/drafter/replay.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { Bench } from '../../src/scenario/bench.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import type { PositionLengths } from '../../src/trace/trace.ts';
import { PlainPrices } from '../plain-prices.ts';

const inputsOf = (options: Options) => gatherInputs(completeScenario(options), folderLibrary);

/** Prices of a step: 10, and so much for each pass, each token it catches up on and each token verified. */
const linear = (passS: number, catchUpS: number, verifyS: number, searchS = 0, switchS = 0) =>
  new PlainPrices(({ drafts: [draft], searches, switches, verify }) => ({
    draftS:
      (draft === undefined ? 0 : draft.longest * passS + draft.catchUpTokens * catchUpS) +
      searches * searchS +
      switches * switchS,
    verifyS: 10 + verify.tokens * verifyS,
  }));

/** One request; what a round at positions 1, 2 and so on can emit. */
const lengthsOf = (emitted: readonly number[]): PositionLengths => ({
  kind: 'recording',
  maxK: 20,
  offsets: Int32Array.of(0, emitted.length + 1),
  emitted: Uint8Array.of(1, ...emitted),
  proposed: 'always',
});

/** Lengths of the drafts that the optimum makes, round by round. */
function drafted(emitted: readonly number[], cost: CostModel): number[] {
  const deciding = { policy: { kind: 'fixed' } as const, cost, seed: 1 };
  const drafter = assembleDrafter(
    parseMethod('best:eagle3'),
    null,
    [lengthsOf(emitted)],
    AS_RECORDED,
    deciding,
  );
  const work = new StepWork(1, 20);
  const result: number[] = [];
  for (let position = 1; position <= emitted.length; position += drafter.emitted) {
    work.clear();
    drafter.stepBegins(1, position);
    drafter.round(0, position, emitted.length + 1 - position, position, work);
    result.push(drafter.verified.drafted);
  }
  return result;
}

/** Seconds of the fastest of all sequences of lengths, tried one by one. */
function fastest(emitted: readonly number[], passS: number, catchUpS: number, verifyS: number): number {
  const from = (position: number, unread: number): number => {
    const left = emitted.length + 1 - position;
    if (left <= 0) return 0;
    const most = Math.min(emitted[position - 1]!, left) - 1;
    return Math.min(
      ...Array.from({ length: most + 1 }, (_, d) => {
        const drafting = d === 0 ? 0 : d * passS + unread * catchUpS;
        return drafting + 10 + (d + 1) * verifyS + from(position + d + 1, d === 0 ? unread + 1 : d + 1);
      }),
    );
  };
  return from(1, 1);
}

describe('best lengths', () => {
  it('stop short where that leads to a long run: greedy rounds of 2, 1, 1, 1 and 1 against 1 and 5', () => {
    expect(drafted([2, 5, 1, 1, 1, 1], linear(0.1, 0, 0))).toEqual([0, 4]);
  });

  it('draft less than would be accepted where drafting is dear, and nothing where it does not pay', () => {
    expect(drafted([3, 2, 1], linear(1, 0, 0))).toEqual([2]);
    expect(drafted([3, 2, 1], linear(11, 0, 0))).toEqual([0, 0, 0]);
  });

  it('are as fast as the fastest of all ways to draft', () => {
    const price = fc.double({ min: 0, max: 6, noNaN: true });
    const lengths = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(lengths, price, price, price, (emitted, passS, catchUpS, verifyS) => {
        let unread = 1;
        let seconds = 0;
        for (const d of drafted(emitted, linear(passS, catchUpS, verifyS))) {
          seconds += (d === 0 ? 0 : d * passS + unread * catchUpS) + 10 + (d + 1) * verifyS;
          unread = d === 0 ? unread + 1 : d + 1;
        }
        expect(seconds).toBeCloseTo(fastest(emitted, passS, catchUpS, verifyS), 9);
      }),
    );
  });

  it('of two, who drafts included, are as fast as the fastest of all ways', () => {
    const price = fc.double({ min: 0, max: 6, noNaN: true });
    const lengths = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(lengths, price, price, price, price, (both, passS, catchUpS, searchS, switchS) => {
        const cost = linear(passS, catchUpS, 0.5, searchS, switchS);
        const parts = [0, 1].map((part) => both.map((of) => of[part]!));
        const drafter = assembleDrafter(
          parseMethod('best:ngram+eagle3'),
          null,
          parts
            .map(lengthsOf)
            .map((one, part) =>
              part === 0 ? { ...one, proposed: one.emitted.map((emitted) => (emitted > 1 ? 20 : 0)) } : one,
            ),
          AS_RECORDED,
          { policy: { kind: 'fixed' } as const, cost, seed: 1 },
        );
        const work = new StepWork(1, 20);
        const step = noSeconds();
        let seconds = 0;
        for (let position = 1; position <= both.length; position += drafter.emitted) {
          work.clear();
          drafter.stepBegins(1, position);
          drafter.round(0, position, both.length + 1 - position, position, work);
          work.addRounds(1, position, drafter.verified);
          cost.priceStep(work, step);
          seconds += totalSeconds(step);
        }
        const from = (position: number, unread: number, last: number): number => {
          const left = both.length + 1 - position;
          if (left <= 0) return 0;
          const ways = [10.5 + from(position + 1, unread + 1, last)];
          for (const part of [0, 1]) {
            for (let d = 1; d < Math.min(parts[part]![position - 1]!, left); d++) {
              const drafting = part === 0 ? searchS : d * passS + unread * catchUpS;
              const switched = last >= 0 && last !== part ? switchS : 0;
              const then = from(position + d + 1, part === 0 ? unread + d + 1 : d + 1, part);
              ways.push(drafting + switched + 10 + (d + 1) * 0.5 + then);
            }
          }
          return Math.min(...ways);
        };
        expect(seconds).toBeCloseTo(from(1, 1, -1), 9);
      }),
    );
  });

  it.each([
    ['gsm8k', {}],
    ['instructcoder', {}],
    ['instructcoder', { 'engine.drafterSwitch.fixed': '1 ms', 'engine.drafterSwitch.each': '20 us' }],
  ])('%s %j: nothing is faster at any batch size', async (trace, set) => {
    const method = ['best:eagle3', 'oracle:eagle3', 'eagle3', 'best:ngram+eagle3'];
    const pairs = ['combined:ngram+eagle3', 'best:ngram', 'hybrid:ngram+eagle3', 'bandit:ngram+eagle3'];
    const inputs = await inputsOf({
      method: [...method, ...pairs, 'oracle:ngram'],
      trace: [trace],
      requests: 30,
      set,
    });
    const bench = new Bench(inputs, inputs.traces[0]!, 'clones', new Set());
    for (const batch of [1, 32, 256]) {
      const speed = (name: string, k: number | null = null) =>
        bench.measures({ method: parseMethod(name), k }, batch).throughput_tok_per_s;
      for (let k = 1; k <= 10; k++) {
        expect(speed('eagle3', k)).toBeLessThanOrEqual(speed('best:eagle3'));
        for (const name of ['hybrid:ngram+eagle3', 'bandit:ngram+eagle3'])
          expect(speed(name, k)).toBeLessThanOrEqual(speed('best:ngram+eagle3'));
      }
      expect(speed('oracle:eagle3')).toBeLessThanOrEqual(speed('best:eagle3'));
      expect(speed('oracle:ngram')).toBeLessThanOrEqual(speed('best:ngram'));
      for (const name of ['best:eagle3', 'best:ngram', 'combined:ngram+eagle3'])
        expect(speed(name)).toBeLessThanOrEqual(speed('best:ngram+eagle3'));
    }
  });

  it.each([
    [{ load: 'closed' as const }, /expected --load clones/],
    [{ cost: 'specdecode-bench' as const }, /roofline/],
  ])('%j is refused', async (options, message) => {
    await expect(inputsOf({ method: ['best:eagle3'], ...options })).rejects.toThrow(message);
  });
});
