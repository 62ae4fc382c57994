/** A tree or chain as the flags of SGLang's server (sglang/srt/server_args.py), for its `--config` file. */
import { UserError } from '../errors.ts';
import type { TreeRow } from './tree-tuning.ts';

export interface SglangFlags {
  readonly 'speculative-algorithm': string;
  readonly 'speculative-num-steps': number;
  readonly 'speculative-eagle-topk': number;
  /** The root counted. */
  readonly 'speculative-num-draft-tokens': number;
}

/** SGLang's word for a method. */
const ALGORITHMS: Readonly<Record<string, string>> = {
  eagle: 'EAGLE',
  eagle3: 'EAGLE3',
  mtp: 'NEXTN',
  'draft-model': 'STANDALONE',
};

/**
 * The best compromise over the batch sizes that were tried; SGLang runs one tree whatever the batch. The drafter's
 * weights are left to the reader, who knows where they are.
 *
 * @throws UserError for a method that SGLang does not have, or where nothing was tuned with trees
 */
export function sglangFlags(rows: readonly TreeRow[]): SglangFlags {
  const [first] = rows;
  const algorithm = first && ALGORITHMS[first.method];
  if (algorithm === undefined) {
    throw new UserError(
      `--emit sglang: expected a method that drafts trees (${Object.keys(ALGORITHMS).join(', ')}) and --tree best`,
    );
  }
  const [steps, topk, tokens] = first!.fixed_tree.split('x').map(Number) as [number, number, number];
  return {
    'speculative-algorithm': algorithm,
    'speculative-num-steps': steps,
    'speculative-eagle-topk': topk,
    'speculative-num-draft-tokens': tokens,
  };
}
