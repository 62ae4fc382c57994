/**
 * Which nodes a tree should have. Siblings exclude each other, so the expected acceptance length of a tree is 1 and
 * the sum over its nodes of the chance that the whole way to them is right (Medusa, arXiv 2401.10774; Sequoia, arXiv
 * 2402.12374). Chances fall with the rank and along every way, so that the n likeliest nodes are always a tree, and
 * taking the likeliest next one gives the best tree of every size at once: no dynamic program is needed.
 */
import type { Stream } from '../random/streams.ts';
import { DraftTree, type TreePath } from './tree.ts';

/** Element `[j][r]`: chance that the choice of rank r + 1 at depth j + 1 is right, given that its parent is. Falls with r. */
export type RankChances = readonly Float64Array[];

/** What a tree may have at most. */
export interface TreeLimits {
  readonly drafts: number;
  readonly depth: number;
  /** Children of a node. */
  readonly width: number;
}

/** A tree with the chance of each of its nodes, in the order of its drafts. */
export interface GrownTree {
  readonly tree: DraftTree;
  readonly chances: Float64Array;
}

interface Candidate {
  readonly path: TreePath;
  /** That the way to its parent is right. */
  readonly parentChance: number;
  readonly chance: number;
}

/** The best tree within limits; its first n drafts are the best tree of n. Fewer drafts where the limits hold no more. */
export function bestTree(chances: RankChances, limits: TreeLimits): GrownTree {
  const depth = Math.min(limits.depth, chances.length);
  const candidate = (parent: TreePath, rank: number, parentChance: number): Candidate[] => {
    const chance = chances[parent.length]?.[rank - 1];
    if (parent.length >= depth || rank > limits.width || chance === undefined) return [];
    return [{ path: [...parent, rank], parentChance, chance: parentChance * chance }];
  };
  const frontier = candidate([], 1, 1);
  const paths: TreePath[] = [];
  const grown: number[] = [];
  while (paths.length < limits.drafts && frontier.length > 0) {
    const at = likeliest(frontier);
    const { path, parentChance, chance } = frontier[at]!;
    paths.push(path);
    grown.push(chance);
    const sibling = candidate(path.slice(0, -1), path.at(-1)! + 1, parentChance);
    frontier.splice(at, 1, ...sibling, ...candidate(path, 1, chance));
  }
  return { tree: new DraftTree(paths), chances: Float64Array.from(grown) };
}

/** The first of the likeliest, so that equals are taken in the order in which they came. */
function likeliest(candidates: readonly Candidate[]): number {
  let best = 0;
  for (let i = 1; i < candidates.length; i++) if (candidates[i]!.chance > candidates[best]!.chance) best = i;
  return best;
}

/** That the whole way to a draft is right. */
export function chanceOf(path: TreePath, chances: RankChances): number {
  return path.reduce((chance, rank, j) => chance * (chances[j]?.[rank - 1] ?? 0), 1);
}

/**
 * What a dynamic tree chooses its drafts from (EAGLE-2, arXiv 2406.16858, as SGLang runs it): the first pass offers
 * `topk` tokens, and each later pass runs the `topk` likeliest of the last pass's and offers `topk` behind each.
 */
export function candidatePool(chances: RankChances, steps: number, topk: number): GrownTree {
  const paths: TreePath[] = [];
  const pool: number[] = [];
  let offered = offers([], 1, chances, topk);
  for (let step = 0; step < steps && offered.length > 0; step++) {
    for (const { path, chance } of offered) {
      paths.push(path);
      pool.push(chance);
    }
    const expanded = offered.toSorted((a, b) => b.chance - a.chance).slice(0, topk);
    offered = expanded.flatMap(({ path, chance }) => offers(path, chance, chances, topk));
  }
  return { tree: new DraftTree(paths), chances: Float64Array.from(pool) };
}

function offers(path: TreePath, chance: number, chances: RankChances, topk: number): Candidate[] {
  const row = chances[Math.min(path.length, chances.length - 1)]!;
  return Array.from({ length: topk }, (_, r) => ({
    path: [...path, r + 1],
    parentChance: chance,
    chance: chance * (row[r] ?? 0),
  }));
}

/** Drafts of the pool in the order of their chances; the first n of them are the likeliest n. */
export function likeliestFirst({ tree, chances }: GrownTree): DraftTree {
  const order = Array.from(chances.keys()).sort((a, b) => chances[b]! - chances[a]! || a - b);
  return new DraftTree(order.map((n) => tree.paths[n]!));
}

/** Drafts of the pool in an order that knows nothing of their chances; the first n of them are a tree, too. */
export function randomFirst({ tree }: GrownTree, draw: Stream): DraftTree {
  const waiting = new Map<string, TreePath[]>();
  for (const path of tree.paths) {
    const parent = path.slice(0, -1).join(' ');
    waiting.set(parent, [...(waiting.get(parent) ?? []), path]);
  }
  const frontier = waiting.get('') ?? [];
  const order: TreePath[] = [];
  while (frontier.length > 0) {
    const [path] = frontier.splice(Math.floor(draw() * frontier.length), 1);
    order.push(path!);
    frontier.push(...(waiting.get(path!.join(' ')) ?? []));
  }
  return new DraftTree(order);
}
