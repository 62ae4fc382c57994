/**
 * What an engine leaves of a GPU for the KV cache: its share of the memory less weights, less what its profiling run took
 * at its peak, less the context of the device. CUDA graphs are captured afterwards and come out of what the share leaves.
 *
 * Left out: windows and states, which are counted as a cache that keeps all, or nothing.
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

/** Of a token: the widest product's input and output at once, and the residual. */
function peakActivationBytes({ gemms }: ForwardShape): number {
  const widest = gemms.reduce((most, { n, k }) => Math.max(most, 1.5 * n + 2 * k), 0);
  return BYTES * widest;
}
