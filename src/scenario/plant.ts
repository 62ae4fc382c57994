/**
 * Trees on recordings: which tree runs, and which of its drafts are right. What of that is assumed is a constant with an
 * error, as those of a machine are. What was planted is kept for every machine, setting and point that asks again.
 */

import type { CostModel } from '../cost/work.ts';
import type { Planted } from '../drafter/assemble.ts';
import type { Method } from '../drafter/methods.ts';
import { bestTreeOf, dynamicTree, fixedTree, SELECTION_QUALITY } from '../drafter/run-tree.ts';
import type { NamedTree } from '../drafter/tree-spec.ts';
import { UserError } from '../errors.ts';
import { Memo } from '../memo.ts';
import { DRAFT_MODEL_CAPTURE, type RankedText, ranksOf, timesCapture } from '../trace/ranks.ts';
import type { AcceptanceTrace, PositionLengths } from '../trace/trace.ts';
import type { Inputs } from './inputs.ts';

/** What is assumed where nobody recorded it. */
export interface TreeAssumptions {
  /** Shares of missed tokens that later choices are, as a multiple of those of the method or stated. */
  readonly missCapture: number;
  /** How often a dynamic tree has the likeliest of what was offered. */
  readonly selectionQuality: number;
}

const USUAL: TreeAssumptions = { missCapture: 1, selectionQuality: SELECTION_QUALITY };

/**
 * The constants of trees, each with one standard error more. Sources of the shares differ by a quarter, and the quality
 * lies between what trees of 6 and 8 tokens reach beside chains of the same size, 0.5, and a perfect one (run-tree.ts).
 */
export const TREE_CONSTANTS: readonly {
  readonly path: string;
  /** Relative standard error. */
  readonly error: number;
  readonly shifted: TreeAssumptions;
}[] = [
  { path: 'tree.missCapture', error: 0.25, shifted: { ...USUAL, missCapture: 1.25 } },
  {
    path: 'tree.selectionQuality',
    error: 0.15 / SELECTION_QUALITY,
    shifted: { ...USUAL, selectionQuality: SELECTION_QUALITY + 0.15 },
  },
];

/** What a reader of the answer has to know. */
export function treeRemark(trace: AcceptanceTrace, { name }: Method, { missCapture }: Inputs): string {
  const shares = (missCapture ?? DRAFT_MODEL_CAPTURE).map((row) => row.join(', ')).join(' / ');
  return `trace ${trace.name}, trees of ${name}: fitted, ranks assumed: of the tokens that its first choice misses, these shares are the second, the third, ...: ${shares} (--miss-capture); a tree chosen by the round has the likeliest drafts in ${100 * SELECTION_QUALITY} % of the rounds`;
}

const RANKS = new Memo<RankedText>();
const PLANTED = new Memo<Planted>();

/** What a tree is planted on. */
export interface Ground {
  readonly inputs: Inputs;
  readonly trace: AcceptanceTrace;
  readonly method: Method;
  readonly lengths: PositionLengths;
  /** What the best tree of a batch is sought with. */
  readonly cost: CostModel;
  /** Null under open loads, which have no best tree. */
  readonly batch: number | null;
}

/** @throws UserError for a tree that is deeper than was recorded */
export function planted({ name, spec }: NamedTree, ground: Ground, assumed = USUAL): Planted {
  const { inputs, trace, method, lengths, cost, batch } = ground;
  const { scenario, hardware, engine, target } = inputs;
  const depth = spec.kind === 'engine' ? spec.steps : spec.kind === 'paths' ? spec.tree.depth : 1;
  if (depth > lengths.maxK) {
    throw new UserError(
      `--tree ${name}: ${depth} tokens deep, and the acceptance of ${method.name} was recorded with k = ${lengths.maxK}; expected a depth of at most that`,
    );
  }
  const { seed, missCapture, tp, dtype, k } = scenario;
  const { ranks, chances } = RANKS.get([lengths], `${missCapture} ${assumed.missCapture} ${seed}`, () =>
    ranksOf(lengths, timesCapture(inputs.missCapture ?? DRAFT_MODEL_CAPTURE, assumed.missCapture), seed),
  );
  const texts = { starts: lengths.offsets.subarray(0, -1), ends: lengths.offsets.subarray(1) };
  const of = `${name} ${missCapture} ${assumed.missCapture} ${seed}`;
  if (spec.kind === 'paths') {
    return PLANTED.get([lengths, spec.tree], of, () => ({
      ranks,
      chances,
      texts,
      plan: fixedTree(spec.tree, name),
    }));
  }
  if (spec.kind === 'engine') {
    const { selectionQuality: quality } = assumed;
    return PLANTED.get([lengths], `${of} ${quality}`, () => {
      const plan = dynamicTree(spec, name, chances, { positions: lengths.offsets.at(-1)!, quality, seed });
      return { ranks, chances, texts, plan };
    });
  }
  const context = meanContext(trace);
  const limits = { drafts: spec.mostDrafts, depth: Math.max(...k) };
  // The best tree is that of the usual assumptions: what is doubted is how it does, not which it is.
  const best = PLANTED.get(
    [lengths, hardware, engine, target],
    `${name} ${missCapture} ${seed} ${method.name} ${tp} ${dtype} ${batch} ${limits.depth} ${context}`,
    () => {
      const terms = { sequences: batch!, contextTokens: Math.round(batch! * context), cost };
      return { ranks, chances, texts, plan: bestTreeOf(chances, limits, terms) };
    },
  );
  return assumed.missCapture === USUAL.missCapture ? best : { ...best, ranks };
}

/** Tokens of prompt and output of a sequence half-way, mean over requests. */
export function meanContext({ promptTokens, outputTokens }: AcceptanceTrace): number {
  return mean(promptTokens) + mean(outputTokens) / 2;
}

function mean(values: Int32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
