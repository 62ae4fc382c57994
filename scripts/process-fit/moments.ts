/** What a fitted process has to share with its recording, each with the deviation that counts as one. */
import type { AcceptanceTrace, PositionLengths } from '../../src/trace/trace.ts';
import {
  correlation,
  DRAFT_LENGTHS,
  type Method,
  mean,
  meanByDecile,
  replayTotals,
  requestMeans,
  speedupProxy,
  standardDeviation,
  sum,
  tokensPerRound,
} from './replay-totals.ts';

export const BATCHES = [1, 16, 64, 128] as const;

interface Moment {
  readonly value: number;
  /** Deviation that costs one: of the logarithm, or of the value where `plain`. */
  readonly tolerance: number;
  readonly plain: boolean;
}

export type Moments = ReadonlyMap<string, Moment>;

/** Deviations in units of their tolerance, in the order of `target`. */
export function deviations(target: Moments, got: Moments): number[] {
  return [...target].map(([name, { value, tolerance, plain }]) => {
    const other = got.get(name)!.value;
    return (plain ? other - value : Math.log(Math.max(other, 1e-9) / Math.max(value, 1e-9))) / tolerance;
  });
}

/** The moments of the n-gram look-up. */
export function ngramMoments(trace: AcceptanceTrace): Moments {
  const moments = new Collected();
  addReplays(moments, trace, 'ngram', 0.003, 0.002);
  addShape(moments, trace, 'ngram');
  const lengths = trace.drafters.get('ngram')!;
  for (const k of [1, 3, 5, 10, 20] as const) {
    const totals = replayTotals(trace, 'ngram', k);
    moments.add(`drafted at ${k}`, sum(totals.drafted) / sum(totals.rounds), 0.01);
    if (k === 3) moments.add('without a proposal', sum(totals.idle) / sum(totals.rounds), 0.01);
  }
  const { starts, first, later, firstAt } = runStatistics(lengths);
  starts.forEach((rate, i) => {
    moments.add(`starts after a break, class ${i}`, rate, 0.05);
  });
  for (const [name, lengths] of [
    ['first run', first],
    ['later run', later],
  ] as const) {
    for (const tokens of [1, 3, 8, 20, 40, 80]) {
      const share = lengths.filter((length) => length > tokens).length / lengths.length;
      moments.addPlain(`${name} beyond ${tokens}`, share, 0.03 * share + 0.005);
    }
  }
  moments.add('start of the first run', mean(firstAt), 0.03);
  moments.addPlain('start in the opening', firstAt.filter((at) => at < 8).length / firstAt.length, 0.02);
  return moments.all;
}

/** The moments of the EAGLE-3 head and of how it goes together with the look-up. */
export function eagle3Moments(trace: AcceptanceTrace): Moments {
  const moments = new Collected();
  addReplays(moments, trace, 'eagle3', 0.002, 0.003);
  addShape(moments, trace, 'eagle3');
  addReplays(moments, trace, 'combined', 0.005, 0.008);
  moments.add('one shorter', fallShare(trace.drafters.get('eagle3')!), 0.02);
  const ngram = requestMeans(replayTotals(trace, 'ngram', 20));
  const eagle3 = requestMeans(replayTotals(trace, 'eagle3', 20));
  if (ngram.length === eagle3.length) {
    moments.addPlain('methods together', correlation(ngram, eagle3), 0.03);
  }
  return moments.all;
}

class Collected {
  readonly all = new Map<string, Moment>();

  add(name: string, value: number, tolerance: number): void {
    this.all.set(name, { value, tolerance, plain: false });
  }

  addPlain(name: string, value: number, tolerance: number): void {
    this.all.set(name, { value, tolerance, plain: true });
  }
}

function addReplays(
  moments: Collected,
  trace: AcceptanceTrace,
  method: Method,
  roundTolerance: number,
  speedupTolerance: number,
): void {
  for (const length of DRAFT_LENGTHS) {
    const totals = replayTotals(trace, method, length);
    if (length !== 'oracle') {
      moments.add(`${method}: tokens per round at ${length}`, tokensPerRound(totals), roundTolerance);
    }
    for (const batch of BATCHES) {
      const name = `${method}: speedup at ${length}, batch ${batch}`;
      moments.add(name, speedupProxy(totals, batch), speedupTolerance);
    }
  }
}

