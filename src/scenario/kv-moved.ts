/** What moves of a sequence from the replica that prefilled it to the one that decodes it. */
import type { Method } from '../drafter/methods.ts';
import { forwardShape } from '../model/shape.ts';
import { draftShape } from './draft-shapes.ts';
import type { Inputs } from './inputs.ts';
import { targetLayout } from './layouts.ts';

/**
 * Bytes of so many tokens of a sequence's KV cache and of the states that it keeps, over all GPUs of a replica and in the
 * format of the cache. Draft models have theirs moved along: their prompts are read where the target reads them (SGLang adds
 * the draft's buffers to those that it transfers, python/sglang/srt/disaggregation/prefill.py).
 */
export function movedBytes(inputs: Inputs, { parts }: Pick<Method, 'parts'>): (tokens: number) => number {
  // On one GPU nothing is kept twice.
  const whole = {
    ...inputs,
    scenario: { ...inputs.scenario, tp: 1, draftTp: null, ep: 1, dpAttention: 1 },
  };
  const shapes = [
    forwardShape(inputs.target, targetLayout(whole.scenario)),
    ...parts
      .filter(({ model }) => model !== undefined)
      .map(({ name }) => draftShape(name, inputs.drafts.get(name)!, whole)),
  ];
  // A model that drafts on the target's cache reads it, and keeps none.
  const reads = shapes.flatMap((shape) => (shape.kvBytesPerToken === 0 ? [] : shape.reads));
  const statesBytes = shapes.reduce((sum, { stateBytes }) => sum + stateBytes, 0);
  return (tokens) =>
    reads.reduce(
      (sum, { bytesPerToken, window }) => sum + Math.min(tokens, window ?? tokens) * bytesPerToken,
      statesBytes,
    );
}
