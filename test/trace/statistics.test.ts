import { expect, test } from 'vitest';
import { acceptedAtLeast, tokensPerRound } from '../../src/trace/statistics.ts';
import type { PositionLengths } from '../../src/trace/trace.ts';

const lengths: PositionLengths = {
  maxK: 4,
  offsets: Int32Array.of(0, 8, 10),
  emitted: Uint8Array.of(1, 3, 2, 1, 1, 5, 1, 1, /* second request */ 1, 2),
  proposed: 'always',
  kind: 'recording',
};

test('replay by hand', () => {
  // k = 4: position 1 emits 3, 4 emits 1, 5 emits 5 of which 3 are left; the second request emits the 1 left.
  expect(tokensPerRound(lengths, 4)).toBeCloseTo(8 / 4, 12);
  expect([...acceptedAtLeast(lengths, 4)]).toEqual([0.5, 0.5, 0, 0]);
  // k = 1: positions 1 (2), 3 (1), 4 (1), 5 (2), 7 (1), and 1.
  expect(tokensPerRound(lengths, 1)).toBeCloseTo(8 / 6, 12);
  expect(tokensPerRound(lengths, 0)).toBe(1);
});

test('without rounds there is nothing to average', () => {
  const prefillOnly = { ...lengths, offsets: Int32Array.of(0, 1), emitted: Uint8Array.of(1) };
  expect(tokensPerRound(prefillOnly, 2)).toBeNaN();
});

test('a k that the recording cannot answer for is refused', () => {
  expect(() => tokensPerRound(lengths, 5)).toThrow('k is 5, expected an integer 0 to 4');
});
