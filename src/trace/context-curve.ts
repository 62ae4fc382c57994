/**
 * Acceptance that depends on context: the share of the drafts accepted elsewhere that are accepted with so many tokens before
 * them. Heads are trained on short texts, and accept less where contexts are longer (LongSpec, arXiv 2502.17421). A
 * draft is lost by its place in the text, whichever round drafts it, so that a run ends where the next would begin.
 */
import { UserError } from '../errors.ts';
import { stream } from '../random/streams.ts';
import type { ContextCurve } from './token-context.ts';
import type { PositionLengths } from './trace.ts';

/**
 * Reads `4k:1,32k:0.7`.
 *
 * @throws UserError for another form, a share that is not above 0 and at most 1, and contexts that do not rise
 */
export function parseContextCurve(written: string, where: string): ContextCurve {
  const curve = written.split(',').map((item) => {
    const [, tokens, thousands, share] = /^\s*(\d+)(k?)\s*:\s*(\d*\.?\d+)\s*$/i.exec(item) ?? [];
    const point = { tokens: Number(tokens) * (thousands ? 1024 : 1), share: Number(share) };
    if (!(point.tokens >= 1 && point.share > 0 && point.share <= 1)) {
      throw new UserError(
        `${where}: got ${JSON.stringify(item.trim())}, expected tokens of context and a share of 0 to 1 of the drafts accepted there, such as 4k:1,32k:0.7, or recorded, or recorded:FILE`,
      );
    }
    return point;
  });
  for (const [i, { tokens }] of curve.entries()) {
    if (i > 0 && tokens <= curve[i - 1]!.tokens) {
      throw new UserError(
        `${where}: ${tokens} tokens after ${curve[i - 1]!.tokens}, expected contexts that rise`,
      );
    }
  }
  return curve;
}

/** That of a context; beyond both ends that of the nearest. */
export function shareAt(curve: ContextCurve, context: number): number {
  const above = curve.findIndex(({ tokens }) => tokens >= context);
  if (above === 0) return curve[0]!.share;
  if (above === -1) return curve.at(-1)!.share;
  const [from, to] = [curve[above - 1]!, curve[above]!];
  return (
    from.share +
    ((to.share - from.share) * Math.log(context / from.tokens)) / Math.log(to.tokens / from.tokens)
  );
}

/** Of a draft of a token of a request: how many times as often it is accepted as was recorded. */
export type ContextRatio = (request: number, position: number, at: number) => number;

/**
 * What is accepted of recorded lengths along a curve.
 *
 * @param promptTokens by request
 * @param drafter names its draws
 */
export function alongContext(
  lengths: PositionLengths,
  promptTokens: Int32Array,
  curve: ContextCurve,
  drafter: string,
  seed: number,
): PositionLengths {
  const share: ContextRatio = (request, position) => shareAt(curve, promptTokens[request]! + position);
  return inContexts(lengths, share, drafter, seed);
}

/**
 * Lengths of which each token's drafts are accepted so many times as often. Where fewer are, a round ends at a token that is
 * lost; where more are, it goes on behind one that it missed, as a round that starts there does.
 *
 * @param drafter names its draws
 * @param acceptance share of drafts accepted in the mean: those missed are as many more often gained as makes the ratio
 */
export function inContexts(
  lengths: PositionLengths,
  ratio: ContextRatio,
  drafter: string,
  seed: number,
  acceptance = 0,
): PositionLengths {
  const { offsets, emitted, maxK } = lengths;
  const draw = stream(seed, 'context', drafter);
  const odds = acceptance / Math.max(1 - acceptance, Number.MIN_VALUE);
  const changed = emitted.slice();
  for (let r = 0; r + 1 < offsets.length; r++) {
    const begin = offsets[r]!;
    const end = offsets[r + 1]!;
    // By token of the text: whether a draft of it is lost, or one that was missed is gained.
    const lost = new Uint8Array(end - begin);
    const gained = new Uint8Array(end - begin);
    for (let p = 0; p < lost.length; p++) {
      const times = ratio(r, p, begin + p);
      const chance = draw();
      if (chance >= times) lost[p] = 1;
      if (chance < (times - 1) * odds) gained[p] = 1;
    }
    let next = Number.POSITIVE_INFINITY;
    for (let p = lost.length - 1; p >= 0; p--) {
      const at = begin + p;
      const missed = p + emitted[at]! - 1;
      if (p > 0 && gained[missed] === 1 && emitted[at]! <= maxK) {
        const beyond = missed + 1 < lost.length ? changed[begin + missed + 1]! : 1;
        changed[at] = Math.min(emitted[at]! + beyond, maxK + 1);
      }
      if (lost[p] === 1) next = p;
      if (p + changed[at]! > next + 1) changed[at] = next - p + 1;
    }
  }
  const { proposed } = lengths;
  return {
    ...lengths,
    emitted: changed,
    ...(proposed instanceof Uint8Array && {
      proposed: proposed.map((drafts, at) => Math.max(drafts, changed[at]! - 1)),
    }),
  };
}
