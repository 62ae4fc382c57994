/** The search for the highest rate: by hand, and against the plain one that tries every rate of the grid. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attainment } from '../../src/metrics/attainment.ts';
import { FROM_A_DRAW, FROM_A_METHOD, FROM_ANYWHERE, highestRate } from '../../src/questions/rate-search.ts';

const FASTEST = 1e6;

/** An objective that is held up to a limit: what is seen of it is how far it is stretched. */
function judge(stretch: (ratePerS: number) => number) {
  const tried: number[] = [];
  const of = (ratePerS: number): Attainment => {
    tried.push(ratePerS);
    const held = stretch(ratePerS) <= 1;
    return {
      share: held ? 1 : 0.5,
      held,
      stretch: stretch(ratePerS),
      tightest: held ? null : 'ttft',
    };
  };
  return { of, tried };
}

describe('the search', () => {
  it.each([0.003, 0.9, 1, 7.7, 4321])('finds %f to 1 %%, from wherever it begins', (limit) => {
    for (const from of [0.01, 1, 500]) {
      const { of, tried } = judge((rate) => rate / limit);
      const { ratePerS, limitPerS, limitedBy, shares } = highestRate(of, from, FASTEST, FROM_ANYWHERE);
      expect(ratePerS).toBeLessThanOrEqual(limit);
      expect(ratePerS * 1.01).toBeGreaterThan(limit);
      // The stretch is as the rate: its logarithm is a line, on which the limit is read.
      expect(limitPerS / limit).toBeCloseTo(1, 9);
      expect(limitedBy).toBe('ttft');
      expect([...shares]).toEqual(tried.map((rate) => [rate, rate <= limit ? 1 : 0.5]));
    }
  });

  it('says when no rate holds, and when every rate does', () => {
    for (const precision of [FROM_ANYWHERE, FROM_A_METHOD, FROM_A_DRAW]) {
      const none = judge(() => 2);
      expect(highestRate(none.of, 1, FASTEST, precision)).toMatchObject({ ratePerS: 0, limitedBy: 'ttft' });
      expect(Math.min(...none.tried)).toBeCloseTo(1e-6, 8);
      const all = judge(() => 0.5);
      expect(highestRate(all.of, 1, FASTEST, precision)).toMatchObject({
        ratePerS: Number.POSITIVE_INFINITY,
        limitedBy: null,
      });
      expect(Math.max(...all.tried) / FASTEST).toBeCloseTo(1, 2);
    }
  });

  it('takes two runs where the limit is where it was expected, and is bounded where no stretch says anything', () => {
    const near = judge((rate) => (rate / 100) ** 3);
    expect(highestRate(near.of, 99, FASTEST, FROM_A_DRAW).limitPerS / 100).toBeCloseTo(1, 2);
    expect(near.tried).toHaveLength(2);
    // Endless on one side, nothing on the other: halves, 11 of them from a factor of eight.
    const blind = judge((rate) => (rate <= 100 ? 0 : Number.POSITIVE_INFINITY));
    const { ratePerS } = highestRate(blind.of, 20, FASTEST, FROM_ANYWHERE);
    expect(100 / ratePerS).toBeGreaterThanOrEqual(1);
    expect(100 / ratePerS).toBeLessThan(1.0055);
    expect(blind.tried.length).toBeLessThan(14);
  });
});

/** Ways in which a stretch may grow with the rate, which is over the limit at 1: even, late, early, in jumps. */
const growth = fc
  .tuple(
    fc.constantFrom<(rate: number) => number>(
      (rate) => rate ** 0.2,
      (rate) => rate ** 9,
      (rate) => (rate < 1 ? 0.3 + 0.7 * rate ** 6 : rate ** 2),
      (rate) => (rate <= 1 ? 0.999 : 50 * rate),
      (rate) => (rate <= 1 ? 0.01 * rate : 1.0001),
    ),
    fc.double({ min: -6, max: 9, noNaN: true }),
    fc.constantFrom(0, 1.07),
  )
  .map(([grow, log, jump]) => {
    const limit = 2 ** log;
    const even = (rate: number) => (jump === 0 ? rate : jump ** Math.floor(Math.log(rate) / Math.log(jump)));
    return (rate: number) => grow(even(rate / limit));
  });

describe('whatever the stretch looks like, as long as it never falls', () => {
  it('the search finds what one after the other finds, and with far fewer runs', () => {
    fc.assert(
      fc.property(growth, fc.double({ min: -4, max: 8, noNaN: true }), (stretch, start) => {
        let step = -8 * 128;
        while (stretch(2 ** ((step + 1) / 128)) <= 1) step++;
        for (const precision of [FROM_ANYWHERE, FROM_A_METHOD, FROM_A_DRAW]) {
          const { of, tried } = judge(stretch);
          const { ratePerS, limitPerS } = highestRate(of, 2 ** start, FASTEST, precision);
          const found = 128 * Math.log2(ratePerS);
          const limit = 128 * Math.log2(limitPerS);
          assert.ok(found <= step + 1e-6 && found > step - precision.within + 1e-6, `${found} of ${step}`);
          assert.ok(limit >= found - 1e-6 && limit <= found + precision.within + 1e-6);
          // Three for each halving where the line leads astray each time.
          assert.ok(tried.length <= 40, `${tried.length} runs`);
          assert.equal(new Set(tried).size, tried.length);
        }
      }),
      { numRuns: 300 },
    );
  });
});
