/**
 * From a tree's name to what runs: which drafts a round verifies, what is run to draft them, and, for the best tree of a
 * batch, which of all trees makes the most tokens a second there.
 */
import { type CostModel, noSeconds, StepWork, totalSeconds, Verified } from '../cost/work.ts';
import { Memo } from '../memo.ts';
import { stream } from '../random/streams.ts';
import {
  bestTree,
  candidatePool,
  type GrownTree,
  likeliestFirst,
  type RankChances,
  randomFirst,
} from './grow-tree.ts';
import type { DraftTree, TreePath } from './tree.ts';
import type { RunTree } from './tree-replay.ts';
import type { TreeSpec } from './tree-spec.ts';

/**
 * How often a dynamic tree has the likeliest drafts of those that were offered, instead of as many at random. No tree
 * was recorded with its candidates: assumed, between what SpecBundle's trees of 6 and 8 tokens reach beside chains
 * of the same size (0.5) and the gain of EAGLE-2 over the best fixed tree of EAGLE (above 1).
 */
export const SELECTION_QUALITY = 0.8;

/** Children of a node of a best tree at most, and its depth unless k says less: what engines allow. */
const MOST_WIDTH = 8;

/** Every batch size weighs the same trees. */
const GROWN = new Memo<GrownTree>();

/** Passes of whoever drafts all of a tree at once: one, over the last token. */
export const ONE_PASS: readonly number[] = [1];

/** A tree ready to run: what rounds verify and what each pass of the drafter runs, by sequence. */
export interface PlannedTree extends RunTree {
  /** What it is called in a row. */
  readonly label: string;
  /** Tokens of pass 1, 2, ... that the drafter runs. */
  readonly passWidths: readonly number[];
  /** Whether it is verified under a mask: where rounds may branch, those that happen not to are no cheaper. */
  readonly masked: boolean;
}

/** A tree that is the same in every round; its passes run the drafts that have children. */
export function fixedTree(tree: DraftTree, label: string): PlannedTree {
  const masked = tree.mostRank > 1;
  return { label, best: tree, blind: null, blindAt: null, passWidths: tree.parentsByDepth, masked };
}

/**
 * A tree that is chosen in every round.
 *
 * @param on the positions of the recording, each of which has one coin whatever the tree is; quality of the selection
 */
export function dynamicTree(
  { steps, topk, drafts }: Extract<TreeSpec, { kind: 'engine' }>,
  label: string,
  chances: RankChances,
  {
    positions,
    quality,
    seed,
  }: { readonly positions: number; readonly quality: number; readonly seed: number },
): PlannedTree {
  const pool = candidatePool(chances, steps, topk);
  const passWidths = [1, ...Array<number>(steps - 1).fill(topk)];
  const best = likeliestFirst(pool).first(drafts);
  const masked = topk > 1;
  if (pool.tree.drafts === drafts) return { label, best, blind: null, blindAt: null, passWidths, masked };
  const draw = stream(seed, 'tree', 'selection');
  return {
    label,
    best,
    blind: randomFirst(pool, stream(seed, 'tree', 'order')).first(drafts),
    blindAt: new Uint8Array(positions).map(() => (draw() < quality ? 0 : 1)),
    passWidths,
    masked,
  };
}

/** What a batch is like whose best tree is sought. */
export interface TreeTerms {
  /** Whether all of a tree is drafted in one pass over the last token (Medusa). */
  readonly onePass: boolean;
  readonly sequences: number;
  readonly contextTokens: number;
  readonly cost: CostModel;
}

/** A tree of so many drafts, with what it emits and takes. */
interface Weighed {
  readonly drafts: number;
  /** Expected tokens of a round. */
  readonly length: number;
  readonly stepS: number;
}

/** The first drafts of a tree, from none on: expected tokens of a round, and the price of a step whose rounds verify them. */
export function* weighedPrefixes(
  paths: readonly TreePath[],
  chances: ArrayLike<number>,
  { onePass, sequences, contextTokens, cost }: TreeTerms,
): Generator<Weighed> {
  const price = noSeconds();
  const verified = new Verified();
  const work = new StepWork(1, paths.length);
  const passWidths: number[] = [];
  const parents = new Set<string>();
  let length = 1;
  let depthSum = 0;
  let branches = false;
  work.addRounds(sequences, contextTokens, verified);
  cost.priceStep(work, price);
  yield { drafts: 0, length, stepS: totalSeconds(price) };
  for (const [n, path] of paths.entries()) {
    const parent = path.slice(0, -1).join(' ');
    if (!parents.has(parent)) passWidths[path.length - 1] = (passWidths[path.length - 1] ?? 0) + 1;
    parents.add(parent);
    length += chances[n]!;
    depthSum += path.length;
    branches ||= path.at(-1)! > 1;
    work.clear();
    verified.tree(n + 1, depthSum);
    work.addRounds(sequences, contextTokens, verified);
    if (branches) work.trees = sequences;
    const [draft] = work.drafts;
    const widths = onePass ? ONE_PASS : passWidths;
    draft!.widths = Float64Array.from(widths);
    draft!.addAll(
      sequences,
      widths.length,
      contextTokens,
      onePass ? sequences : Math.round(sequences * length),
    );
    cost.priceStep(work, price);
    yield { drafts: n + 1, length, stepS: totalSeconds(price) };
  }
}

/**
 * The best tree of every size within a depth and a width, with the price of a step in which all sequences verify it.
 *
 * @param limits drafts and depth at most
 */
function* weighedTrees(
  chances: RankChances,
  limits: { readonly drafts: number; readonly depth: number },
  terms: TreeTerms,
): Generator<{ readonly weighed: Weighed; readonly grown: GrownTree }> {
  for (let depth = 1; depth <= Math.min(limits.depth, chances.length); depth++) {
    for (let width = 1; width <= MOST_WIDTH; width++) {
      const grown = GROWN.get([chances], `${limits.drafts} ${depth} ${width}`, () =>
        bestTree(chances, { drafts: limits.drafts, depth, width }),
      );
      // One that leaves room in its width was weighed with less of it.
      if (grown.tree.mostRank < width) break;
      for (const weighed of weighedPrefixes(grown.tree.paths, grown.chances, terms)) {
        if (weighed.drafts > 0) yield { weighed, grown };
      }
    }
  }
}

/** The tree that makes the most tokens a second of a batch; its name says depth, width and verified tokens. */
export function bestTreeOf(
  chances: RankChances,
  limits: { readonly drafts: number; readonly depth: number },
  terms: TreeTerms,
): PlannedTree {
  let best: { readonly weighed: Weighed; readonly grown: GrownTree } | null = null;
  for (const one of weighedTrees(chances, limits, terms)) {
    if (best === null || speed(one.weighed) > speed(best.weighed)) best = one;
  }
  const { weighed, grown } = best!;
  const tree = grown.tree.first(weighed.drafts);
  return fixedTree(
    tree,
    `best ${tree.depth}x${Math.max(...tree.paths.map((path) => path.at(-1)!))}x${tree.drafts + 1}`,
  );
}

const speed = ({ length, stepS }: Weighed): number => length / stepS;
