import { describe, expect, it } from 'vitest';
import { studentOverNormal, wideningOfFew } from '../../src/random/student.ts';

const NORMAL = 1.95996398;

describe("Student's t over the normal quantile", () => {
  it.each([
    [7, 2.36462425],
    [19, 2.09302405],
    [60, 2.00029782],
  ])('is the tabled one at %d degrees of freedom', (freedom, tabled) => {
    expect(Math.abs(studentOverNormal(freedom) / (tabled / NORMAL) - 1)).toBeLessThan(1e-3);
  });

  it('is within 1 % at 3', () => {
    expect(Math.abs((studentOverNormal(3) * NORMAL) / 3.18244631 - 1)).toBeLessThan(0.01);
  });
});

describe('the widening of few', () => {
  it('of two alike is that of the pooled t', () => {
    expect(wideningOfFew(10, 10)).toBeCloseTo(Math.sqrt(10 / 9) * studentOverNormal(18), 12);
  });

  it('is that of the fewer where the other are many, and none where both are', () => {
    expect(wideningOfFew(10, 1e9)).toBeCloseTo(Math.sqrt(10 / 9) * studentOverNormal(9), 6);
    expect(wideningOfFew(1e9, 1e9)).toBeCloseTo(1, 6);
  });
});
