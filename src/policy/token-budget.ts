/** A budget of so many verified tokens a step, its sequences' own among them (TETRIS, arXiv 2502.15197). */
import { LEVELS, levelOf } from './outlook.ts';
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
    const { maxK, draftsAll } = this.parts;
    const { verified, drafted } = this;
    const budget = Math.floor(this.#tokens / copies) - rounds;
    const survival = this.survivalOf(starts, rounds, maxK);
    const drafts = this.#drafts.fill(0);
    for (let i = 0; i < rounds * maxK; i++) drafts[levelOf(survival[i]!)]!++;
    let left = Math.max(0, budget);
    let threshold = LEVELS - 1;
    for (; threshold > 0 && drafts[threshold]! <= left; threshold--) left -= drafts[threshold]!;
    for (let i = 0; i < rounds; i++) {
      let length = i * maxK;
      const end = length + maxK;
      while (length < end && levelOf(survival[length]!) > threshold) length++;
      for (; threshold > 0 && left > 0 && length < end && levelOf(survival[length]!) === threshold; length++)
        left--;
      length -= i * maxK;
      verified[i] = length;
      drafted[i] = budget <= 0 ? 0 : draftsAll ? maxK : Math.min(length + 1, maxK);
    }
  }
}
