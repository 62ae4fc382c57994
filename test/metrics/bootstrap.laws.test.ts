/** Draws that are summed side by side, and tails that are found without sorting, against the plain forms. */
import assert from 'node:assert';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { Bootstrap, DRAWS, tails } from '../../src/metrics/bootstrap.ts';
import { stream } from '../../src/random/streams.ts';

/** Between neighbours of sorted values, in proportion. */
function quantile(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

/** The logarithm of the measure in each draw, one request after the other. */
function plainLogs(over: Float64Array, under: Float64Array, seed: number): number[] {
  const draw = stream(seed, 'bootstrap', over.length);
  return Array.from({ length: DRAWS }, () => {
    const drawn = Array.from(over, () => Math.floor(draw() * over.length));
    const sum = (values: Float64Array) => drawn.reduce((total, r) => total + values[r]!, 0);
    return Math.log(sum(over) / sum(under));
  });
}

const sizes = fc.float({ min: Math.fround(0.01), max: 100, noNaN: true });

describe('the bootstrap', () => {
  it('sums what each draw drew in its order, to the last bit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(sizes, sizes), { minLength: 1, maxLength: 12 }),
        fc.nat(1000),
        (requests, seed) => {
          const over = Float64Array.from(requests, ([value]) => value);
          const under = Float64Array.from(requests, ([, value]) => value);
          const logs = new Bootstrap(over.length, seed).logMeasures({ over, under });
          assert.deepStrictEqual(Array.from(logs), plainLogs(over, under, seed));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('finds tails where sorting has them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 80 }),
        fc.constantFrom(0.025, 0.1, 0.25),
        (drawn, p) => {
          // A zero has no sign here.
          const values = Float64Array.from(drawn, (value) => value + 0);
          const sorted = values.slice().sort();
          assert.deepStrictEqual(tails(values, p), { lo: quantile(sorted, p), hi: quantile(sorted, 1 - p) });
        },
      ),
    );
  });
});
