/** Rounds that depend on their request alone, so that all of them are known before the first is run. */
import type { StepWork } from '../cost/work.ts';

export interface KnownRounds {
  /**
   * Writes what the rounds of a request emit, from a position to its end, and returns how many rounds they are.
   *
   * @param emitted holds as many rounds as tokens are left
   */
  stream(request: number, position: number, left: number, emitted: Int32Array): number;
  /** Tokens that the model catches up on in the next round of a request. */
  nextCatchUp(request: number, position: number): number;
  /** Element t: the same after a round that emitted t tokens. */
  readonly catchUpAfter: Int32Array;
  /** Notes that the last round of a request emitted so many tokens. */
  resume(request: number, emitted: number): void;
  /** Adds the work of a step's rounds, drafting and verification, from sums over its sequences. */
  state(sequences: number, contextTokens: number, catchUpTokens: number, work: StepWork): void;
}
