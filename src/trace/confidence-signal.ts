/**
 * What a drafter says of its drafts before they are verified: of each the chance that it is right, given those before it.
 * Recorded, or else assumed (assumed-confidence.ts).
 */
import { lesser } from '../columns.ts';
import { Memo } from '../memo.ts';
import { reaches, survivalWords, wordsFor } from './survival-levels.ts';
import type { TokenConfidence } from './token-confidence.ts';

export interface Signal {
  /** Drafts of a round that it speaks of; further ones have no chance. */
  readonly depths: number;
  /** Levels of survival (survival-levels.ts), so many words a round as its depths take. */
  readonly words: Int32Array;
  /**
   * Where in `words` those of some rounds begin.
   *
   * @param starts elements of the flat lengths at which the rounds start, the first `rounds` of them
   */
  places(starts: Int32Array, rounds: number, into: Int32Array): void;
  /** How many of the first drafts of each round, `most` at most, survive at a level, 1 to LEVELS, or above. */
  reaching(starts: Int32Array, rounds: number, level: number, most: number, into: Uint8Array): void;
  /** @param at element of the flat lengths at which the round starts; @param depth drafts before this one */
  chance(at: number, depth: number): number;
}

const RECORDED = new Memo<Int32Array>();

export class RecordedSignal implements Signal {
  readonly depths: number;
  readonly words: Int32Array;
  readonly #recorded: TokenConfidence;

  constructor(recorded: TokenConfidence, most: number) {
    const { list } = recorded;
    this.depths = Math.min(most, recorded.depths);
    this.#recorded = recorded;
    this.words = RECORDED.get([list], `${recorded.depths}/${this.depths}`, () =>
      survivalWords((at, depth) => this.chance(at, depth), list.length / recorded.depths, this.depths),
    );
  }

  chance(at: number, depth: number): number {
    const { depths, list } = this.#recorded;
    return depth < this.depths ? list[at * depths + depth]! / 255 : 0;
  }

  places(starts: Int32Array, rounds: number, into: Int32Array): void {
    const each = wordsFor(this.depths);
    for (let i = 0; i < rounds; i++) into[i] = starts[i]! * each;
  }

  reaching(starts: Int32Array, rounds: number, level: number, most: number, into: Uint8Array): void {
    const { words } = this;
    const each = wordsFor(this.depths);
    for (let i = 0; i < rounds; i++) {
      into[i] = lesser(reaches(words, starts[i]! * each, each, level), most);
    }
  }
}
