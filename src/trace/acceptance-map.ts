/** How far drafts are right by draft number, along the output or from request to request: counts of a replay. */
import type { PositionLengths } from './trace.ts';

export interface AcceptanceMap {
  /** Draft length of the replay. */
  readonly k: number;
  readonly rounds: number;
  /** By tenth of the output, and by requests in the order of their means, the least first. */
  readonly along: Shares;
  readonly between: Shares;
}

interface Shares {
  /** What a column is of. */
  readonly columns: readonly string[];
  /** By draft number from 1, then by column: share of rounds that accept so many drafts; null without a round. */
  readonly shares: readonly (readonly (number | null)[])[];
}

const TENTHS = 10;

/** Counts that a column takes together: those of some requests, in some tenths of their output. */
interface Column {
  readonly of: readonly Counts[];
  readonly tenths: readonly number[];
}

/**
 * Replays every request at `k` and counts.
 *
 * @param k draft length, 1 to `lengths.maxK`
 */
export function acceptanceMap(lengths: PositionLengths, k: number): AcceptanceMap {
  const counts = Array.from({ length: lengths.offsets.length - 1 }, (_, r) => countsOf(lengths, k, r));
  const all = Array.from({ length: TENTHS }, (_, tenth) => tenth);
  return {
    k,
    rounds: counts.reduce((sum, { rounds }) => sum + total(rounds), 0),
    along: sharesOf(
      all.map((tenth) => ({ of: counts, tenths: [tenth] })),
      k,
    ),
    between: sharesOf(
      ranked(counts).map((of) => ({ of, tenths: all })),
      k,
    ),
  };
}

function sharesOf(columns: readonly Column[], k: number): Shares {
  const { length } = columns;
  const sum = ({ of, tenths }: Column, value: (counts: Counts, tenth: number) => number) =>
    of.reduce((all, counts) => all + tenths.reduce((own, tenth) => own + value(counts, tenth), 0), 0);
  const rounds = columns.map((column) => sum(column, (counts, tenth) => counts.rounds[tenth]!));
  const share = (column: Column, c: number, i: number) =>
    rounds[c] === 0 ? null : sum(column, ({ accepted }, tenth) => accepted[i * TENTHS + tenth]!) / rounds[c]!;
  const percent = (c: number) => Math.round((100 * c) / length);
  return {
    columns: columns.map((_, c) => `${percent(c)}-${percent(c + 1)}%`),
    shares: Array.from({ length: k }, (_, i) => columns.map((column, c) => share(column, c, i))),
  };
}

/** By tenth of the output: rounds, and of each draft number those that accept it. */
interface Counts {
  readonly rounds: Int32Array;
  readonly accepted: Int32Array;
}

function countsOf({ offsets, emitted }: PositionLengths, k: number, request: number): Counts {
  const counts = { rounds: new Int32Array(TENTHS), accepted: new Int32Array(k * TENTHS) };
  const start = offsets[request]! + 1;
  const end = offsets[request + 1]!;
  for (let at = start; at < end; ) {
    const tokens = Math.min(emitted[at]!, k + 1, end - at);
    const tenth = Math.floor((TENTHS * (at - start)) / (end - start));
    counts.rounds[tenth]!++;
    for (let i = 0; i < tokens - 1; i++) counts.accepted[i * TENTHS + tenth]!++;
    at += tokens;
  }
  return counts;
}

/** Requests in groups of equal size, by tokens a round. */
function ranked(counts: readonly Counts[]): Counts[][] {
  const decoded = counts.filter(({ rounds }) => total(rounds) > 0);
  const mean = ({ rounds, accepted }: Counts) => total(accepted) / total(rounds);
  const order = [...decoded].sort((a, b) => mean(a) - mean(b));
  const groups = Math.min(TENTHS, order.length);
  return Array.from({ length: groups }, (_, g) =>
    order.slice(Math.floor((g * order.length) / groups), Math.floor(((g + 1) * order.length) / groups)),
  );
}

function total(values: Int32Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
