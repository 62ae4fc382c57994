/**
 * Trees on recordings: which tree runs, and which of its drafts are right. What of that is assumed is a constant with an
 * error, as those of a machine are. What was planted is kept for every machine, setting and point that asks again.
 */

import type { CostModel } from '../cost/work.ts';
import type { Planted } from '../drafter/assemble.ts';
import { draftsInOnePass, type Method } from '../drafter/methods.ts';
import {
  bestTreeOf,
  dynamicTree,
  fixedTree,
  type PlannedTree,
  SELECTION_QUALITY,
} from '../drafter/run-tree.ts';
import type { NamedTree } from '../drafter/tree-spec.ts';
import { UserError } from '../errors.ts';
import { Memo } from '../memo.ts';
import {
  assumedText,
  DRAFT_MODEL_CAPTURE,
  type MissCapture,
  type RankedText,
  recordedText,
  timesCapture,
} from '../trace/ranks.ts';
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

/** What of a tree a reader of the answer has to know; null where all of it was recorded. */
export function treeRemark({ plan, assumed }: Planted, ground: Ground): string | null {
  const {
    trace,
    method: { name },
    lengths,
  } = ground;
  if (!assumed) return null;
  const chosen = `a tree chosen by the round has the likeliest drafts in ${100 * SELECTION_QUALITY}% of the rounds`;
  const of = `trace ${trace.name}, trees of ${name}: fitted`;
  if (lengths.ranks !== undefined)
    return `${of}, ranks recorded, the choice of tree ${plan.label} assumed: ${chosen}`;
  const shares = captureOf(ground)
    .map((row) => row.join(', '))
    .join(' / ');
  return `${of}, ranks assumed: of the tokens that its first choice misses, these shares are the second, the third, ...: ${shares} (--miss-capture); ${chosen}`;
}

/** Shares as stated, or else those of the method. */
function captureOf({ inputs, method: { parts } }: Ground): MissCapture {
  return inputs.missCapture ?? parts[0]?.model?.missCapture ?? DRAFT_MODEL_CAPTURE;
}

const RANKS = new Memo<RankedText>();
const PLANTED = new Memo<Planted>();

/** What a tree is planted on. */
export interface Ground {
  readonly inputs: Inputs;
  readonly trace: AcceptanceTrace;
  readonly method: Method;
  readonly lengths: PositionLengths;
  /** Tokens that the draft model can draft in a row. */
  readonly deepest: number;
  /** What the best tree of a batch is sought with. */
  readonly cost: CostModel;
  /** Null under open loads, which have no best tree. */
  readonly batch: number | null;
}

/**
 * @param assumed another value of what is assumed; what a tree does not depend on changes nothing, and is not run again
 * @throws UserError for a tree that is deeper or wider than was recorded
 */
export function planted(tree: NamedTree, ground: Ground, assumed = USUAL): Planted {
  const usual = plantedUnder(tree, ground, USUAL);
  if (!usual.assumed) return usual;
  return plantedUnder(tree, ground, {
    missCapture: ground.lengths.ranks === undefined ? assumed.missCapture : USUAL.missCapture,
    selectionQuality: usual.plan.blind === null ? USUAL.selectionQuality : assumed.selectionQuality,
  });
}

function plantedUnder(
  { name, spec }: NamedTree,
  ground: Ground,
  { missCapture: times, selectionQuality: quality }: TreeAssumptions,
): Planted {
  const { inputs, trace, method, lengths, deepest, cost, batch } = ground;
  checkExtent(name, spec, ground);
  const { seed, missCapture, k } = inputs.scenario;
  const { ranks: recorded } = lengths;
  const { ranks, chances } = RANKS.get([lengths], `${missCapture} ${times} ${seed}`, () =>
    recorded === undefined
      ? assumedText(lengths, timesCapture(captureOf(ground), times), seed)
      : recordedText(lengths, recorded),
  );
  const texts = { starts: lengths.offsets.subarray(0, -1), ends: lengths.offsets.subarray(1) };
  const planting = (plan: PlannedTree): Planted => {
    // A tree of first choices alone is the recorded chain.
    const assumed = plan.masked && (recorded === undefined || plan.blind !== null);
    return { ranks, chances, texts, plan, assumed };
  };
  const of = `${name} ${missCapture} ${seed} ${times} ${quality}`;
  if (spec.kind === 'paths') {
    return PLANTED.get([lengths, spec.tree], of, () => planting(fixedTree(spec.tree, name)));
  }
  if (spec.kind === 'engine') {
    const positions = lengths.offsets.at(-1)!;
    return PLANTED.get([lengths], of, () =>
      planting(dynamicTree(spec, name, chances, { positions, quality, seed })),
    );
  }
  const context = meanContext(trace);
  const limits = { drafts: spec.mostDrafts, depth: Math.min(Math.max(...k), deepest) };
  // The best tree is that of the usual assumptions: what is doubted is how it does, not which it is.
  const best = PLANTED.get(
    [lengths, cost],
    `${name} ${missCapture} ${seed} ${method.name} ${batch} ${limits.depth} ${context}`,
    () => {
      const onePass = draftsInOnePass(method);
      const terms = { onePass, sequences: batch!, contextTokens: Math.round(batch! * context), cost };
      return planting(bestTreeOf(chances, limits, terms));
    },
  );
  return times === USUAL.missCapture ? best : PLANTED.get([best], times, () => ({ ...best, ranks }));
}

/** Tokens of prompt and output of a sequence half-way, mean over requests. */
export function meanContext({ promptTokens, outputTokens }: AcceptanceTrace): number {
  return mean(promptTokens) + mean(outputTokens) / 2;
}

/** Ranks are known as deep as drafts are, and, where they were recorded, of so many choices. */
function checkExtent(
  name: string,
  spec: NamedTree['spec'],
  { method, lengths: { maxK, ranks }, deepest }: Ground,
): void {
  if (spec.kind === 'best') return;
  const [depth, width] =
    spec.kind === 'engine' ? [spec.steps, spec.topk] : [spec.tree.depth, spec.tree.mostRank];
  if (depth > deepest) {
    throw new UserError(
      `--tree ${name}: ${depth} tokens deep, and ${method.name} has ${deepest} heads, one for each; expected a depth of at most that`,
    );
  }
  if (depth > maxK) {
    throw new UserError(
      `--tree ${name}: ${depth} tokens deep, and the acceptance of ${method.name} was recorded with k = ${maxK}; expected a depth of at most that`,
    );
  }
  if (ranks !== undefined && width > ranks.most) {
    throw new UserError(
      `--tree ${name}: ${width} choices of a token, and the ranks of ${method.name} were recorded of the first ${ranks.most}; expected at most that`,
    );
  }
}

function mean(values: Int32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
