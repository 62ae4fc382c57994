/** Trees that tests compare with, and what they are expected to bring. */
import { chanceOf, type RankChances } from '../src/drafter/grow-tree.ts';
import { DraftTree } from '../src/drafter/tree.ts';

/** The chain of k drafts. */
export function chainTree(k: number): DraftTree {
  return new DraftTree(Array.from({ length: k }, (_, j) => Array<number>(j + 1).fill(1)));
}

/** Expected tokens of a round: the accepted drafts and the target's own token. */
export function expectedLength(tree: DraftTree, chances: RankChances): number {
  return tree.paths.reduce((sum, path) => sum + chanceOf(path, chances), 1);
}
