/** What hashed draws are worth, where a fitted process uses them: by position, use, request, method and seed. */
import { describe, expect, test } from 'vitest';
import { type DrawKey, drawKeys, hashed } from '../../src/random/hashed.ts';
import { normalOf } from '../../src/random/normal-table.ts';

const DRAWS = 1 << 16;
const bitsOf = ({ first, second }: DrawKey) =>
  Int32Array.from({ length: DRAWS }, (_, number) => hashed(first, second, number));

const KEYS = [drawKeys(0, 'acceptance', 'eagle3'), drawKeys(1, 'acceptance', 'eagle3')].flatMap((keys) =>
  [0, 1, 999_999].map(keys),
);
/** In standard errors; 5 is passed once in two million. */
const FAR = 5;

describe.each(KEYS.map((key, i) => ({ key, name: `key ${i}` })))('$name', ({ key }) => {
  const bits = bitsOf(key);

  test('each bit is set in half of the draws, alone and beside each other one', () => {
    for (let a = 0; a < 32; a++) {
      for (let b = a; b < 32; b++) {
        let equal = 0;
        for (const draw of bits) equal += a === b ? (draw >>> a) & 1 : ((draw >>> a) ^ (draw >>> b)) & 1;
        const error = Math.abs(equal - DRAWS / 2) / Math.sqrt(DRAWS / 4);
        expect(error, `bits ${a} and ${b}`).toBeLessThan(FAR);
      }
    }
  });

  test('both halves fall evenly into 256 parts', () => {
    for (const shift of [16, 0]) {
      const counts = new Int32Array(256);
      for (const draw of bits) counts[(draw >>> (shift + 8)) & 255]!++;
      const even = DRAWS / 256;
      const chi = counts.reduce((sum, count) => sum + (count - even) ** 2 / even, 0);
      expect((chi - 255) / Math.sqrt(2 * 255)).toBeLessThan(FAR);
      expect((chi - 255) / Math.sqrt(2 * 255)).toBeGreaterThan(-FAR);
    }
  });

  test('normal draws have the moments and tails of the normal distribution', () => {
    const normals = [...bits].flatMap((draw) => [normalOf(draw), normalOf(draw << 16)]);
    const moment = (power: number) =>
      normals.reduce((sum, value) => sum + value ** power, 0) / normals.length;
    const beyond = (limit: number) => normals.filter((value) => Math.abs(value) > limit).length;
    const n = normals.length;
    // Variances of the four moments: those of x, x^2, x^3, x^4 of a normal variable.
    for (const [power, expected, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const) {
      const error = (moment(power) - expected) / Math.sqrt(variance / n);
      expect(Math.abs(error), `moment ${power}`).toBeLessThan(FAR);
    }
    for (const [limit, share] of [
      [1, 0.3173105],
      [2, 0.0455003],
      [3, 0.0026998],
    ] as const) {
      const error = (beyond(limit) - share * n) / Math.sqrt(share * n);
      expect(Math.abs(error), `beyond ${limit}`).toBeLessThan(FAR);
    }
  });

  test('draws know nothing of those 1 to 64 further on, nor one half of the other', () => {
    const upper = Float64Array.from(bits, normalOf);
    const lower = Float64Array.from(bits, (draw) => normalOf(draw << 16));
    for (const of of [upper, lower]) {
      for (let lag = 0; lag <= 64; lag++) {
        if (of === upper && lag === 0) continue;
        let sum = 0;
        let size = 0;
        for (let i = lag; i < DRAWS; i++) {
          sum += upper[i]! * of[i - lag]!;
          size += Math.abs(upper[i]!) * Math.abs(of[i - lag]!);
        }
        expect(Math.abs(sum) / Math.sqrt(DRAWS - lag), `lag ${lag}`).toBeLessThan(FAR);
        // Mean of |x||y| of independent ones: 2 / pi, and its variance 1 - 4 / pi^2.
        const sizes =
          (size / (DRAWS - lag) - 2 / Math.PI) * Math.sqrt((DRAWS - lag) / (1 - 4 / Math.PI ** 2));
        expect(Math.abs(sizes), `sizes at lag ${lag}`).toBeLessThan(FAR);
      }
    }
  });
});

test('requests, methods and seeds know nothing of one another', () => {
  const correlation = (a: DrawKey, b: DrawKey) => {
    let sum = 0;
    for (let i = 0; i < 4096; i++) {
      sum += normalOf(hashed(a.first, a.second, i)) * normalOf(hashed(b.first, b.second, i));
    }
    return Math.abs(sum) / Math.sqrt(4096);
  };
  const keysOf = (seed: number, method: string) => drawKeys(seed, 'acceptance', method);
  for (let i = 0; i < 50; i++) {
    const here = keysOf(i, 'eagle3')(i);
    expect(correlation(here, keysOf(i, 'eagle3')(i + 1)), `requests ${i}`).toBeLessThan(FAR);
    expect(correlation(here, keysOf(i + 1, 'eagle3')(i)), `seeds ${i}`).toBeLessThan(FAR);
    expect(correlation(here, keysOf(i, 'ngram')(i)), `methods ${i}`).toBeLessThan(FAR);
  }
});

test('one draw of all requests is as good as all draws of one', () => {
  const keys = drawKeys(3, 'acceptance', 'eagle3');
  const [sums, products] = [
    [0, 0],
    [0, 0],
  ];
  let before = [0, 0];
  for (let request = 0; request < DRAWS; request++) {
    const { first, second } = keys(request);
    const draw = hashed(first, second, 16);
    const normals = [normalOf(draw), normalOf(draw << 16)];
    normals.forEach((normal, half) => {
      sums[half]! += normal;
      products[half]! += normal * before[half]!;
    });
    before = normals;
  }
  for (const sum of [...sums, ...products]) expect(Math.abs(sum) / Math.sqrt(DRAWS)).toBeLessThan(FAR);
});

test('each bit of a number turns each bit of its draw with a probability of a half', () => {
  const { first, second } = drawKeys(5, 'avalanche')(0);
  const trials = 4096;
  for (let bit = 0; bit < 24; bit++) {
    const turned = new Int32Array(32);
    for (let number = 0; number < trials; number++) {
      const change = hashed(first, second, number * 31) ^ hashed(first, second, (number * 31) ^ (1 << bit));
      for (let out = 0; out < 32; out++) turned[out]! += (change >>> out) & 1;
    }
    for (const count of turned) {
      expect(Math.abs(count - trials / 2) / Math.sqrt(trials / 4), `bit ${bit}`).toBeLessThan(6);
    }
  }
});

test('the same seed, purpose and item have the same key, all others another one', () => {
  const keys = new Set<string>();
  for (const seed of [0, 1, -1]) {
    for (const method of ['ngram', 'eagle3']) {
      for (let item = 0; item < 1000; item++) {
        const { first, second } = drawKeys(seed, method)(item);
        keys.add(`${first}/${second}`);
      }
    }
  }
  expect(keys.size).toBe(3 * 2 * 1000);
  expect(drawKeys(1, 'ngram')(5)).toEqual(drawKeys(1, 'ngram')(5));
});
