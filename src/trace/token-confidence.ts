/**
 * Recorded confidence: the chance, as the drafter itself stated it, that each draft of a round is right, given those before
 * it. So many depths of every position or round lie flat, in 255ths.
 */

export interface TokenConfidence {
  /** Drafts of a round that it has a value for; those beyond are not known. */
  readonly depths: number;
  readonly list: Uint8Array;
}

/** A chance as it is kept: a byte. */
export function inBytes(chance: number): number {
  return Math.round(255 * Math.min(Math.max(chance, 0), 1));
}

/**
 * The confidence of other positions, each of which has that of a recorded one.
 *
 * @param from of each new position the recorded one; -1 where nothing is known, which is 0
 */
export function movedConfidence({ depths, list }: TokenConfidence, from: Int32Array): TokenConfidence {
  const moved = new Uint8Array(from.length * depths);
  for (const [at, source] of from.entries()) {
    if (source >= 0) moved.set(list.subarray(source * depths, (source + 1) * depths), at * depths);
  }
  return { depths, list: moved };
}
