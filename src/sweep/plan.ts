/** The order of the work: points that share traces, cost tables and baselines lie beside each other. */
import { entry } from '../memo.ts';
import { OPTION_NAMES } from '../scenario/option-table.ts';
import type { OptionName, Scenario } from '../scenario/options.ts';
import type { Point } from './grid.ts';

/** Points of a block are worked off by one worker, and belong to one shard. */
type Block = readonly number[];

/** One machine's part of a sweep, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Large enough to share baselines, small enough to spread over many workers. */
const LARGEST_BLOCK = 16;
const BLOCKS_PER_SHARD = 16;

/** What the requests of a point are made of: points that agree on it share samples and, by method and k, replayed rounds. */
const REQUESTS = ['target', 'trace', 'workload', 'requests', 'promptLen', 'outputLen', 'seed'] as const;

/** What points have in common when one bench serves them: all but the method, what it drafts with, k and batch. */
const SHARED = OPTION_NAMES.filter((name) => !['method', 'k', 'batch', 'draft', 'acceptance'].includes(name));

/**
 * Cuts a sweep into blocks, and takes those of one shard. Whatever the order of the grid, points with the same requests
 * lie together, so that one worker replays them, and of these points that share a bench.
 *
 * @returns indices of points; over all shards, every point is in one block
 */
export function blocksOf(points: readonly Point[], { index, count }: Shard): Block[] {
  const sameBench = new Map<string, number>();
  const sameRequests = new Map<string, number>();
  // Where the first of those that share stands, instead of a text each.
  const bench = Int32Array.from(points, ({ scenario }, p) => entry(sameBench, sharedKey(scenario), () => p));
  const requests = new Map(
    [...sameBench.values()].map((p) => [
      p,
      entry(sameRequests, valuesOf(points[p]!.scenario, REQUESTS), () => p),
    ]),
  );
  const rank = Float64Array.from(bench, (first) => requests.get(first)! * points.length + first);
  const batch = Float64Array.from(points, ({ scenario }) => scenario.batch[0]!);
  const order = points.map((_, p) => p);
  order.sort((a, b) => rank[a]! - rank[b]! || batch[a]! - batch[b]! || a - b);
  const size = Math.min(LARGEST_BLOCK, Math.max(1, Math.floor(points.length / (count * BLOCKS_PER_SHARD))));
  const blocks: Block[] = [];
  for (let from = 0; from < order.length; from += size) blocks.push(order.slice(from, from + size));
  return blocks.filter((_, b) => b % count === index - 1);
}

/**
 * Deals blocks to workers: each has a stretch of the order to itself, so that what neighbours share is made once. One
 * whose stretch is done takes the last block of the longest that is left.
 */
export class Deal<T> {
  readonly #stretches: T[][];

  constructor(blocks: readonly T[], workers: number) {
    const start = (worker: number) => Math.round((worker * blocks.length) / workers);
    this.#stretches = Array.from({ length: workers }, (_, w) => blocks.slice(start(w), start(w + 1)));
  }

  /** The next block of worker 0, 1 and so on; undefined when all are dealt. */
  next(worker: number): T | undefined {
    const own = this.#stretches[worker]!;
    if (own.length > 0) return own.shift();
    return this.#stretches.reduce((a, b) => (b.length > a.length ? b : a)).pop();
  }
}

/** Equal for points that one bench serves. */
export function sharedKey(scenario: Scenario): string {
  return valuesOf(scenario, SHARED);
}

function valuesOf(scenario: Scenario, names: readonly OptionName[]): string {
  return JSON.stringify(names.map((name) => scenario[name]));
}
