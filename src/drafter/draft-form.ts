/** The forms in which a model drafts: what it is run for, and what the target then verifies. */
import type { DraftWork, StepWork, Verified } from '../cost/work.ts';
import type { DraftTree } from './tree.ts';

export interface DraftForm {
  /** Length of the draft that `DraftWork` is told of a round in which `drafted` tokens are put to the target. */
  length(drafted: number): number;
  /** Passes in a row that it takes for them, each over what the one before drafted. */
  passes(drafted: number): number;
  /** Sets `verified` to a round in which the target verifies so many of its drafts. */
  verify(drafted: number, verified: Verified): void;
  /** States what sets `sequences` rounds of it apart from chains. */
  state(sequences: number, draft: DraftWork, work: StepWork): void;
}

/** A token a pass, each behind the one before. */
export const CHAIN: DraftForm = {
  length: (drafted) => drafted,
  passes: (drafted) => drafted,
  verify: (drafted, verified) => verified.chain(drafted),
  state() {},
};

/** All tokens in one pass; a block is drafted whole, and its first few are verified as a chain is. */
export function block(drafts: number): DraftForm {
  return { ...CHAIN, length: () => drafts, passes: () => 1 };
}

/** All tokens in one pass over what was emitted and a blank for each but the first. */
export const BLANKS: DraftForm = { ...CHAIN, passes: () => 1 };

/** A head for every token, all in one pass over the last token; `length` counts passes. */
export const HEADS: DraftForm = { ...CHAIN, length: () => 1, passes: () => 1 };

/**
 * A tree, drafted and verified whole. Its passes run every node that has children: in a dynamic tree the `topk` likeliest
 * of each depth.
 *
 * @param masked whether it is verified under a mask
 */
export function treeForm(tree: DraftTree, passWidths: readonly number[], masked: boolean): DraftForm {
  const widths = Float64Array.from(passWidths);
  return {
    length: () => widths.length,
    passes: () => widths.length,
    verify(drafted, verified) {
      if (drafted === 0) verified.chain(0);
      else verified.tree(tree.drafts, tree.depthSum);
    },
    state(sequences, draft, work) {
      draft.widths = widths;
      if (masked) work.trees += sequences;
    },
  };
}
