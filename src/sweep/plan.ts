/** The order of the work: points that share traces, cost tables and baselines lie beside each other. */
import { entry } from '../memo.ts';
import type { Scenario } from '../scenario/options.ts';
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

/**
 * Cuts a sweep into blocks, and takes those of one shard.
 *
 * @returns indices of points; over all shards, every point is in one block
 */
export function blocksOf(points: readonly Point[], { index, count }: Shard): Block[] {
  const firstOf = new Map<string, number>();
  // Where the first of those that share stands, instead of a text each.
  const first = Int32Array.from(points, ({ scenario }, p) => entry(firstOf, sharedKey(scenario), () => p));
  const order = points.map((_, p) => p);
  order.sort(
    (a, b) => first[a]! - first[b]! || points[a]!.scenario.batch[0]! - points[b]!.scenario.batch[0]! || a - b,
  );
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

/** What points have in common when one bench serves them: all but the method, what it drafts with, k and batch. */
export function sharedKey(scenario: Scenario): string {
  const { method: _, k: __, batch: ___, draft: ____, acceptance: _____, ...rest } = scenario;
  return JSON.stringify(rest);
}
