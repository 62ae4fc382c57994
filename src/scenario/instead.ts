/**
 * Settings of engines that change an answer and that nothing here prices: refused by name, with what to do instead.
 * A name that becomes an option leaves this list.
 */
const SETTINGS: readonly { readonly names: readonly string[]; readonly instead: string }[] = [
  {
    names: ['lora', 'enable-lora', 'lora-modules', 'lora-paths', 'lora-rank', 'max-lora-rank', 'max-loras'],
    instead:
      'adapters are not priced; merged into the weights they cost nothing more, and what they do to acceptance a recording with them says: --trace FILE, or --acceptance METHOD=MEAN@K',
  },
  {
    names: ['cpu-offload', 'cpu-offload-gb', 'cpu-moe', 'n-cpu-moe', 'n-gpu-layers', 'gpu-layers', 'offload'],
    instead:
      'weights outside of the GPU are not priced; state the bandwidth at which weights are read on the whole, and the memory of both: --set hardware.memoryBandwidth=200GB/s --set hardware.memoryCapacity=64GB',
  },
  {
    names: ['temperature', 'top-p', 'top-k', 'rejection-sample-method'],
    instead:
      'acceptance falls with it, and no law says how far; record it at that setting, or state it: --trace FILE, or --acceptance METHOD=MEAN@K',
  },
  {
    names: ['parallel-drafting', 'num-parallel-draft-tokens'],
    instead:
      'all drafts in one pass are methods of their own, such as --method p-eagle, with their acceptance: --acceptance METHOD=MEAN@K',
  },
];

/** What vLLM, SGLang and their benchmarks call options of this program. */
const CALLED: Readonly<Record<string, readonly string[]>> = {
  '--target NAME': ['model', 'model-path'],
  '--draft NAME': ['speculative-model', 'speculative-draft-model-path'],
  '--method NAME': ['speculative-algorithm', 'speculative-method'],
  '--k K': ['num-speculative-tokens', 'speculative-num-steps'],
  '--tree STEPSxTOPKxTOKENS': ['speculative-eagle-topk', 'speculative-num-draft-tokens'],
  '--dtype FORMAT': ['quantization'],
  '--kv-dtype FORMAT': ['kv-cache-dtype'],
  '--tp GPUS': ['tensor-parallel-size', 'tp-size'],
  '--draft-tp GPUS': ['draft-tensor-parallel-size', 'speculative-draft-tensor-parallel-size'],
  '--ep GROUPS': ['ep-size', 'moe-ep-size', 'expert-parallel-size', 'enable-expert-parallel'],
  '--pp STAGES': ['pipeline-parallel', 'pipeline-parallel-size', 'pp-size'],
  '--prefill-replicas N': ['disaggregation-mode', 'kv-transfer-config', 'disaggregation-transfer-backend'],
  '--replicas N': ['data-parallel-size', 'dp-size'],
  '--set engine.maxSequences=N': ['max-num-seqs', 'max-running-requests'],
  '--set engine.maxBatchedTokens=N': ['max-num-batched-tokens', 'chunked-prefill-size'],
  '--set engine.memoryShare=0.9': ['gpu-memory-utilization', 'mem-fraction-static'],
  '--set engine.blockTokens=N': ['block-size', 'page-size'],
  '--load poisson:RATE': ['request-rate'],
  '--load closed --batch N': ['max-concurrency', 'concurrency'],
  '--requests N': ['num-prompts'],
  '--prompt-len N': ['input-len', 'random-input-len'],
  '--output-len N': ['random-output-len'],
  '--turns N': ['num-turns', 'session-turns-mean', 'conversation-turn-mean'],
  '--prefix-cache off': ['no-enable-prefix-caching', 'disable-radix-cache', 'enable-prefix-caching'],
  '--workload FILE': ['dataset-path'],
};

/** What to do instead of an option that there is none of; null for any other name. */
export function insteadOf(option: string): string | null {
  const [here] = Object.entries(CALLED).find(([, names]) => names.includes(option)) ?? [];
  if (here !== undefined) return `expected ${here}, as it is called here`;
  return SETTINGS.find(({ names }) => names.includes(option))?.instead ?? null;
}

/** Every name that is refused so. */
export const refusedSettings: readonly string[] = [
  ...Object.values(CALLED),
  ...SETTINGS.map(({ names }) => names),
].flat();
