/**
 * A schedule as the `speculative_config` of TensorRT-LLM (tensorrt_llm/llmapi/llm_args.py), for its YAML, of which JSON is
 * a part. A key of `draft_len_schedule` is the largest batch size of its length, and nothing is drafted above the last; up
 * to 1.1 a key was the smallest.
 */
import { TRTLLM_METHODS } from './engine-methods.ts';
import { joined, type Range } from './schedule.ts';

/** @param ranges from batch size 1 on */
export function trtllmConfig(method: string, ranges: readonly Range[], weights: string | null): object {
  const lengths = joined(ranges);
  if (lengths.at(-1)!.k === 0) lengths.pop();
  return {
    speculative_config: {
      decoding_type: TRTLLM_METHODS[method]!,
      ...(weights !== null && { speculative_model: weights }),
      max_draft_len: lengths[0]!.k,
      draft_len_schedule: Object.fromEntries(lengths.map(({ hi, k }) => [hi, k])),
    },
  };
}
