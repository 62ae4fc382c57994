/** Which experts tokens visit, by hand. */
import { describe, expect, it } from 'vitest';
import { activatedExperts, Routing } from '../../src/cost/routing.ts';

const routing = (count: number, perToken: number, skew = 0, share = 0, alike = 0) =>
  new Routing({ count, perToken, skew, share, alike });

describe('distinct experts', () => {
  it('are E (1 - (1 - K/E)^m) where all are as popular', () => {
    expect(activatedExperts(4, 2, 1)).toBe(2);
    expect(activatedExperts(4, 2, 2)).toBe(3);
    const even = routing(128, 8);
    for (const tokens of [1, 1.25, 2, 16, 100]) {
      expect(even.distinct(tokens)).toBeCloseTo(activatedExperts(128, 8, tokens), 9);
    }
  });

  it('are fewer where some are popular: two of weights 1 and 1/2 are visited with 2/3 and 1/3', () => {
    expect(routing(2, 1, 1).distinct(2)).toBeCloseTo(2 - (1 / 3) ** 2 - (2 / 3) ** 2, 12);
  });

  it('copies count as one sequence, and what is less alike as more', () => {
    const independent = (alike: number) => routing(8, 2, 0, 0.5, alike).independent(4 * 3, 4);
    // Three tokens of a sequence that share half of their experts are two.
    expect([independent(0), independent(0.5), independent(1)]).toEqual([8, 2 * 2.5, 2]);
  });

  it('a token visits as many as it does, however skewed, and none twice', () => {
    // Of weights 1, 1/4, 1/9 and 2 visits a token the first is certain.
    const skewed = routing(3, 2, 2);
    expect(skewed.distinct(1)).toBeCloseTo(2, 12);
    expect(skewed.distinct(2)).toBeCloseTo(1 + 2 - (4 / 13) ** 2 - (9 / 13) ** 2, 12);
  });
});

it('tokens of a text count as fewer that are independent', () => {
  expect(routing(8, 2, 0, 0.25).independent(4, 1)).toBe(1 + 3 * 0.75);
  expect(routing(8, 2, 0, 0.25).independent(8, 2)).toBe(2 + 6 * 0.75);
});

it('saturation is where MoESD puts it: ceil(ln(1 - 0.95) / ln(1 - K/E)) tokens', () => {
  expect(routing(8, 2).saturatesAt()).toBe(11);
  expect(routing(64, 8).saturatesAt()).toBe(23);
  expect(routing(128, 8).saturatesAt()).toBe(47);
  expect(routing(256, 8).saturatesAt()).toBe(95);
});
