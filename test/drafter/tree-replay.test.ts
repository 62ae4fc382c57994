/** Trees replayed on text: by hand, and laws. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestTree, candidatePool, likeliestFirst, randomFirst } from '../../src/drafter/grow-tree.ts';
import { AS_RECORDED, Replay } from '../../src/drafter/replay.ts';
import { DraftTree } from '../../src/drafter/tree.ts';
import { TreeReplay } from '../../src/drafter/tree-replay.ts';
import { stream } from '../../src/random/streams.ts';
import {
  AssumedRanks,
  DRAFT_MODEL_CAPTURE,
  hazardsOf,
  RecordedRanks,
  rankChances,
} from '../../src/trace/ranks.ts';
import { acceptedAtLeast, tokensPerRound } from '../../src/trace/statistics.ts';
import type { PositionLengths } from '../../src/trace/trace.ts';
import { chainTree, expectedLength } from '../trees.ts';

const MAX_K = 6;

/** Lengths of a drafter whose first choice is right at a token or is not, wherever a round starts. */
function lengthsOf(right: readonly boolean[][]): PositionLengths {
  const offsets = Int32Array.from([0, ...right.map((tokens) => tokens.length)]);
  for (let r = 1; r < offsets.length; r++) offsets[r]! += offsets[r - 1]!;
  const emitted = right.flatMap((tokens) =>
    tokens.map((_, p) => {
      let accepted = 0;
      while (p > 0 && accepted < MAX_K && tokens[p + accepted] === true) accepted++;
      return accepted + 1;
    }),
  );
  return { maxK: MAX_K, offsets, emitted: Uint8Array.from(emitted), proposed: 'always', kind: 'recording' };
}

const textsOf = (offsets: Int32Array) => ({ starts: offsets.subarray(0, -1), ends: offsets.subarray(1) });
const fixed = (best: DraftTree) => ({ best, blind: null, blindAt: null });
const assumed = (lengths: PositionLengths, seed = 1): AssumedRanks =>
  new AssumedRanks(lengths, hazardsOf(acceptedAtLeast(lengths, MAX_K)), DRAFT_MODEL_CAPTURE, seed);

const texts = fc.array(fc.array(fc.boolean(), { minLength: 2, maxLength: 30 }), {
  minLength: 1,
  maxLength: 4,
});
const paths = fc
  .array(fc.double({ min: 0.05, max: 1, noNaN: true }), { minLength: 1, maxLength: 5 })
  .chain((row) =>
    fc.record({
      row: fc.constant(row),
      drafts: fc.integer({ min: 1, max: 20 }),
      seed: fc.integer({ min: 1, max: 99 }),
    }),
  );

describe('ranks', () => {
  it('by hand: a recorded walk through a tree', () => {
    // Behind position 1 the target's tokens are choices 1, 2, 1; behind position 2 none of them.
    const ranks = new RecordedRanks({ most: 2, list: Uint8Array.of(0, 1, 2, 1, 0, 0, 1, 0) }, 4, MAX_K);
    const tree = new DraftTree([[1], [2], [1, 2], [1, 2, 1]]);
    const replay = new TreeReplay(textsOf(Int32Array.of(0, 9)), ranks, fixed(tree));
    expect([1, 2, 3].map((position) => replay.emittedBy(0, position, 9, 4))).toEqual([4, 1, 2]);
    expect(replay.emittedBy(0, 1, 2, 4)).toBe(2);
    const chain = new TreeReplay(textsOf(Int32Array.of(0, 9)), ranks, fixed(chainTree(3)));
    expect(chain.emittedBy(0, 1, 9, 3)).toBe(2);
  });

  it('a chain as a tree emits what the chain does', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: MAX_K }), (right, k) => {
        const lengths = lengthsOf(right);
        const chain = new Replay(lengths, k, AS_RECORDED);
        const tree = new TreeReplay(textsOf(lengths.offsets), assumed(lengths), fixed(chainTree(k)));
        right.forEach((tokens, r) => {
          for (let p = 1; p < tokens.length; p++) {
            const left = tokens.length - p;
            expect(tree.emittedBy(r, p, left, k)).toBe(chain.emittedBy(r, p, left, k));
          }
        });
      }),
    );
  });

  it('a larger tree never emits less', () => {
    fc.assert(
      fc.property(texts, paths, (right, { row, drafts, seed }) => {
        const lengths = lengthsOf(right);
        const chances = Array.from({ length: 5 }, () => Float64Array.from(row).sort((a, b) => b - a));
        const { tree } = bestTree(chances, { drafts, depth: 5, width: 5 });
        const replays = Array.from(
          { length: tree.drafts },
          (_, n) =>
            new TreeReplay(textsOf(lengths.offsets), assumed(lengths, seed), fixed(tree.first(n + 1))),
        );
        right.forEach((tokens, r) => {
          for (let p = 1; p < tokens.length; p++) {
            const emitted = replays.map((replay) => replay.emittedBy(r, p, tokens.length - p, 1));
            for (let n = 1; n < emitted.length; n++)
              expect(emitted[n]).toBeGreaterThanOrEqual(emitted[n - 1]!);
          }
        });
      }),
    );
  });

  it('replays what the sum over nodes expects, where tokens are independent', () => {
    const draw = stream(7, 'text');
    const right = Array.from({ length: 40 }, () => Array.from({ length: 400 }, () => draw() < 0.6));
    const lengths = lengthsOf(right);
    const hazards = hazardsOf(acceptedAtLeast(lengths, MAX_K));
    const chances = rankChances(hazards, DRAFT_MODEL_CAPTURE);
    const { tree } = bestTree(chances, { drafts: 20, depth: 5, width: 5 });
    const replay = new TreeReplay(textsOf(lengths.offsets), assumed(lengths), fixed(tree));
    let tokens = 0;
    let rounds = 0;
    for (let r = 0; r < right.length; r++) {
      for (let p = 1; p < 380; ) {
        const emitted = replay.emittedBy(r, p, 20, 1);
        p += emitted;
        tokens += emitted;
        rounds++;
      }
    }
    expect(tokens / rounds / expectedLength(tree, chances)).toBeCloseTo(1, 1);
    expect(tokens / rounds).toBeGreaterThan(tokensPerRound(lengths, MAX_K));
  });
});

describe('a dynamic tree', () => {
  const chances = rankChances(Float64Array.of(0.6, 0.55, 0.5), DRAFT_MODEL_CAPTURE);

  it('is offered topk and topk squared a later step', () => {
    const pool = candidatePool(chances, 3, 4);
    expect(pool.tree.drafts).toBe(4 + 2 * 16);
    expect(pool.tree.widths).toEqual([4, 16, 16]);
    expect(candidatePool(chances, 3, 1).tree.paths).toEqual(chainTree(3).paths);
  });

  it('has the likeliest drafts first, and in either order its first drafts are a tree', () => {
    const pool = candidatePool(chances, 3, 4);
    const best = likeliestFirst(pool);
    const blind = randomFirst(pool, stream(1, 'blind'));
    for (const order of [best, blind]) {
      expect(order.drafts).toBe(36);
      for (let n = 1; n <= 36; n++) expect(order.first(n).drafts).toBe(n);
    }
    for (let n = 1; n < 36; n++) {
      expect(expectedLength(best.first(n), chances)).toBeGreaterThanOrEqual(
        expectedLength(blind.first(n), chances) - 1e-12,
      );
    }
  });
});
