/** Conventions, rounds as positions, rates as a process: hand-computed cases. */
import { expect, it } from 'vitest';
import {
  acceptedHistogramOfLengths,
  conditionalOfMarginal,
  lengthOfAccepted,
  marginalOfConditional,
  marginalOfHistogram,
  meanLengthOfMarginal,
  rateOfMeanLength,
  roundsOfMeanLength,
  shareOfPercent,
} from '../../src/trace/conventions.ts';
import { inspectRecord } from '../../src/trace/inspect.ts';
import { draftsOf, pooled, traceOfRates } from '../../src/trace/rates.ts';
import { parseRecord } from '../../src/trace/read.ts';
import type { RatesRecord, RoundsRecord } from '../../src/trace/record.ts';
import { acceptedAtLeast, tokensPerRound } from '../../src/trace/statistics.ts';
import { positionsOfSteps, traceOfSteps } from '../../src/trace/steps.ts';
import { SAMPLES } from '../acceptance-samples.ts';

it('conversions', () => {
  expect(lengthOfAccepted(0)).toBe(1);
  expect(marginalOfConditional([0.5, 0.5, 0])).toEqual([0.5, 0.25, 0]);
  expect(conditionalOfMarginal([0.5, 0.25, 0, 0])).toEqual([0.5, 0.5, 0, 0]);
  expect(meanLengthOfMarginal([0.5, 0.25])).toBe(1.75);
  // 1 + a + a^2 = 1.75 at a = 0.5.
  expect(rateOfMeanLength(1.75, 2, 't')).toBeCloseTo(0.5, 12);
  // 10 rounds: 2 accept nothing, 3 accept one, 5 accept two.
  expect(marginalOfHistogram([2, 3, 5])).toEqual([0.8, 0.5]);
  expect(
    acceptedHistogramOfLengths(
      new Map([
        [1, 2],
        [3, 5],
      ]),
    ),
  ).toEqual([2, 0, 5]);
  expect(shareOfPercent(57)).toBeCloseTo(0.57, 12);
  expect(roundsOfMeanLength(15, 2.5)).toBe(10);
});

const steps = (drafting: 'chain' | 'tree' | 'unknown', text = SAMPLES['specsim-jsonl']!): RoundsRecord =>
  parseRecord(text.replace('"chain"', `"${drafting}"`), 't') as RoundsRecord;

it('positions inside a round hold the rest of it', () => {
  const lengths = positionsOfSteps(steps('chain').drafters[0]!, 't');
  // The prefill's token, then rounds of 4, 1 and 3 tokens.
  expect([...lengths.emitted]).toEqual([1, 4, 3, 2, 1, 1, 3, 2, 1]);
  expect([...(lengths.proposed as Uint8Array)]).toEqual([0, 3, 2, 1, 0, 3, 3, 2, 1]);
  expect(tokensPerRound(lengths, 3)).toBeCloseTo(8 / 3, 12);
  // At k = 1: 2 + 2, 1, 2 + 1.
  expect(tokensPerRound(lengths, 1)).toBeCloseTo(8 / 5, 12);
  expect(() => tokensPerRound(lengths, 4)).toThrow(RangeError);
});

it('tokens outside the recorded rounds are rounds without a proposal', () => {
  const text = SAMPLES['specsim-jsonl']!.replace('"output_tokens":9', '"output_tokens":11');
  const lengths = positionsOfSteps(steps('chain', text).drafters[0]!, 't');
  expect([...lengths.emitted].slice(9)).toEqual([1, 1]);
  expect([...(lengths.proposed as Uint8Array)].slice(9)).toEqual([0, 0]);
});

it('trees, and drafters nobody described, are not run', () => {
  expect(() => positionsOfSteps(steps('tree').drafters[0]!, 't')).toThrow('drafts a tree');
  expect(() => positionsOfSteps(steps('unknown').drafters[0]!, 't')).toThrow('--drafting chain');
});

it('prompt lengths are recorded or stated', () => {
  const record = steps(
    'chain',
    SAMPLES['specsim-jsonl']!.replace('"prompt_tokens":2', '"prompt_tokens":null'),
  );
  expect(() => traceOfSteps(record, null, 't')).toThrow('--prompt-len');
  expect([...traceOfSteps(record, 7, 't').promptTokens]).toEqual([7]);
});

it('parts are pooled by their rounds', () => {
  const [part] = (parseRecord(SAMPLES['vllm-bench']!, 't') as RatesRecord).rates;
  const other = {
    ...part!,
    rounds: 30,
    acceptedTokens: 75,
    draftedTokens: 90,
    meanLength: 3.5,
    marginal: [1, 0.9, 0.6],
  };
  expect(pooled([part!, other], 'all')).toMatchObject({
    rounds: 40,
    meanLength: 3.25,
    k: 3,
    acceptedTokens: 90,
  });
  expect(pooled([part!, other], 'all').marginal![0]).toBeCloseTo(0.95, 12);
  expect(pooled([part!, { ...other, rounds: null }], 'all').meanLength).toBe(3);
});

it('rates become a fitted process with the same rates and no more drafts than measured', () => {
  const record = parseRecord(SAMPLES['vllm-bench']!, 't') as RatesRecord;
  const asked = { requests: 400, promptTokens: 10, outputTokens: 200, seed: 1, k: null };
  const lengths = traceOfRates(record, asked, 't').drafters.get('unknown')!;
  expect(lengths).toMatchObject({ kind: 'fitted', maxK: 3 });
  expect(Math.max(...lengths.emitted)).toBe(4);
  // 32,000 rounds: standard errors of 0.003 and 0.006.
  acceptedAtLeast(lengths, 3).forEach((share, i) => {
    expect(Math.abs(share - [0.8, 0.5, 0.2][i]!)).toBeLessThan(0.012);
  });
  expect(Math.abs(tokensPerRound(lengths, 3) - 2.5)).toBeLessThan(0.025);
  expect(() => traceOfRates(record, { ...asked, promptTokens: null }, 't')).toThrow('--prompt-len');
  const log = parseRecord(SAMPLES['sglang-log']!, 't') as RatesRecord;
  expect(() => traceOfRates(log, asked, 't')).toThrow('a mean length, and no draft length');
  const mean = { ...record.rates[0]!, marginal: null, k: 2, meanLength: 1.75 };
  expect(draftsOf([mean], null, 't').rates[1]).toBeCloseTo(0.5, 12);
});

it('inspect: hand-computed', () => {
  const [drafter] = inspectRecord(parseRecord(SAMPLES['specsim-jsonl']!, 't')).drafters;
  // Rounds of 4, 1, 3 tokens: two of three accept one draft, two accept two, one accepts three.
  expect(drafter!.accepted_at_least).toEqual([2 / 3, 2 / 3, 1 / 3]);
  expect(drafter!.tokens_per_round![2]).toBeCloseTo(8 / 3, 12);
  expect(drafter!.drift[0]).toBe(4);
  expect(drafter!.drift[5]).toBe(1);
  expect(drafter!.drift[6]).toBe(3);
  expect(drafter!.drift[1]).toBe(null);
});
