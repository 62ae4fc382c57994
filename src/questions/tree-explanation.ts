/**
 * Why a tree is as fast as it is: what each of its drafts brings and costs at a batch size, and up to which batch size
 * it is worth its time. A draft brings the chance that the whole way to it is right.
 *
 * Left out: that a tree which is chosen by the round has other drafts in every round; those shown are its likeliest.
 */
import { Bench, type TreeByDrafts } from '../scenario/bench.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { type Answer, answerOf, type Group } from '../scenario/result.ts';
import { loadKind } from '../scenario/run.ts';
import { PLAIN, type Setting } from '../scenario/setup.ts';

/** Batch sizes that are searched for the last at which a draft pays. */
const SEARCHED = Array.from({ length: 11 }, (_, i) => 2 ** i);

/** One draft of a tree, against the tree of those before it. */
export interface DraftValue {
  readonly draft: number;
  /** Ranks on the way to it, 1 the drafter's first choice: `1.1.2`. */
  readonly path: string;
  readonly depth: number;
  readonly rank: number;
  /** Tokens that it adds to a round, in the mean. */
  readonly tokens: number;
  readonly cost_ms: number;
  readonly break_even_tokens: number;
  readonly pays: boolean;
  /** The largest of 1, 2, 4, ... 1024 up to which it pays; null where it does not at 1. */
  readonly pays_up_to_batch: number | null;
}

export interface TreeExplanation {
  readonly trace: string;
  readonly method: string;
  readonly tree: string;
  readonly batch_size: number;
  readonly speedup: number;
  readonly speedup_lo: number;
  readonly speedup_hi: number;
  readonly tokens_per_round: number | null;
  readonly verified_per_round: number | null;
  readonly wasted_verify_share: number | null;
  readonly drafts: readonly DraftValue[];
}

/** One row a trace and batch size. */
export function treeExplanationOf(inputs: Inputs, setting: Setting): Answer<TreeExplanation> {
  const { scenario } = inputs;
  const warnings = new Set(inputs.warnings);
  const groups = inputs.traces.map((trace, t): Group<TreeExplanation> => {
    const bench = new Bench(inputs, trace, loadKind(scenario), warnings);
    const rows = scenario.batch.map((batch): TreeExplanation => {
      const measures = bench.measures(setting, batch);
      const { ratio, lo, hi } = bench.ratio(setting, PLAIN, batch);
      return {
        trace: trace.name,
        method: setting.method.name,
        tree: bench.names(setting, batch).tree!,
        batch_size: batch,
        speedup: ratio,
        speedup_lo: lo,
        speedup_hi: hi,
        tokens_per_round: measures.tokens_per_round,
        verified_per_round: measures.verified_per_round,
        wasted_verify_share: measures.wasted_verify_share,
        drafts: draftValues(bench, setting, batch),
      };
    });
    return { trace: t, rows };
  });
  return answerOf(scenario, inputs, warnings, groups);
}

function draftValues(bench: Bench, setting: Setting, batch: number): DraftValue[] {
  const here = bench.treeByDrafts(setting, batch, batch);
  const searched = SEARCHED.map((size) => bench.treeByDrafts(setting, batch, size));
  return here.paths.map((path, n): DraftValue => {
    const tokens = here.chances[n]!;
    const { costS, neededTokens } = costOf(here, n);
    const failing = searched.findIndex((there) => tokens <= costOf(there, n).neededTokens);
    const last = failing === -1 ? SEARCHED.length - 1 : failing - 1;
    return {
      draft: n + 1,
      path: path.join('.'),
      depth: path.length,
      rank: path.at(-1)!,
      tokens,
      cost_ms: 1000 * costS,
      break_even_tokens: neededTokens,
      pays: tokens > neededTokens,
      pays_up_to_batch: SEARCHED[last] ?? null,
    };
  });
}

/** Seconds that draft n adds to a step, and the tokens that it would have to add to be worth them. */
function costOf(
  { prefixes }: TreeByDrafts,
  n: number,
): { readonly costS: number; readonly neededTokens: number } {
  const before = prefixes[n]!;
  const costS = prefixes[n + 1]!.stepS - before.stepS;
  return { costS, neededTokens: (costS * before.length) / before.stepS };
}
