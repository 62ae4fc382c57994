/** Rounds that depend on their request alone, so that all of them are known before the first is run. */
import type { StepWork } from '../cost/work.ts';

export interface KnownRounds {
  /** No round emits more. */
  readonly longest: number;
  /**
   * What rounds of a request could emit, by the position at which they start: element `start` and those after it, from a
   * position with so many tokens left. They may be above `longest`, or reach beyond the end.
   */
  lengths(request: number, position: number, left: number): Uint8Array;
  start(request: number, position: number): number;
  /** Tokens that the model catches up on in the next round of a request. */
  nextCatchUp(request: number, position: number): number;
  /** Element t: the same after a round that emitted t tokens. */
  readonly catchUpAfter: Int32Array;
  /** Notes that the last round of a request emitted so many tokens. */
  resume(request: number, emitted: number): void;
  /** Adds the work of a step's rounds, drafting and verification, from sums over its sequences. */
  state(sequences: number, contextTokens: number, catchUpTokens: number, work: StepWork): void;
}