function addShape(moments: Collected, trace: AcceptanceTrace, method: 'ngram' | 'eagle3'): void {
  const lengths = trace.drafters.get(method)!;
  for (const k of [3, 20] as const) {
    const totals = replayTotals(trace, method, k);
    const means = requestMeans(totals);
    moments.add(`spread at ${k}`, standardDeviation(means), 0.012);
    const sorted = means.toSorted((a, b) => a - b);
    for (const share of [0.1, 0.5, 0.9]) {
      const quantile = sorted[Math.floor(share * sorted.length)]!;
      moments.add(`quantile ${share} at ${k}`, quantile, 0.04);
    }
    const outputs = Array.from(totals.tokens);
    const all = outputs.map((tokens, r) => tokens / totals.rounds[r]!);
    for (const [what, by] of [
      ['output', outputs],
      ['prompt', Array.from(trace.promptTokens)],
    ] as const) {
      thirds(all, by).forEach((value, i) => {
        moments.add(`third ${i} by ${what} at ${k}`, value, 0.05);
      });
    }
  }
  meanByDecile(trace, method).forEach((value, i) => {
    moments.add(`decile ${i}`, value, 0.02);
  });
  atLeast(lengths).forEach((share, i) => {
    moments.addPlain(`at least ${i + 1}`, share, 0.03 * share + 0.002);
  });
}

/** Mean of `values` in each third of the requests by `by`; requests without a round are left out. */
function thirds(values: readonly number[], by: readonly number[]): number[] {
  const order = values
    .map((_, r) => r)
    .filter((r) => Number.isFinite(values[r]!))
    .sort((a, b) => by[a]! - by[b]!);
  return [0, 1, 2].map((third) => {
    const from = Math.floor((third * order.length) / 3);
    const to = Math.floor(((third + 1) * order.length) / 3);
    return mean(order.slice(from, to).map((r) => values[r]!));
  });
}

/** Share of positions at which at least i drafts are accepted, i from 1. */
function atLeast({ emitted, offsets, maxK }: PositionLengths): number[] {
  const counts = new Float64Array(maxK);
  for (const length of emitted) for (let i = 0; i < length - 1; i++) counts[i]!++;
  const positions = emitted.length - (offsets.length - 1);
  return Array.from(counts, (count) => count / positions);
}

/** Share of positions that accept exactly one draft fewer than the position before, which accepted some. */
function fallShare({ emitted, offsets, maxK }: PositionLengths): number {
  let falls = 0;
  let all = 0;
  for (let r = 0; r + 1 < offsets.length; r++) {
    for (let i = offsets[r]! + 2; i < offsets[r + 1]!; i++) {
      const before = emitted[i - 1]!;
      if (before === 1 || before > maxK) continue;
      all++;
      if (emitted[i] === before - 1) falls++;
    }
  }
  return falls / all;
}

/** How often runs start by tokens since the last one broke (0, 1-2, 3-6), how long they are, where the first is. */
function runStatistics({ emitted, offsets }: PositionLengths): {
  starts: number[];
  first: number[];
  later: number[];
  firstAt: number[];
} {
  const classOf = [0, 1, 1, 2, 2, 2, 2];
  const starts = new Float64Array(3);
  const chances = new Float64Array(3);
  const first: number[] = [];
  const later: number[] = [];
  const firstAt: number[] = [];
  for (let r = 0; r + 1 < offsets.length; r++) {
    const start = offsets[r]!;
    const end = offsets[r + 1]!;
    let lag = classOf.length;
    let runs = 0;
    for (let i = start + 1; i < end; i++) {
      const group = classOf[lag++];
      const copies = emitted[i]! > 1;
      if (group !== undefined) {
        chances[group]!++;
        if (copies) starts[group]!++;
      }
      if (!copies) continue;
      const from = i;
      while (i < end && emitted[i]! > 1) i++;
      if (runs++ === 0) firstAt.push(from - start);
      (runs === 1 ? first : later).push(i - from);
      lag = 0;
    }
  }
  return { starts: Array.from(starts, (n, i) => n / chances[i]!), first, later, firstAt };
}
