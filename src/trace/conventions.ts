/** Conversions between the ways in which acceptance is stated. Everything inside the program is in the first form. */
import { UserError } from '../errors.ts';

/** Most drafts of a round: lengths have to fit a byte. */
export const MAX_K = 254;

/** Emitted length of a round (bonus or correction token counted) from its accepted drafts. */
export function lengthOfAccepted(accepted: number): number {
  return accepted + 1;
}

/** P(at least i + 1 accepted) from P(draft i accepted, given those before): running products. */
export function marginalOfConditional(conditional: readonly number[]): number[] {
  let reached = 1;
  return conditional.map((rate) => {
    reached *= rate;
    return reached;
  });
}

/** P(draft i accepted, given those before) from P(at least i + 1 accepted); 0 after a position never reached. */
export function conditionalOfMarginal(marginal: readonly number[]): number[] {
  return marginal.map((share, i) => {
    const before = i === 0 ? 1 : marginal[i - 1]!;
    return before === 0 ? 0 : share / before;
  });
}

/** Mean emitted length of a round: the bonus token plus every accepted draft. */
export function meanLengthOfMarginal(marginal: readonly number[]): number {
  return marginal.reduce((sum, share) => sum + share, 1);
}

/** Mean emitted length at draft length k with one rate a: (1 - a^(k+1)) / (1 - a). */
function meanEmittedLength(rate: number, k: number): number {
  let length = 0;
  for (let i = 0; i <= k; i++) length += rate ** i;
  return length;
}

/**
 * The one rate of independent drafts that gives a mean emitted length at draft length k.
 *
 * @throws UserError when no rate does
 */
export function rateOfMeanLength(length: number, k: number, where: string): number {
  if (!Number.isInteger(k) || k < 1 || k > MAX_K) {
    throw new UserError(`${where}: got k ${k}, expected a whole number from 1 to ${MAX_K}`);
  }
  if (length < 1 || length > k + 1) {
    throw new UserError(`${where}: got a mean length of ${length} at k ${k}, expected 1 to ${k + 1}`);
  }
  let low = 0;
  let high = 1;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (meanEmittedLength(middle, k) < length) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * P(at least i + 1 accepted) from counts of rounds.
 *
 * @param counts element i is the number of rounds that accepted exactly i drafts; the last one is i = k
 */
export function marginalOfHistogram(counts: readonly number[]): number[] {
  const rounds = counts.reduce((sum, count) => sum + count, 0);
  let beyond = rounds;
  return counts.slice(0, -1).map((count) => {
    beyond -= count;
    return rounds === 0 ? 0 : beyond / rounds;
  });
}

/** Counts by accepted drafts (element i: exactly i) from counts by emitted length (the key, bonus counted). */
export function acceptedHistogramOfLengths(byLength: ReadonlyMap<number, number>): number[] {
  const counts = new Array<number>(Math.max(...byLength.keys())).fill(0);
  for (const [length, count] of byLength) counts[length - 1] = count;
  return counts;
}

export function shareOfPercent(percent: number): number {
  return percent / 100;
}

/** Mean emitted length of rounds that accept so many drafts together. */
export function meanLengthOf(acceptedTokens: number, rounds: number): number {
  return (rounds + acceptedTokens) / rounds;
}

/** Rounds from accepted drafts and the mean emitted length, which counts the bonus token. */
export function roundsOfMeanLength(acceptedTokens: number, meanLength: number): number {
  return acceptedTokens / (meanLength - 1);
}
