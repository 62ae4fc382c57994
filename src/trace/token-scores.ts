/**
 * Recorded scores: what the target thought of the drafter's draft for each token of the output, given the text before it.
 * Four bytes a token: the probability of the draft and that of the target's likeliest token in 255ths, which of the
 * target's choices the draft is (0: none of the first 255), and the entropy of its distribution in 32nds of a nat.
 */
import type { Score } from './accept-rule.ts';

export interface TokenScores {
  readonly list: Uint8Array;
}

/** Numbers a token. */
export const SCORE_FIELDS = 4;

/** That of the token at a flat position. A probability that rounds to 0 is a half of the least. */
export function scoreAt({ list }: TokenScores, at: number): Score {
  const i = SCORE_FIELDS * at;
  const rank = list[i + 2]!;
  return {
    probability: Math.max(list[i]!, 0.5) / 255,
    likeliest: list[i + 1]! / 255,
    rank: rank === 0 ? Number.POSITIVE_INFINITY : rank,
    entropy: list[i + 3]! / 32,
  };
}

/** The scores of other positions, each of which has those of a recorded one; -1 where nothing is known. */
export function movedScores({ list }: TokenScores, from: Int32Array): TokenScores {
  const moved = new Uint8Array(SCORE_FIELDS * from.length);
  for (const [at, source] of from.entries()) {
    if (source >= 0) {
      moved.set(list.subarray(SCORE_FIELDS * source, SCORE_FIELDS * (source + 1)), SCORE_FIELDS * at);
    }
  }
  return { list: moved };
}
