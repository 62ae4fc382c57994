/** The best tree of every size, against Sequoia's dynamic program and by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestTree } from '../../src/drafter/grow-tree.ts';
import { DraftTree } from '../../src/drafter/tree.ts';
import { chainTree, expectedLength } from '../trees.ts';

const falling = (values: readonly number[]): Float64Array => {
  const total = values.reduce((sum, value) => sum + value, 0);
  return Float64Array.from(values.map((value) => value / total / 1.02).sort((a, b) => b - a));
};

/** Sequoia, arXiv 2402.12374: tokens of the best tree of at most so many nodes (the root counted), depth and children. */
function sequoia(chances: Float64Array, nodes: number, depth: number, width: number): number {
  const known = new Map<string, number>();
  const best = (m: number, l: number, b: number): number => {
    if (m <= 0) return 0;
    if (m === 1 || l === 0 || b === 0) return 1;
    const key = `${m} ${l} ${b}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    let most = best(m, l, b - 1);
    for (let own = 1; own < m; own++) {
      const child = chances[b - 1]! * best(own, l - 1, Math.min(width, chances.length));
      most = Math.max(most, best(m - own, l, b - 1) + child);
    }
    known.set(key, most);
    return most;
  };
  return best(nodes, depth, Math.min(width, chances.length));
}

describe('the best tree', () => {
  it('by hand: 0.6 and 0.3 at every depth', () => {
    const chances = Array.from({ length: 3 }, () => Float64Array.of(0.6, 0.3));
    const { tree, chances: grown } = bestTree(chances, { drafts: 4, depth: 3, width: 2 });
    expect(tree.paths).toEqual([[1], [1, 1], [2], [1, 1, 1]]);
    expect([...grown].map((chance) => Number(chance.toFixed(9)))).toEqual([0.6, 0.36, 0.3, 0.216]);
    expect(expectedLength(tree, chances)).toBeCloseTo(1 + 0.6 + 0.36 + 0.3 + 0.216, 12);
    expect(tree.widths).toEqual([2, 1, 1]);
    expect(tree.depthSum).toBe(2 * 1 + 2 + 3);
    expect(tree.parentsByDepth).toEqual([1, 1, 1]);
  });

  it('equals the dynamic program, within limits of depth and width', () => {
    const vector = fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        vector.map(falling),
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        (chances, drafts, depth, width) => {
          const everywhere = Array.from({ length: depth }, () => chances);
          const { tree } = bestTree(everywhere, { drafts, depth, width });
          expect(expectedLength(tree, everywhere)).toBeCloseTo(sequoia(chances, drafts + 1, depth, width), 9);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is the chain where one child is allowed, and one node where one draft is', () => {
    const chances = Array.from({ length: 5 }, () => Float64Array.of(0.7, 0.2, 0.05));
    expect(bestTree(chances, { drafts: 4, depth: 9, width: 1 }).tree.paths).toEqual(chainTree(4).paths);
    expect(bestTree(chances, { drafts: 1, depth: 9, width: 9 }).tree.paths).toEqual(chainTree(1).paths);
    expect(bestTree(chances, { drafts: 0, depth: 9, width: 9 }).tree.drafts).toBe(0);
  });

  it('is nested: the first drafts of a larger one are the smaller one', () => {
    const chances = [Float64Array.of(0.5, 0.3, 0.1), Float64Array.of(0.4, 0.2), Float64Array.of(0.9, 0.05)];
    const { tree } = bestTree(chances, { drafts: 12, depth: 3, width: 3 });
    for (let drafts = 0; drafts <= tree.drafts; drafts++) {
      expect(tree.first(drafts).paths).toEqual(bestTree(chances, { drafts, depth: 3, width: 3 }).tree.paths);
    }
  });
});

describe('a tree', () => {
  it('finds children by rank', () => {
    const tree = new DraftTree([[1], [3], [1, 2], [3, 1]]);
    expect([tree.child(0, 1), tree.child(0, 2), tree.child(0, 3)]).toEqual([1, 0, 2]);
    expect([tree.child(1, 1), tree.child(1, 2), tree.child(2, 1), tree.child(2, 9)]).toEqual([0, 3, 4, 0]);
    expect(tree.depth).toBe(2);
    expect(tree.parentsByDepth).toEqual([1, 2]);
  });
});
