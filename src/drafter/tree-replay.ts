/**
 * Replay of trees: how far the target's own text stays inside what was drafted. A dynamic tree is chosen anew in every
 * round by the drafter's own probabilities, which are neither blind nor perfect: with a chance, the quality of its
 * selection, a round has the likeliest drafts of what was offered, else as many without regard to their chances.
 *
 * Left out: that a drafter is surer where it is right, which makes good rounds of a dynamic tree deeper than the best
 * fixed one's.
 */
import type { Ranks } from '../trace/ranks.ts';
import type { RoundStream } from './known-rounds.ts';
import type { RoundReplay } from './replay.ts';
import type { DraftTree } from './tree.ts';

/** A tree as it is run: the same in every round, or chosen by the round. */
export interface RunTree {
  /** What a round verifies. */
  readonly best: DraftTree;
  /** What it verifies where the selection is blind; null for a tree that is always the same. */
  readonly blind: DraftTree | null;
  /** By flat position, whether the selection there is blind. */
  readonly blindAt: Uint8Array | null;
}

/** By request: the flat positions at which its text starts, and behind which it ends. */
export interface Texts {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** A tree is drafted whole, or not at all where nothing is asked for. */
export class TreeReplay implements RoundReplay {
  readonly #texts: Texts;
  readonly #ranks: Ranks;
  readonly #tree: RunTree;
  #walked: DraftTree;
  readonly #stream = { lengths: new Uint8Array(256), start: 0, end: 0, byPosition: false };
  #node = 0;
  #accepted = 0;
  readonly longest: number;
  readonly always = true;
  readonly proposing = 1;
  drafted = 0;
  emitted = 0;
  readonly #take = (rank: number): boolean => {
    this.#node = this.#walked.child(this.#node, rank);
    if (this.#node === 0) return false;
    this.#accepted++;
    return true;
  };

  constructor(texts: Texts, ranks: Ranks, tree: RunTree) {
    this.#texts = texts;
    this.#ranks = ranks;
    this.#tree = tree;
    this.#walked = tree.best;
    this.longest = tree.best.drafts;
  }

  round(request: number, position: number, left: number, asked: number = this.longest): void {
    this.drafted = asked > 0 ? this.longest : 0;
    this.emitted = this.emittedBy(request, position, left, asked);
  }

  stream(request: number, position: number, left: number, asked: number): RoundStream {
    const stream = this.#stream;
    if (left > stream.lengths.length) stream.lengths = new Uint8Array(2 * left);
    let round = 0;
    for (let done = 0; done < left; round++) {
      const emitted = this.emittedBy(request, position + done, left - done, asked);
      stream.lengths[round] = emitted;
      done += emitted;
    }
    stream.end = round;
    return stream;
  }

  emittedBy(request: number, position: number, left: number, asked: number): number {
    if (asked === 0) return 1;
    const { starts, ends } = this.#texts;
    const at = starts[request]! + position;
    const { best, blind, blindAt } = this.#tree;
    this.#walked = blind !== null && blindAt![at] === 1 ? blind : best;
    this.#node = 0;
    this.#accepted = 0;
    this.#ranks.follow(at, ends[request]!, this.#take);
    return Math.min(this.#accepted + 1, left);
  }
}
