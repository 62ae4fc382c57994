/** A budget of so many verified tokens a step, its sequences' own among them (TETRIS, arXiv 2502.15197). */
import { lesser } from '../columns.ts';
import { LEVELS, reaches, wordsFor } from '../trace/survival-levels.ts';
import { SharedLengths, type SharedParts } from './shared-lengths.ts';

export class TokenBudget extends SharedLengths {
  readonly #tokens: number;
  /** By level: drafts of all rounds. */
  readonly #drafts = new Int32Array(LEVELS);

  constructor(parts: SharedParts, tokens: number) {
    super(parts);
    this.#tokens = tokens;
  }

  protected set(starts: Int32Array, rounds: number, _: number, copies: number): void {
    const { verified, drafted, places } = this;
    const { maxK, draftsAll, signal } = this.parts;
    let left = Math.floor(this.#tokens / copies) - rounds;
    if (left <= 0) {
      verified.fill(0, 0, rounds);
      drafted.fill(0);
      return;
    }
    if (draftsAll) drafted.fill(maxK);
    else this.draftOneMore(maxK);
    signal.places(starts, rounds, places);
    const drafts = this.#count(places, rounds);
    let threshold = LEVELS;
    // Nobody verifies what is at 0.
    for (; threshold > 1 && drafts[threshold - 1]! <= left; threshold--) left -= drafts[threshold - 1]!;
    if (threshold === 1) left = 0;
    const { words } = signal;
    const each = wordsFor(signal.depths);
    // Of those one level below the first get what is left.
    for (let i = 0; i < rounds; i++) {
      const above = reaches(words, places[i]!, each, threshold);
      verified[i] = above;
      if (left === 0) continue;
      const more = lesser(reaches(words, places[i]!, each, threshold - 1) - above, left);
      left -= more;
      verified[i] = above + more;
    }
  }

  /** Counts the drafts of rounds by level. */
  #count(places: Int32Array, rounds: number): Int32Array {
    const { words, depths } = this.parts.signal;
    const each = wordsFor(depths);
    const drafts = this.#drafts.fill(0);
    for (let ahead = 0; ahead < each; ahead++) {
      for (let i = 0; i < rounds; i++) {
        const word = words[places[i]! + ahead]!;
        drafts[word & (LEVELS - 1)]!++;
        drafts[(word >>> 8) & (LEVELS - 1)]!++;
        drafts[(word >>> 16) & (LEVELS - 1)]!++;
        drafts[word >>> 24]!++;
      }
    }
    return drafts;
  }
}
