/** How far drafts are right by draft number, along the output or from request to request: counts of a replay. */
import type { PositionLengths } from './trace.ts';

export interface AcceptanceMap {
  /** Draft length of the replay. */
  readonly k: number;
  readonly rounds: number;
  /** What a column is: a tenth of the output, or requests by their mean, the least first. */
  readonly columns: readonly string[];
  /** By draft number from 1, then by column: share of rounds that accept so many drafts; null without a round. */
  readonly shares: readonly (readonly (number | null)[])[];
}

const TENTHS = 10;

/** Requests side by side at the most: more are taken together. */
const MOST_REQUESTS = 25;

/**
 * Replays every request at `k` and counts.
 *
 * @param k draft length, 1 to `lengths.maxK`
 */
export function acceptanceMap(lengths: PositionLengths, k: number, by: 'output' | 'request'): AcceptanceMap {
  const requests = lengths.offsets.length - 1;
  const counts = Array.from({ length: requests }, (_, r) => countsOf(lengths, k, r));
  const total = (of: readonly Counts[], column: number) => ({
    rounds: of.reduce((sum, { rounds }) => sum + rounds[column]!, 0),
    accepted: Array.from({ length: k }, (_, i) =>
      of.reduce((sum, { accepted }) => sum + accepted[i * TENTHS + column]!, 0),
    ),
  });
  const tenths = Array.from({ length: TENTHS }, (_, column) => column);
  const groups: { name: string; of: readonly Counts[]; columns: readonly number[] }[] =
    by === 'output'
      ? tenths.map((t) => ({ name: `${10 * t}-${10 * (t + 1)}%`, of: counts, columns: [t] }))
      : ranked(counts).map((of, g, { length }) => ({
          name: `${Math.round((100 * g) / length)}-${Math.round((100 * (g + 1)) / length)}%`,
          of,
          columns: tenths,
        }));
  const columns = groups.map(({ of, columns }) => columns.map((column) => total(of, column)));
  const rounds = columns.map((parts) => parts.reduce((sum, part) => sum + part.rounds, 0));
  return {
    k,
    rounds: rounds.reduce((sum, one) => sum + one, 0),
    columns: groups.map(({ name }) => name),
    shares: Array.from({ length: k }, (_, i) =>
      columns.map((parts, c) =>
        rounds[c] === 0 ? null : parts.reduce((sum, { accepted }) => sum + accepted[i]!, 0) / rounds[c]!,
      ),
    ),
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
  const sum = (values: Int32Array) => values.reduce((total, value) => total + value, 0);
  const decoded = counts.filter(({ rounds }) => sum(rounds) > 0);
  const mean = ({ rounds, accepted }: Counts) => sum(accepted) / sum(rounds);
  const order = [...decoded].sort((a, b) => mean(a) - mean(b));
  const groups = Math.min(MOST_REQUESTS, order.length);
  return Array.from({ length: groups }, (_, g) =>
    order.slice(Math.floor((g * order.length) / groups), Math.floor(((g + 1) * order.length) / groups)),
  );
}
