/**
 * Chains against trees: the best tree of every batch size beside the best chain, and the one tree that serves all of
 * them best, as most engines cannot change it between steps.
 *
 * Left out: engines that do change it (adaptive steps of SGLang), and one tree for a load whose batch moves.
 */
import { type Method, takesTree } from '../drafter/methods.ts';
import { type NamedTree, parseTree } from '../drafter/tree-spec.ts';
import type { Bench, Ratio } from '../scenario/bench.ts';
import type { Setting } from '../scenario/setup.ts';

/** A chain that was tried: k drafts in a row, 0 for plain decoding. */
export interface TriedChain {
  readonly setting: Setting;
  readonly k: number;
  readonly speedup: number;
}

/** A context and batch size of a trace. */
export interface Place {
  readonly bench: Bench;
  readonly batch: number;
  /** Plain decoding, and every chain of the method. */
  readonly chains: readonly TriedChain[];
}

export interface TreeRow {
  readonly gpu: string;
  readonly trace: string;
  readonly context_tokens: number | null;
  readonly batch_size: number;
  readonly method: string;
  /** The fastest of the trees that were asked for. */
  readonly tree: string;
  readonly verified_per_round: number | null;
  readonly tokens_per_round: number | null;
  readonly wasted_verify_share: number | null;
  readonly throughput_tok_per_s: number;
  readonly over_none: Ratio;
  /** The fastest chain, 0 for none, and the tree over it. */
  readonly chain_k: number;
  readonly over_chain: Ratio;
  /** The tree or chain, as SGLang's flags name it, that is the best compromise over all batch sizes, and the tree over it. */
  readonly fixed_tree: string;
  readonly over_fixed: Ratio;
}

interface TriedTree {
  readonly setting: Setting;
  readonly throughput: number;
}

/**
 * One row a place.
 *
 * @param trees those asked for; none of them a chain
 */
export function treeRows(method: Method, trees: readonly NamedTree[], places: readonly Place[]): TreeRow[] {
  if (!takesTree(method)) return [];
  const best = places.map(({ bench, batch }) =>
    trees
      .map((tree) => tried({ method, k: null, tree }, bench, batch))
      .reduce((a, b) => (b.throughput > a.throughput ? b : a)),
  );
  const fixed = compromise(method, trees, best, places);
  return places.map(({ bench, batch, chains }, p): TreeRow => {
    const { setting, throughput } = best[p]!;
    const chain = chains.reduce((a, b) => (b.speedup > a.speedup ? b : a));
    const { verified_per_round, tokens_per_round, wasted_verify_share } = bench.measures(setting, batch);
    const { gpu, trace, tree } = bench.names(setting, batch);
    return {
      gpu,
      trace,
      context_tokens: bench.promptLen,
      batch_size: batch,
      method: method.name,
      tree: tree!,
      verified_per_round,
      tokens_per_round,
      wasted_verify_share,
      throughput_tok_per_s: throughput,
      over_none: bench.ratio(setting, chains[0]!.setting, batch),
      chain_k: chain.k,
      over_chain: bench.ratio(setting, chain.setting, batch),
      fixed_tree: fixed.name,
      over_fixed: bench.ratio(setting, fixed.setting, batch),
    };
  });
}

function tried(setting: Setting, bench: Bench, batch: number): TriedTree {
  return { setting, throughput: bench.measures(setting, batch).throughput_tok_per_s };
}

/** Of what an engine's flags can name, the one with the greatest geometric mean of throughputs. */
function compromise(
  method: Method,
  trees: readonly NamedTree[],
  best: readonly TriedTree[],
  places: readonly Place[],
): { readonly name: string; readonly setting: Setting } {
  const names = new Set(trees.filter(({ spec }) => spec.kind === 'engine').map(({ name }) => name));
  for (const [p, { bench, batch }] of places.entries()) names.add(bench.flagsOf(best[p]!.setting, batch));
  for (const { chains } of places) {
    const { k } = chains.reduce((a, b) => (b.speedup > a.speedup ? b : a));
    if (k > 0) names.add(`${k}x1x${k + 1}`);
  }
  let chosen: { name: string; setting: Setting; score: number } | null = null;
  for (const name of names) {
    const spec = parseTree(name) as NamedTree['spec'];
    const setting = { method, k: null, tree: { name, spec } };
    const score = places.reduce(
      (sum, { bench, batch }) => sum + Math.log(tried(setting, bench, batch).throughput),
      0,
    );
    if (chosen === null || score > chosen.score) chosen = { name, setting, score };
  }
  return chosen!;
}
