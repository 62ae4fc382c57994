/**
 * Chances that drafts survive, all before them included, in levels: four drafts of a round to a word, the first in its
 * lowest byte, so that a word is looked at as a whole. Levels fall along a round; behind its last draft they are 0.
 */

/** Steps of a chance of survival, by which drafts are ranked; what is at 0 is never verified. */
export const LEVELS = 128;

export function levelOf(survival: number): number {
  return ((LEVELS - 1) * survival + 0.5) | 0;
}

export function wordsFor(depths: number): number {
  return (depths + 3) >> 2;
}

export function levelAt(words: Int32Array, place: number, depth: number): number {
  return (words[place + (depth >> 2)]! >>> (8 * (depth & 3))) & (LEVELS - 1);
}

/** How many of the four drafts of a word are at a level, 1 to LEVELS, or above. */
export function countAtLeast(word: number, level: number): number {
  // The topmost bit of each byte, which no level has, is left where the level is not above the byte.
  const left = ((word | 0x80808080) - Math.imul(level, 0x01010101)) & 0x80808080;
  return Math.imul(left >>> 7, 0x01010101) >>> 24;
}

/** How many drafts of the round at a place, from its first on, are at a level or above. */
export function reaches(words: Int32Array, place: number, each: number, level: number): number {
  let drafts = countAtLeast(words[place]!, level);
  for (let at = place + 1; at < place + each; at++) drafts += countAtLeast(words[at]!, level);
  return drafts;
}

/** The words of rounds whose drafts have these chances, each given those before it. */
export function survivalWords(
  chance: (round: number, depth: number) => number,
  rounds: number,
  depths: number,
): Int32Array {
  const each = wordsFor(depths);
  const words = new Int32Array(rounds * each);
  for (let round = 0; round < rounds; round++) {
    let survives = 1;
    for (let depth = 0; depth < depths; depth++) {
      survives *= chance(round, depth);
      words[round * each + (depth >> 2)]! |= levelOf(survives) << (8 * (depth & 3));
    }
  }
  return words;
}
