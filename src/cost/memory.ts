/**
 * What an engine leaves of a GPU for the KV cache: its share of the memory less weights, less what its profiling run took
 * at its peak, less the context of the device. CUDA graphs are captured afterwards and come out of what the share leaves.
 */
import type { HardwareProfile } from '../hardware/profile.ts';
import type { ForwardShape } from '../model/shape.ts';
import type { EngineProfile } from './engine-profile.ts';

/**
 * Bytes a logit takes at the peak of the sampler that the profiling run tries: bf16 2, fp32 4, sorted 4 and their
 * indices 8, probabilities 4, their sums 4 (vLLM 0.9, top-k and top-p sampling).
 */
const SAMPLER_BYTES = 26;
/** CUDA context and libraries, bytes: 0.3 to 0.7 GB in logs of vLLM as memory that is not PyTorch's. */
const CONTEXT_BYTES = 0.4e9;
/** On GPUs below it vLLM's defaults for tokens and sequences of a step are a quarter of those above (70 GiB). */
const LARGE_GPU_BYTES = 70 * 2 ** 30;
const BYTES = 2;

/** Bytes for the KV cache of a target with some draft models, at least 0. */
export function kvBytes(
  target: ForwardShape,
  drafts: readonly ForwardShape[],
  { specification: { memoryCapacityBytes: capacity } }: HardwareProfile,
  { memoryShare, maxBatchedTokens, maxSequences }: EngineProfile,
): number {
  const weights = [target, ...drafts].reduce((sum, { weightBytes }) => sum + weightBytes, 0);
  const part = capacity < LARGE_GPU_BYTES ? 1 / 4 : 1;
  const activations = part * maxBatchedTokens * peakActivationBytes(target);
  const sampler = part * maxSequences * target.lmHead.n * SAMPLER_BYTES;
  return Math.max(0, capacity * memoryShare - weights - Math.max(activations, sampler) - CONTEXT_BYTES);
}

/** What a sequence keeps in memory. */
export interface SequenceBytes {
  /** Each of its tokens. */
  readonly perToken: number;
  /** However long it is: windows, and states of linear attention. */
  readonly fixed: number;
}

/**
 * Layers with a window that the longest sequence outgrows keep a window of every sequence, as engines do that free what is
 * out of sight (vLLM, SGLang); all others keep every token. States are kept once, and once more for each draft that may be
 * rejected (vLLM). Where no layer keeps every token, what a sequence keeps is spread over the longest one's tokens.
 *
 * Left out: the chunk of a prompt that layers with a window keep while it is computed.
 *
 * @param drafts models beside the target; one that keeps no KV cache of its own reads the target's
 * @param longest tokens of the longest sequence
 * @param drafted most tokens that a round drafts
 */
export function sequenceBytes(
  target: ForwardShape,
  drafts: readonly ForwardShape[],
  longest: number,
  drafted: number,
): SequenceBytes {
  let perToken = 0;
  let fixed = 0;
  for (const shape of [target, ...drafts.filter(({ kvBytesPerToken }) => kvBytesPerToken > 0)]) {
    perToken += shape.kvBytesPerToken;
    fixed += shape.stateBytes * (1 + (shape === target ? drafted : 0));
    for (const { bytesPerToken, window } of shape.kvBytesPerToken > 0 ? shape.reads : []) {
      if (window === null || window >= longest) continue;
      perToken -= bytesPerToken;
      fixed += bytesPerToken * window;
    }
  }
  return perToken > 0 ? { perToken, fixed } : { perToken: fixed / longest, fixed: 0 };
}

/** Of a token: the widest product's input and output at once, and the residual. */
function peakActivationBytes({ gemms }: ForwardShape): number {
  const widest = gemms.reduce((most, { n, k }) => Math.max(most, 1.5 * n + 2 * k), 0);
  return BYTES * widest;
}
