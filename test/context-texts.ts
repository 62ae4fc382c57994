/** Made-up texts whose drafts are accepted by a known curve of context. */
import { stream } from '../src/random/streams.ts';
import { offsetsOfLengths } from '../src/trace/flat.ts';
import type { Judged } from '../src/trace/judged.ts';
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
 * @param requests how many
 */
export function texts(
  seed: number,
  share: (context: number) => number,
  prompts: readonly [number, number],
  requests = REQUESTS,
): Texts {
  const draw = stream(seed, 'texts');
  const [least, most] = prompts;
  const promptTokens = Int32Array.from({ length: requests }, () => least * (most / least) ** draw());
  const outputTokens = Int32Array.from({ length: requests }, () => 60 + Math.floor(200 * draw()));
  const offsets = offsetsOfLengths(outputTokens);
  const emitted = new Uint8Array(offsets.at(-1)!).fill(1);
  for (let r = 0; r < requests; r++) {
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

/** Falls all along, behind short prompts too. */
export const fallingSteadily = (context: number) => (context / 16) ** -0.3;

/** Of a curve, the mean over the drafts tried with so many tokens before them. */
export function meanOver(
  { promptTokens, each }: Judged,
  share: (context: number) => number,
  { from, below }: { readonly from: number; readonly below: number },
): number {
  let [sum, tries] = [0, 0];
  each((request, position, _, tried) => {
    for (let d = 0; d < tried; d++) {
      const context = promptTokens[request]! + position + d;
      if (context < from || context >= below) continue;
      sum += share(context);
      tries++;
    }
  });
  return sum / tries;
}
