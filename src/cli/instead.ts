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
];

/** What to do instead of an option that there is none of; null for any other name. */
export function insteadOf(option: string): string | null {
  return SETTINGS.find(({ names }) => names.includes(option))?.instead ?? null;
}

/** Every name that is refused so. */
export const refusedSettings: readonly string[] = SETTINGS.flatMap(({ names }) => names);
