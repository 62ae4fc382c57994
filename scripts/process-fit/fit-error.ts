/** How far a fitted process is from its recording, in percent; the measure that the project states. */
import type { AcceptanceProcess } from '../../src/trace/process.ts';
import { sampleProcess } from '../../src/trace/process.ts';
import type { AcceptanceTrace } from '../../src/trace/trace.ts';
import {
  DRAFT_LENGTHS,
  type Method,
  mean,
  meanByDecile,
  replayTotals,
  requestMeans,
  standardDeviation,
  sum,
  tokensPerRound,
} from './replay-totals.ts';

/** Seeds that no fit uses; look-up on instructcoder differs by more than its error between fewer of them. */
export const UNSEEN_SEEDS: readonly number[] = Array.from({ length: 12 }, (_, i) => 1001 + i);
export const REQUESTS = 3000;

export type FitError = NonNullable<AcceptanceProcess['fitError']>;

/** All but speedups, which take the simulator (simulated-error.ts). */
type ReplayError = {
  readonly [M in Method]: Omit<FitError[M], 'speedupMeanPercent' | 'speedupWorstPercent'>;
};

interface Statistics {
  readonly tokensPerRound: readonly number[];
  readonly spread: number;
  readonly deciles: readonly number[];
  readonly withoutProposal: number;
}

/** Deviations of the mean over samples of 3,000 requests, one a seed, from the recording. */
export function replayError(
  process: AcceptanceProcess,
  recording: AcceptanceTrace,
  seeds: readonly number[] = UNSEEN_SEEDS,
): ReplayError {
  const samples = seeds.map((seed) => sampleProcess(process, { requests: REQUESTS, seed }));
  const errors = (method: Method) => {
    const target = statistics(recording, method);
    const got = samples.map((sample) => statistics(sample, method));
    const rounds = percents(target.tokensPerRound, averaged(got.map((s) => s.tokensPerRound)));
    const deciles = percents(target.deciles, averaged(got.map((s) => s.deciles)));
    return {
      requests: REQUESTS,
      seeds: [...seeds],
      tokensPerRoundMeanPercent: rounded(mean(rounds)),
      tokensPerRoundWorstPercent: rounded(Math.max(...rounds)),
      spreadPercent: rounded(percent(target.spread, mean(got.map((s) => s.spread)))),
      driftMeanPercent: rounded(mean(deciles)),
    };
  };
  const idle = percent(
    statistics(recording, 'ngram').withoutProposal,
    mean(samples.map((sample) => statistics(sample, 'ngram').withoutProposal)),
  );
  return {
    ngram: { ...errors('ngram'), withoutProposalPercent: rounded(idle) },
    eagle3: errors('eagle3'),
    combined: errors('combined'),
  };
}

function statistics(trace: AcceptanceTrace, method: Method): Statistics {
  const totals = DRAFT_LENGTHS.map((length) => replayTotals(trace, method, length));
  const atThree = totals[DRAFT_LENGTHS.indexOf(3)]!;
  return {
    tokensPerRound: totals.slice(0, -1).map(tokensPerRound),
    spread: standardDeviation(requestMeans(totals[DRAFT_LENGTHS.indexOf(20)]!)),
    deciles: meanByDecile(trace, method),
    withoutProposal: sum(atThree.idle) / sum(atThree.rounds),
  };
}

function averaged(rows: readonly (readonly number[])[]): number[] {
  return rows[0]!.map((_, i) => mean(rows.map((row) => row[i]!)));
}

function percents(target: readonly number[], got: readonly number[]): number[] {
  return target.map((value, i) => percent(value, got[i]!));
}

function percent(target: number, got: number): number {
  return 100 * Math.abs(got / target - 1);
}

export function rounded(value: number): number {
  return Number(value.toFixed(2));
}
