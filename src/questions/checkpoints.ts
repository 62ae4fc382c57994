/** Published weights of the models and heads that ship, as engines download them. */
import type { DraftHead, Transformer } from '../model/architecture.ts';

const CHECKPOINTS: Readonly<Record<string, string>> = {
  'deepseek-v3': 'deepseek-ai/DeepSeek-V3',
  'glm-4.5-air': 'zai-org/GLM-4.5-Air',
  'gpt-oss-120b': 'openai/gpt-oss-120b',
  'gpt-oss-20b': 'openai/gpt-oss-20b',
  'llama-3-70b': 'meta-llama/Meta-Llama-3-70B-Instruct',
  'llama-3.1-405b': 'meta-llama/Llama-3.1-405B-Instruct',
  'llama-3.1-70b': 'meta-llama/Llama-3.1-70B-Instruct',
  'llama-3.1-8b': 'meta-llama/Llama-3.1-8B-Instruct',
  'llama-3.2-1b': 'meta-llama/Llama-3.2-1B-Instruct',
  'mixtral-8x7b': 'mistralai/Mixtral-8x7B-Instruct-v0.1',
  'qwen2-57b-a14b': 'Qwen/Qwen2-57B-A14B-Instruct',
  'qwen3-0.6b': 'Qwen/Qwen3-0.6B',
  'qwen3-1.7b': 'Qwen/Qwen3-1.7B',
  'qwen3-235b-a22b': 'Qwen/Qwen3-235B-A22B',
  'qwen3-30b-a3b': 'Qwen/Qwen3-30B-A3B',
  'qwen3-32b': 'Qwen/Qwen3-32B',
  'qwen3-4b': 'Qwen/Qwen3-4B',
  'qwen3-8b': 'Qwen/Qwen3-8B',
  'dflash-qwen3-4b': 'z-lab/Qwen3-4B-DFlash-b16',
  'dflash-qwen3-8b': 'z-lab/Qwen3-8B-DFlash-b16',
  'eagle-llama-3.1-8b': 'yuhuili/EAGLE-LLaMA3.1-Instruct-8B',
  'eagle-mixtral-8x7b': 'yuhuili/EAGLE-mixtral-instruct-8x7B',
  'eagle3-llama-3.1-8b': 'yuhuili/EAGLE3-LLaMA3.1-Instruct-8B',
  'eagle3-qwen3-8b': 'AngelSlim/Qwen3-8B_eagle3',
  'eagle3-qwen3-32b': 'AngelSlim/Qwen3-32B_eagle3',
};

/**
 * Where an engine finds the weights of a card.
 *
 * @param notes gets a line where the name is only that of the card
 */
export function weightsOf({ name }: Pick<Transformer | DraftHead, 'name'>, notes: string[]): string {
  const known = CHECKPOINTS[name];
  if (known === undefined) notes.push(`${name} stands for its weights: put their path or repository there`);
  return known ?? name;
}
