/** Rounds that depend on their request alone, so that all of them are known before the first is run. */
import type { StepWork } from '../cost/work.ts';

/** What rounds emit, one after the other: elements of `lengths` from `start` up to `end`. */
export interface RoundStream {
  readonly lengths: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Whether a round stands as many elements behind the one before as that one emits: where it starts in the output. */
  readonly byPosition: boolean;
}

export interface KnownRounds {
  /** No round emits more. */
  readonly longest: number;
  /**
   * All rounds of a request from a position on that has so many tokens left. Lengths that stand by position may be above
   * `longest`, and the last of them may reach beyond the output: neither is emitted. Others add up to what is left. It is
   * good until the next is asked for.
   */
  stream(request: number, position: number, left: number): RoundStream;
  /** Tokens that the model catches up on in the next round of a request. */
  nextCatchUp(request: number, position: number): number;
  /** Element t: the same after a round that emitted t tokens. */
  readonly catchUpAfter: Int32Array;
  /** Notes that the last round of a request emitted so many tokens. */
  resume(request: number, emitted: number): void;
  /** Adds the work of a step's rounds, drafting and verification, from sums over its sequences. */
  state(sequences: number, contextTokens: number, catchUpTokens: number, work: StepWork): void;
}
