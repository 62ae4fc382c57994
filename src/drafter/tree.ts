/**
 * Trees of drafts: what a round proposes where the drafter offers more than one token for a place. A node is a draft
 * for the token behind its parent's; the root is the last token that exists and is verified with them. Siblings are
 * ranked by the drafter's own probability, so that the nodes of rank 1 are the drafts of a chain.
 */

/** One node of a tree, by the ranks on the way to it: `[1, 3]` is the third choice behind the first choice. */
export type TreePath = readonly number[];

export class DraftTree {
  /** Drafts, which is all nodes but the root. */
  readonly drafts: number;
  /** Drafts at depth 1, 2, ... */
  readonly widths: readonly number[];
  /** Of all drafts: how many tokens of its own tree each attends to, itself included. */
  readonly depthSum: number;
  /** The largest rank of a draft; 1 in a tree of none. */
  readonly mostRank: number;
  /** Element `node * mostRank + rank - 1`: the child of that rank; 0, the root, for none. */
  readonly #children: Int32Array;
  readonly #paths: readonly TreePath[];

  /** @param paths of all drafts, parents before children, none twice */
  constructor(paths: readonly TreePath[]) {
    this.#paths = paths;
    this.drafts = paths.length;
    this.mostRank = paths.reduce((most, path) => Math.max(most, path.at(-1)!), 1);
    this.#children = new Int32Array((paths.length + 1) * this.mostRank);
    const widths: number[] = [];
    for (const [n, path] of paths.entries()) {
      widths[path.length - 1] = (widths[path.length - 1] ?? 0) + 1;
      const parent = path
        .slice(0, -1)
        .reduce((node, rank) => (node < 0 ? node : this.child(node, rank) || -1), 0);
      if (parent < 0) throw new RangeError(`draft ${path} stands before its parent`);
      this.#children[parent * this.mostRank + path.at(-1)! - 1] = n + 1;
    }
    this.widths = widths;
    this.depthSum = widths.reduce((sum, width, j) => sum + width * (j + 1), 0);
  }

  get depth(): number {
    return this.widths.length;
  }

  /** The child of a rank; 0 where the tree has none. */
  child(node: number, rank: number): number {
    return rank > this.mostRank ? 0 : this.#children[node * this.mostRank + rank - 1]!;
  }

  /** The tree of the first drafts alone. */
  first(drafts: number): DraftTree {
    return new DraftTree(this.#paths.slice(0, drafts));
  }

  get paths(): readonly TreePath[] {
    return this.#paths;
  }

  /** Nodes of each depth that have children, the root's 0 first: what a drafter has to run to draft the tree. */
  get parentsByDepth(): readonly number[] {
    const parents = new Set(this.#paths.map((path) => path.slice(0, -1).join(' ')));
    const counts: number[] = [];
    for (const parent of parents) {
      const depth = parent === '' ? 0 : parent.split(' ').length;
      counts[depth] = (counts[depth] ?? 0) + 1;
    }
    return counts;
  }
}
