/**
 * Rounds that depend on their request alone and of which many are alike but for their context: a number tells what a
 * round does, so that whoever replays requests alone states each number once (engine/replayed-rounds.ts).
 */
import type { StepWork, Verified } from '../cost/work.ts';

/** A round an element, those of one request in order. */
export interface ToldColumns {
  readonly number: Float64Array;
  /** Tokens that it emits. */
  readonly emitted: Int32Array;
}

export interface ToldRounds {
  /**
   * Writes all rounds of a request, from its first on.
   *
   * @param outputTokens that it has in all
   * @returns how many rounds
   */
  tell(request: number, outputTokens: number, to: ToldColumns): number;
  /**
   * Adds the drafting of a round of that number to `work`.
   *
   * @returns what the target verifies in it; good until the next is stated
   */
  state(number: number, context: number, work: StepWork): Verified;
}
