/** Methods that nobody named: ones that the target can run. */

/** Targets of which an EAGLE-3 head ships whose acceptance a trace has. */
const WITH_EAGLE3 = /^(deepseek-v3|gpt-oss-(20b|120b)|llama-3.1-(8b|70b)|qwen3-(8b|32b|30b-a3b|235b-a22b))$/;

/** Those of models that write by diffusion, as their authors run them. */
const WRITING: readonly (readonly [RegExp, string])[] = [
  [/^(dream|llada)-/, 'diffusion:dual-cache'],
  [/^(diffusiongemma|fast-dllm|sdar)-/, 'diffusion:block'],
];

/** What runs on a target as it is: a head of the user's is named with its method. Undefined for all that are usual. */
export function usualMethods(target: string): readonly string[] | undefined {
  if (WITH_EAGLE3.test(target)) return undefined;
  const writing = WRITING.find(([targets]) => targets.test(target));
  return writing === undefined ? ['none', 'ngram'] : [writing[1]];
}
