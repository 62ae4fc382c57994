import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { parseAcceptanceSpec, sampleAcceptance } from '../../src/trace/acceptance-spec.ts';
import { tokensPerRound } from '../../src/trace/statistics.ts';

describe('stated acceptance', () => {
  it.each([
    ['0.62', { rates: [0.62], share: 1, k: null }],
    ['0.85:0.6:0.35', { rates: [0.85, 0.6, 0.35], share: 1, k: null }],
    ['0.5/0.25', { rates: [0.5], share: 0.25, k: null }],
    ['1@4', { rates: [0], share: 1, k: 4 }],
  ])('%s', (spec, stated) => {
    const read = parseAcceptanceSpec(spec, '--acceptance x');
    expect(read).toMatchObject({ share: stated.share, k: stated.k });
    for (const [i, rate] of stated.rates.entries()) expect(read.rates[i]).toBeCloseTo(rate, 9);
  });

  it.each([
    ['2.6@3/0', 'a share of rounds that draft above 0'],
    ['2.6@3/1.5', 'a share of rounds that draft above 0'],
    ['2.6@3/0.4/2', 'a share of rounds that draft above 0'],
    ['2.6@3/', 'expected a rate'],
    ['2.6@3@4', 'expected a rate'],
    ['5@3', 'expected 1 to 4'],
    ['2@255', 'expected a whole number from 1 to 254'],
    ['2@1.5', 'expected a whole number from 1 to 254'],
    ['1.5', 'expected rates between 0 and 1'],
    ['x', 'expected a rate'],
  ])('%s is refused', (spec, message) => {
    expect(() => parseAcceptanceSpec(spec, '--acceptance x')).toThrow(UserError);
    expect(() => parseAcceptanceSpec(spec, '--acceptance x')).toThrow(message);
  });

  const outputs = Int32Array.of(40_000);
  const sample = (spec: string, maxK: number) => {
    const { rates, share } = parseAcceptanceSpec(spec, 'x');
    return sampleAcceptance(rates, outputs, 'ngram', 1, { maxK, share, drafted: maxK });
  };

  it('a share of rounds lowers the tokens of all of them: 1 + 1.6 x 0.4', () => {
    const lengths = sample('2.6@3/0.4', 3);
    expect(Math.abs(tokensPerRound(lengths, 3) - 1.64)).toBeLessThan(0.03);
    const drafting = (lengths.proposed as Uint8Array).filter((drafts) => drafts > 0);
    expect(Math.abs(drafting.length / outputs[0]! - 0.4)).toBeLessThan(0.01);
    expect(drafting.every((drafts) => drafts === 3)).toBe(true);
  });

  it('a length beyond 20 drafts is met', () => {
    expect(Math.abs(tokensPerRound(sample('2.18@32', 32), 32) - 2.18)).toBeLessThan(0.04);
    expect(Math.abs(tokensPerRound(sample('120@200', 200), 200) / 120 - 1)).toBeLessThan(0.1);
  });

  it('a larger share, and a longer draft, never give a shorter length', () => {
    const [few, many, longer] = [sample('0.8/0.3', 5), sample('0.8/0.7', 5), sample('0.8/0.7', 9)];
    few.emitted.forEach((emitted, i) => {
      if (emitted > many.emitted[i]! || many.emitted[i]! > longer.emitted[i]!) throw new Error(`at ${i}`);
    });
  });

  it('drafts fewer than the longest on average, and never fewer than are accepted', () => {
    for (const drafted of [2.5, 3.5, 5]) {
      const lengths = sampleAcceptance([0.6], outputs, 'ngram', 1, { maxK: 5, share: 1, drafted });
      const { emitted, proposed } = lengths;
      const list = proposed === 'always' ? new Uint8Array(emitted.length).fill(5) : (proposed as Uint8Array);
      const mean = list.slice(1).reduce((sum, drafts) => sum + drafts, 0) / (list.length - 1);
      expect(Math.abs(mean - drafted)).toBeLessThan(0.05);
      expect(emitted.every((length, i) => i === 0 || list[i]! >= length - 1)).toBe(true);
    }
  });
});
