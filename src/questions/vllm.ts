/** A schedule as the `speculative_config` that vLLM reads (vllm/config/speculative.py, v1/spec_decode/dynamic). */
import { inShell } from '../shell.ts';
import { LOOK_UPS } from '../trace/lookup.ts';
import { VLLM_METHODS } from './engine-methods.ts';
import type { ScheduleEntries } from './schedule.ts';

interface VllmConfig {
  readonly method: string;
  /** Weights of the drafter; absent where it has none of its own. */
  readonly model?: string;
  readonly prompt_lookup_min?: number;
  readonly prompt_lookup_max?: number;
  /** What buffers are made for: the largest k of the schedule. */
  readonly num_speculative_tokens: number;
  readonly num_speculative_tokens_per_batch_size: readonly (readonly number[])[];
}

/** @param weights of its drafter; null where it has none of its own */
export function vllmConfig(
  method: string,
  { longest, entries }: ScheduleEntries,
  weights: string | null,
): VllmConfig {
  return {
    method: VLLM_METHODS[method]!,
    ...(weights !== null && { model: weights }),
    ...(method === 'ngram' && {
      prompt_lookup_min: LOOK_UPS.ngram.minMatch,
      prompt_lookup_max: LOOK_UPS.ngram.maxMatch,
    }),
    num_speculative_tokens: longest,
    num_speculative_tokens_per_batch_size: entries,
  };
}

/** The command that serves a target with it. */
export function vllmServe(target: string, tp: number, config: VllmConfig): string {
  const words = ['vllm', 'serve', target];
  if (tp > 1) words.push('--tensor-parallel-size', String(tp));
  words.push('--speculative-config', JSON.stringify(config));
  return words.map(inShell).join(' ');
}
