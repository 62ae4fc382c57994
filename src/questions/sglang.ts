/**
 * Trees and chains as SGLang's server reads them: flags (sglang/srt/server_args.py; also keys of its `--config` file), the
 * candidate steps of adaptive speculation (srt/speculative/adaptive_spec_params.py), and the table of steps per second by
 * verified tokens (srt/speculative/dspark_components/dspark_sps.py).
 */
import { SGLANG_METHODS } from './engine-methods.ts';
import { type ContextSchedule, joined } from './schedule.ts';
import type { SingleLength } from './tuning.ts';

type Flags = Readonly<Record<string, string | number | boolean>>;

/** @param tree as STEPSxTOPKxTOKENS, the root counted among the tokens; a chain of k is `kx1x(k + 1)` */
export function sglangFlags(method: string, tree: string, weights: string | null): Flags {
  const [steps, topk, tokens] = tree.split('x').map(Number) as [number, number, number];
  return {
    'speculative-algorithm': SGLANG_METHODS[method]!,
    ...(weights !== null && { 'speculative-draft-model-path': weights }),
    'speculative-num-steps': steps,
    'speculative-eagle-topk': topk,
    'speculative-num-draft-tokens': tokens,
  };
}

/** By the least batch size of a slot: the steps that its controller may choose, here one. */
export function candidateSteps({ ranges }: ContextSchedule): object {
  return Object.fromEntries(joined(ranges).map(({ lo, k }) => [lo, { candidate_steps: [k] }]));
}

/** Steps per second at each batch size, by the tokens that a step verifies. */
export function stepsPerSecond({ steps }: SingleLength): object {
  return {
    sample_batch_tokens: steps.map(({ tokens }) => tokens),
    sample_steps_per_sec: steps.map(({ seconds }) => Number((1 / seconds).toPrecision(6))),
    max_batch_tokens: steps.at(-1)!.tokens,
  };
}
