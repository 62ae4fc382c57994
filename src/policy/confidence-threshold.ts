/**
 * A round ends before its first draft of which the drafter is less sure than this, whatever the other rounds of the step do:
 * llama.cpp's `--draft-p-min`, DSpark's `confidence_threshold` in vLLM (pull request 48204). The draft at which a chain ends is
 * made, and not verified.
 */
import { SharedLengths, type SharedParts } from './shared-lengths.ts';

export class ConfidenceThreshold extends SharedLengths {
  readonly #least: number;

  /** @param least chance of being right, given those before it, from which a draft is verified */
  constructor(parts: SharedParts, least: number) {
    super(parts);
    this.#least = least;
    if (parts.draftsAll) this.drafted.fill(parts.maxK);
    else this.draftOneMore(parts.maxK);
  }

  protected set(starts: Int32Array, rounds: number): void {
    const { maxK, signal } = this.parts;
    const least = this.#least;
    for (let i = 0; i < rounds; i++) {
      const at = starts[i]!;
      let own = 0;
      while (own < maxK && signal.chance(at, own) >= least) own++;
      this.verified[i] = own;
    }
  }
}
