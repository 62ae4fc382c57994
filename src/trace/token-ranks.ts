/**
 * Recorded ranks: which of a drafter's choices each token of the target was, at every position along the depth of a
 * tree. Lists of different lengths lie flat, one position after the other.
 */

export interface TokenRanks {
  /** Choices that were looked at: a rank is 1, the likeliest, to `most`, or 0 for none of them. */
  readonly most: number;
  /** Of every position, the ranks of the target's tokens at depth 1, 2, ..., ended by 0 or by `maxK` of them. */
  readonly list: Uint8Array;
}

/** Length positions + 1: those of position i are elements `begins[i]` to `begins[i + 1]` of the list. */
export function rankBegins(list: Uint8Array, positions: number, maxK: number): Int32Array {
  const begins = new Int32Array(positions + 1);
  let next = 0;
  for (let at = 0; at < positions; at++) {
    begins[at] = next;
    for (let depth = 0; depth < maxK && list[next++]! > 0; depth++);
  }
  begins[positions] = next;
  return begins;
}

/**
 * Ranks of other positions, each of which has those of a recorded one.
 *
 * @param recorded positions that there are ranks of
 * @param from of each new position the recorded one; -1 where nothing is known
 */
export function movedRanks(
  { most, list }: TokenRanks,
  recorded: number,
  maxK: number,
  from: Int32Array,
): TokenRanks {
  const begins = rankBegins(list, recorded, maxK);
  const none = Math.min(maxK, 1);
  const length = (source: number) => (source < 0 ? none : begins[source + 1]! - begins[source]!);
  const moved = new Uint8Array(from.reduce((sum, source) => sum + length(source), 0));
  let next = 0;
  for (const source of from) {
    if (source >= 0) moved.set(list.subarray(begins[source]!, begins[source + 1]!), next);
    next += length(source);
  }
  return { most, list: moved };
}
