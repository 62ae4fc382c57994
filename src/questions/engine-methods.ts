/** What engines call the methods that they run with a draft length: their own words, and which method of several they get. */
import { parseMethod } from '../drafter/methods.ts';

type Words = Readonly<Record<string, string>>;

/** By a schedule (vllm/config/speculative.py); `suffix` fails when asked for less (vllm-project/vllm#46399). */
export const VLLM_METHODS: Words = {
  ngram: 'ngram',
  eagle: 'eagle',
  eagle3: 'eagle3',
  'draft-model': 'draft_model',
  mtp: 'mtp',
  medusa: 'medusa',
  dflash: 'dflash',
};

/** `--speculative-algorithm` (sglang/srt/server_args.py), of those that draft chains or trees of any length. */
export const SGLANG_METHODS: Words = {
  eagle: 'EAGLE',
  eagle3: 'EAGLE3',
  mtp: 'NEXTN',
  'draft-model': 'STANDALONE',
};

/** Of those, what `--speculative-adaptive` changes the steps of (srt/speculative/adaptive_spec_params.py). */
export const SGLANG_ADAPTIVE_METHODS: Words = {
  eagle: SGLANG_METHODS.eagle!,
  eagle3: SGLANG_METHODS.eagle3!,
  mtp: SGLANG_METHODS.mtp!,
};

/** `decoding_type` (tensorrt_llm/llmapi/llm_args.py), of those whose length it changes. */
export const TRTLLM_METHODS: Words = {
  ngram: 'NGram',
  eagle3: 'Eagle3',
  'draft-model': 'Draft_Target',
  mtp: 'MTP',
};

/** `--spec-type` of llama-server (common/arg.cpp). */
export const LLAMACPP_METHODS: Words = {
  ngram: 'ngram-simple',
  'draft-model': 'draft-simple',
  eagle3: 'draft-eagle3',
  mtp: 'draft-mtp',
  dflash: 'draft-dflash',
};

/** `--method` (atom/config.py). */
export const ATOM_METHODS: Words = { eagle3: 'eagle3', mtp: 'mtp' };

/** The first of some schedules, the best one, whose method an engine runs; none has a method that drafts in two ways. */
export function bestFor<T extends { readonly method: string }>(
  schedules: readonly T[],
  words: Words,
): T | undefined {
  return schedules.find(({ method }) => parseMethod(method).kind === 'fixed' && Object.hasOwn(words, method));
}
