/** Acceptance that depends on context. */
import { describe, expect, it } from 'vitest';
import { alongContext, parseContextCurve, shareAt } from '../../src/trace/context-curve.ts';
import type { PositionLengths } from '../../src/trace/trace.ts';

describe('a curve', () => {
  const curve = parseContextCurve('1k:1, 4k:0.5', 'here');

  it('is linear in the logarithm of the context, and flat beyond its ends', () => {
    expect([1, 1024, 2048, 4096, 99_999].map((context) => shareAt(curve, context))).toEqual([
      1, 1, 0.75, 0.5, 0.5,
    ]);
  });

  it.each(['', '4k', '4k:0', '4k:1.1', 'many:1', '4k:0.5,4k:0.4', '8k:1,4k:0.5', '4k:1;8k:0.5'])(
    '%j is refused',
    (written) => {
      expect(() => parseContextCurve(written, 'here')).toThrow(/^here: .*expected/);
    },
  );
});

describe('lengths along a curve', () => {
  const tokens = 4000;
  const lengths: PositionLengths = {
    maxK: 3,
    kind: 'recording',
    offsets: Int32Array.of(0, tokens, 2 * tokens),
    emitted: new Uint8Array(2 * tokens).fill(4),
    proposed: 'always',
  } as PositionLengths;
  const along = (written: string) =>
    alongContext(lengths, Int32Array.of(100, 90_000), parseContextCurve(written, ''), 'eagle3', 1).emitted;
  const mean = (emitted: Uint8Array) => emitted.reduce((sum, one) => sum + one, 0) / emitted.length;

  it('are what they were where all is accepted', () => {
    expect(along('1k:1')).toEqual(lengths.emitted);
  });

  it('lose drafts one by one with that chance, in the contexts of the curve alone', () => {
    const emitted = along('8k:1,64k:0.5');
    expect(emitted.subarray(0, tokens)).toEqual(lengths.emitted.subarray(0, tokens));
    // 1 + 1/2 + 1/4 + 1/8.
    expect(mean(emitted.subarray(tokens))).toBeCloseTo(1.875, 1);
  });

  it('end where the text loses a draft, whichever round drafts it', () => {
    const emitted = along('1k:0.5');
    for (let at = 0; at + 1 < tokens; at++) {
      if (emitted[at]! > 1) expect(emitted[at + 1]!).toBeGreaterThanOrEqual(emitted[at]! - 1);
    }
  });
});
