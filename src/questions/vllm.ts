/** A schedule as the `speculative_config` that vLLM reads (vllm/config/speculative.py, v1/spec_decode/dynamic). */
import { parseMethod } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import { byBatch, byBatchAndContext } from './schedule.ts';
import type { MethodSchedule } from './tuning.ts';

export interface VllmConfig {
  readonly method: string;
  /** What buffers are made for: the largest k of the schedule. */
  readonly num_speculative_tokens: number;
  readonly num_speculative_tokens_per_batch_size: readonly (readonly number[])[];
}

/** vLLM's word for a method, where it is another. */
const VLLM_NAMES: Readonly<Record<string, string>> = { 'draft-model': 'draft_model' };

/** Decides its lengths itself in vLLM, and fails when a schedule asks for less (vllm-project/vllm#46399). */
const WITHOUT_SCHEDULE = ['suffix'];

/** The best schedule of a method that vLLM runs by schedule; it has none that drafts in two ways. */
export function bestForVllm(schedules: readonly MethodSchedule[]): MethodSchedule | undefined {
  return schedules.find(
    ({ method }) => parseMethod(method).kind === 'fixed' && !WITHOUT_SCHEDULE.includes(method),
  );
}

/**
 * The name of the drafter's weights (`model`) is left to the reader, who knows where they are.
 *
 * @param form `vllm`: entries by batch size; `vllm-2d`: by batch size and context
 * @throws UserError when speculation never pays, and for several contexts in the form that has none
 */
export function vllmConfig({ method, contexts }: MethodSchedule, form: 'vllm' | 'vllm-2d'): VllmConfig {
  const longest = Math.max(...contexts.flatMap(({ ranges }) => ranges.map(({ k }) => k)));
  if (longest === 0) {
    throw new UserError(
      `--emit ${form}: no method pays at any of these batch sizes, so there is no schedule`,
    );
  }
  if (form === 'vllm' && contexts.length > 1) {
    throw new UserError('--emit vllm: it has no contexts, expected one --context, or --emit vllm-2d');
  }
  return {
    method: VLLM_NAMES[method] ?? method,
    num_speculative_tokens: longest,
    num_speculative_tokens_per_batch_size:
      form === 'vllm' ? byBatch(contexts[0]!.ranges) : byBatchAndContext(contexts),
  };
}
