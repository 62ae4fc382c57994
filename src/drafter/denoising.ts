/**
 * Diffusion language models as generators: a round is one forward pass over a canvas of masked tokens, of which it
 * finalises some. How many is data (tokens per forward, `--unmask`): a mean, spread evenly over the passes.
 *
 * | scheme | query tokens of a pass | of the KV cache it reads | beside it |
 * |---|---|---|---|
 * | block | the block | prompt and finished blocks | a pass over every finished block that writes its KV cache |
 * | dual-cache | the block | all of prompt and output | the first pass of a block is over all of them |
 * | prefix-cache | the block and all behind it | all of prompt and output | the same |
 * | full | all of prompt and output | none | nothing |
 *
 * A cache that is made anew within a block takes another pass over everything (`--refresh`).
 *
 * Left out: blocks that end in the middle of a pass, tokens that are masked again, and the end of an output before its
 * last block ends. Of a cached scheme the prompt is prefilled as ever, which is one pass of many.
 */
import { type StepWork, Verified } from '../cost/work.ts';
import type { Drafter } from './drafter.ts';

export const SCHEMES = ['block', 'dual-cache', 'prefix-cache', 'full'] as const;

export type Scheme = (typeof SCHEMES)[number];

/** How a model writes, and what. */
export interface Canvas {
  /** Tokens of a block. */
  readonly block: number;
  /** Tokens that a pass finalises, in the mean; from 1 to the block. */
  readonly tokens: number;
  /** Passes after which a cache of a block is made anew; null: never within it. */
  readonly refresh: number | null;
  readonly promptTokens: Int32Array;
  readonly outputTokens: Int32Array;
}

/** Lengths are rounded up to multiples of it, so that rounds are of few kinds. */
const GRAIN = 16;

export class Denoising implements Drafter {
  readonly #scheme: Scheme;
  readonly #canvas: Canvas;
  readonly most = new Verified();
  readonly verified = new Verified();
  emitted = 0;

  constructor(scheme: Scheme, canvas: Canvas) {
    this.#scheme = scheme;
    this.#canvas = canvas;
    const { promptTokens, outputTokens, block } = canvas;
    const whole = promptTokens.map((prompt, r) => rounded(prompt + outputTokens[r]!));
    const longest = whole.reduce((most, tokens) => Math.max(most, tokens), block);
    const queries = scheme === 'block' ? block : longest;
    const keys = scheme === 'block' ? block : rounded(outputTokens.reduce((a, b) => Math.max(a, b), 0));
    this.most.set(queries - 1, queries, keys, queries * keys);
  }

  stepBegins(): void {}

  round(request: number, position: number, left: number, context: number, work: StepWork): void {
    const { tokens, block, refresh, promptTokens } = this.#canvas;
    const pass = Math.ceil((position - 1) / tokens);
    const before = startOf(pass - 1, tokens);
    const after = Math.max(position + 1, startOf(pass + 1, tokens));
    this.emitted = Math.min(after - position, left);
    const begins = pass === 0 || Math.floor(before / block) < Math.floor(position / block);
    const first = Math.ceil((block * Math.floor(position / block) - 1) / tokens);
    const anew = begins || (refresh !== null && (pass - Math.max(0, first)) % refresh === 0);
    if (this.#scheme === 'block') {
      const rest = block - (position % block);
      this.verified.set(block - 1, block, rest, block * rest);
      const ends = Math.floor((position + this.emitted) / block) > Math.floor(position / block);
      if (ends) work.drafts[0]!.add(1, 1, context, block);
      return;
    }
    const whole = rounded(promptTokens[request]! + position + left);
    const behind = rounded(left);
    const queries =
      this.#scheme === 'full' || anew
        ? whole
        : this.#scheme === 'dual-cache'
          ? Math.min(block, whole)
          : Math.min(rounded((position % block) + left), whole);
    this.verified.set(queries - 1, queries, behind, queries * behind);
  }

  sitOut(): void {}

  reread(): void {}
}

/** Output tokens that exist when a pass begins. */
function startOf(pass: number, tokens: number): number {
  return 1 + Math.floor(pass * tokens);
}

function rounded(tokens: number): number {
  return GRAIN * Math.ceil(tokens / GRAIN);
}
