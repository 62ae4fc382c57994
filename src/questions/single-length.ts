/** One draft length whatever the batch, as flags of servers that know no schedule: llama.cpp's and ATOM's. */
import { inShell } from '../shell.ts';
import { ATOM_METHODS, LLAMACPP_METHODS } from './engine-methods.ts';
import type { SingleLength } from './tuning.ts';

/**
 * The flags have their names of late 2024 on; builds of 2026 also know them as `--spec-draft-n-max` and so on. A drafted
 * token less probable than `--draft-p-min` ends the draft, a draft shorter than `--draft-min` is not verified.
 */
export function llamacppFlags(
  method: string,
  { k, pays_from }: SingleLength,
  weights: string | null,
): string {
  const words = ['--spec-type', LLAMACPP_METHODS[method]!];
  if (weights !== null) words.push('--model-draft', weights);
  words.push('--draft-max', String(k), '--draft-min', '1');
  if (pays_from !== null && method !== 'ngram') words.push('--draft-p-min', pays_from.toFixed(2));
  return words.map(inShell).join(' ');
}

export function atomFlags(method: string, { k }: SingleLength, weights: string | null): string {
  const words = ['--method', ATOM_METHODS[method]!];
  if (weights !== null) words.push('--draft-model', weights);
  words.push('--num-speculative-tokens', String(k));
  return words.map(inShell).join(' ');
}
