/** What a drafter yields at a fixed k, by replay of its lengths; nothing here costs time. */
import type { PositionLengths } from './trace.ts';

/**
 * Tokens emitted by a round, the bonus or correction token included: all tokens over all rounds when every
 * request is replayed at this k. The prefill's token and round are left out. 1 at k = 0; NaN at
 * a larger k when there are no rounds.
 *
 * @param k draft length, 0 to `lengths.maxK`
 */
export function tokensPerRound(lengths: PositionLengths, k: number): number {
  return acceptedAtLeast(lengths, k).reduce((sum, share) => sum + share, 1);
}

/**
 * Element i is the share of rounds that accept at least i + 1 drafted tokens, i = 0..k-1, when every request
 * is replayed at this k. All NaN when there are no rounds.
 *
 * @param k draft length, 0 to `lengths.maxK`
 */
export function acceptedAtLeast(lengths: PositionLengths, k: number): Float64Array {
  if (!Number.isInteger(k) || k < 0 || k > lengths.maxK) {
    throw new RangeError(`k is ${k}, expected an integer 0 to ${lengths.maxK}`);
  }
  const { offsets, emitted } = lengths;
  const shares = new Float64Array(k);
  let rounds = 0;
  for (let r = 0; r + 1 < offsets.length; r++) {
    const end = offsets[r + 1]!;
    for (let at = offsets[r]! + 1; at < end; ) {
      const tokens = Math.min(emitted[at]!, k + 1, end - at);
      for (let i = 0; i < tokens - 1; i++) shares[i]!++;
      rounds++;
      at += tokens;
    }
  }
  return shares.map((count) => count / rounds);
}
