/** A way to propose, and what it is: what a method chooses among. */
import type { Proposer } from './drafter.ts';
import type { BasicMethod } from './methods.ts';
import type { ModelProposer } from './model-proposer.ts';

export interface Choice {
  readonly part: BasicMethod;
  readonly proposer: Proposer;
  /** The proposer, where it runs a model; null for a look-up. */
  readonly model: ModelProposer | null;
}
