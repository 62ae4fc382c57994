/** Made-up texts whose drafts are accepted by a known curve of context. */
import { stream } from '../src/random/streams.ts';
import { offsetsOfLengths } from '../src/trace/flat.ts';
import type { PositionLengths } from '../src/trace/trace.ts';

export const REQUESTS = 150;
export const K = 3;

export interface Texts {
  readonly promptTokens: Int32Array;
  readonly lengths: PositionLengths;
}

/**
 * Requests that differ, whose drafts are accepted less along the output, times a share by context.
 *
 * @param prompts between which they are, evenly in their logarithm
 */
export function texts(
  seed: number,
  share: (context: number) => number,
  prompts: readonly [number, number],
): Texts {
  const draw = stream(seed, 'texts');
  const [least, most] = prompts;
  const promptTokens = Int32Array.from({ length: REQUESTS }, () => least * (most / least) ** draw());
  const outputTokens = Int32Array.from({ length: REQUESTS }, () => 60 + Math.floor(200 * draw()));
  const offsets = offsetsOfLengths(outputTokens);
  const emitted = new Uint8Array(offsets.at(-1)!).fill(1);
  for (let r = 0; r < REQUESTS; r++) {
    const own = 0.5 + 0.3 * draw();
    for (let p = outputTokens[r]! - 1, right = 0; p > 0; p--) {
      const drift = p < 32 ? 1 : p < 128 ? 0.9 : 0.8;
      right = draw() < own * drift * share(promptTokens[r]! + p) ? right + 1 : 0;
      emitted[offsets[r]! + p] = Math.min(right, K) + 1;
    }
  }
  const lengths: PositionLengths = { maxK: K, offsets, emitted, proposed: 'always', kind: 'recording' };
  return { promptTokens, lengths };
}

/** By powers of two, as bins are. */
export const falling = (context: number) => 1.02 - 0.08 * Math.floor(Math.log2(context / 64));
