/** What `tune --emit` writes, a line each: what it is, and for whom. What each is made of stands in emitters.ts. */
export const EMITTED = {
  json: 'method and k by batch size and context, as plain JSON for a scheduler of your own',
  vllm: 'vLLM: --speculative-config, k by batch size (num_speculative_tokens_per_batch_size)',
  'vllm-2d': 'vLLM: the same by batch size and context',
  'vllm-serve': 'vLLM: the whole command with that',
  sglang: 'SGLang: server flags of the best single k, or with --tree of the best single tree',
  'sglang-adaptive': 'SGLang: file for --speculative-adaptive-config, candidate steps by batch size',
  'sglang-sps': 'SGLang: file for --speculative-dspark-sps-table-path, steps/s by verified tokens',
  trtllm: 'TensorRT-LLM: speculative_config with draft_len_schedule',
  llamacpp: 'llama.cpp: llama-server flags of the best single k, and the probability below which to stop',
  atom: 'ATOM: server flags of the best single k',
} as const;

export type EmitName = keyof typeof EMITTED;

export const EMIT_NAMES = Object.keys(EMITTED) as EmitName[];
