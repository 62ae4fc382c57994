import assert from 'node:assert';
import { describe, expect, it } from 'vitest';
import { inContexts } from '../../src/trace/context-curve.ts';
import { contextDependence } from '../../src/trace/context-dependence.ts';
import { offsetsOfLengths } from '../../src/trace/flat.ts';
import { judgedAt, judgedIn } from '../../src/trace/judged.ts';
import type { Steps } from '../../src/trace/record.ts';
import { inOtherContexts, recordedCurve, rememberingContext } from '../../src/trace/recorded-context.ts';
import type { AcceptanceTrace, PositionLengths } from '../../src/trace/trace.ts';
import { falling, fallingSteadily, K, meanOver, REQUESTS, type Texts, texts } from '../context-texts.ts';

const dependenceOf = ({ lengths, promptTokens }: Texts) =>
  contextDependence(judgedAt(lengths, promptTokens))!;

describe('the curve of a process with a known one', () => {
  it.each([
    ['that falls', falling, [130, 1800], REQUESTS],
    ['that is 1', () => 1, [130, 1800], REQUESTS],
    // Later drafts of the same prompts have longer contexts: within a bin the curve falls as drift would.
    ['that falls all along behind short prompts', fallingSteadily, [20, 300], 1000],
    ['that few requests show', falling, [130, 1800], 70],
  ] as const)('%s is in its interval as often as that says', (_, share, prompts, requests) => {
    let [checked, within, width] = [0, 0, 0];
    for (let seed = 0; seed < 25; seed++) {
      const { lengths, promptTokens } = texts(seed, share, prompts, requests);
      const judged = judgedAt(lengths, promptTokens);
      const { bins } = contextDependence(judged)!;
      const reference = bins.find(({ factor }) => factor?.error === 0)!;
      for (const bin of bins) {
        const { factor } = bin;
        if (factor === null || factor.error === 0) continue;
        const known = meanOver(judged, share, bin) / meanOver(judged, share, reference);
        checked++;
        width += factor.hi - factor.lo;
        if (factor.lo <= known && known <= factor.hi) within++;
      }
    }
    // Of 40 and more, 95 % and four standard deviations less.
    assert(checked >= 40);
    expect(within / checked).toBeGreaterThan(0.95 - 4 * Math.sqrt((0.95 * 0.05) / checked));
    // A tenth more or less at most, so that a fall of a third is seen.
    expect(width / checked).toBeLessThan(0.2);
  });

  it('is found in rounds that ran as in every position', () => {
    const { lengths, promptTokens } = texts(1, falling, [130, 1800]);
    const { offsets, emitted } = lengths;
    const rounds: number[][] = Array.from({ length: REQUESTS }, (_, r) => {
      const own: number[] = [];
      for (let at = offsets[r]! + 1; at < offsets[r + 1]!; at += own.at(-1)!) {
        own.push(Math.min(emitted[at]!, offsets[r + 1]! - at));
      }
      return own;
    });
    const steps = {
      maxK: K,
      promptTokens,
      outputTokens: Int32Array.from(rounds, (own) => own.reduce((sum, n) => sum + n, 1)),
      offsets: offsetsOfLengths(Int32Array.from(rounds, (own) => own.length)),
      emitted: Uint8Array.from(rounds.flat()),
      proposed: null,
    } as unknown as Steps;
    const [every, ran] = [judgedAt(lengths, promptTokens), judgedIn(steps, promptTokens)].map(
      (judged) => contextDependence(judged)!,
    );
    for (const [c, { factor }] of ran!.bins.entries()) {
      const other = every!.bins[c]!.factor!;
      expect(Math.abs(Math.log(factor!.share / other.share))).toBeLessThan(
        4 * Math.max(factor!.error, other.error) + 1e-9,
      );
    }
  });

  it('is not told from drift where prompts are alike', () => {
    const { bins } = dependenceOf(texts(1, falling, [100, 101]));
    expect(bins.length).toBeGreaterThan(1);
    expect(bins.map(({ factor }) => factor)).toEqual(bins.map(() => null));
    expect(() => recordedCurve({ bins, acceptance: 0.5 }, 'here')).toThrow(/^here: prompts too alike/);
  });

  it('does not take drift for a curve', () => {
    // Contexts above 256 are ends of outputs alone, but where prompts are long.
    const { bins } = dependenceOf(texts(3, () => 1, [100, 400]));
    const raw = bins.map(({ accepted, tried }) => accepted / tried);
    expect(raw[0]! / raw[1]!).toBeGreaterThan(1.05);
    for (const { factor } of bins) if (factor) expect(factor.lo <= 1 && factor.hi >= 1).toBe(true);
  });
});

describe('lengths in other contexts than recorded', () => {
  const recorded = texts(5, falling, [130, 1800]);
  const of = recordedCurve(dependenceOf(recorded), '');
  const { promptTokens } = recorded;
  const trace = {
    promptTokens,
    drafters: new Map([['eagle3', recorded.lengths]]),
  } as unknown as AcceptanceTrace;
  const lengths = rememberingContext(trace, 'eagle3', of).drafters.get('eagle3')!;
  const elsewhere = (prompts: Int32Array, shifted = false) =>
    inOtherContexts(lengths, lengths.recordedContext!, prompts, 'eagle3', 1, shifted);
  const rate = ({ emitted, offsets }: PositionLengths) => {
    const decoded = emitted.length - REQUESTS - (offsets[0] ?? 0);
    return emitted.reduce((sum, one) => sum + (one > 1 ? 1 : 0), 0) / decoded;
  };

  it('are the same in the same contexts, on the curve and on one a standard error higher', () => {
    expect(elsewhere(promptTokens).emitted).toEqual(lengths.emitted);
    expect(elsewhere(promptTokens, true).emitted).toEqual(lengths.emitted);
  });

  it('are accepted as those recorded there, in longer and in shorter ones', () => {
    for (const prompt of [150, 1500]) {
      const prompts = new Int32Array(REQUESTS).fill(prompt);
      const there = texts(5, falling, [prompt, prompt]);
      // Steps that are drawn as slopes, and requests that are drawn: within a tenth.
      expect(Math.abs(Math.log(rate(elsewhere(prompts)) / rate(there.lengths)))).toBeLessThan(0.1);
    }
    expect(rate(elsewhere(new Int32Array(REQUESTS).fill(150)))).toBeGreaterThan(1.1 * rate(lengths));
  });
});

describe('a round that gains a draft', () => {
  // One request of 6 tokens, k = 4: nothing is right but the drafts of tokens 3 and 4.
  const lengths: PositionLengths = {
    maxK: 4,
    kind: 'recording',
    offsets: Int32Array.of(0, 6),
    emitted: Uint8Array.of(1, 1, 1, 3, 2, 1),
    proposed: 'always',
  };
  const gaining = (token: number) => [
    ...inContexts(lengths, (_, p) => (p === token ? 1e9 : 1), 'eagle3', 1, 0.5).emitted,
  ];

  it('goes on as one that starts behind it', () => {
    // Token 2 known: a round at 2 has 2, 3 and 4, and emits its own for 5.
    expect(gaining(2)).toEqual([1, 1, 4, 3, 2, 1]);
    // Token 5 is the last: rounds at 3 and 4 end with it.
    expect(gaining(5)).toEqual([1, 1, 1, 4, 3, 2]);
  });
});
