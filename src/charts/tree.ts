/** A tree or a chain, and up to which batch size? */
import { UserError } from '../errors.ts';
import { grouped } from '../memo.ts';
import type { Chart, Series } from '../plot/chart.ts';
import type { TreeRow } from '../questions/tree-tuning.ts';
import type { Tuning } from '../questions/tuning.ts';
import { type Answer, chartOf, hueOf, panelsByTrace, speedups, times, tracesOf, where } from './words.ts';

/** @throws UserError where no trees were asked for */
export function treeChart(tuning: Answer & Pick<Tuning, 'trees'>): Chart {
  const { trees } = tuning;
  if (trees.length === 0) throw new UserError('plot tree: no trees, expected a tune with --tree best');
  const [first, last] = [trees[0]!, trees.at(-1)!];
  const says = (row: TreeRow) => `${times(row.over_chain.ratio)} the best chain at batch ${row.batch_size}`;
  return chartOf('tree', tuning, {
    title: `Best tree and best chain of ${first.method}: ${where(tuning)}`,
    subtitle: `${tracesOf(trees)}; a tree is depth x width x tokens; bands are 95% intervals`,
    summary: `The best tree is ${says(first)} and ${says(last)}.`,
    panels: panelsByTrace(trees, (of) => {
      const contexts = grouped(of, ({ context_tokens: tokens }) => tokens);
      return speedups(
        [...contexts].flatMap(([tokens, rows]) => lines(rows, tokens === null ? '' : `, prompt ${tokens}`)),
      );
    }),
  });
}

function lines(rows: readonly TreeRow[], behind: string): Series[] {
  const hue = hueOf(rows[0]!.method);
  const trees = rows.map(({ batch_size: x, over_none: { ratio: y, lo, hi }, tree, ...row }) => {
    const says = `${tree}: ${row.tokens_per_round?.toFixed(2)} tokens a round of ${row.verified_per_round} verified`;
    return { x, y, lo, hi, label: tree.replace('best ', ''), says };
  });
  const chains = rows.map(({ batch_size: x, over_none, over_chain, chain_k }) => ({
    x,
    y: over_none.ratio / over_chain.ratio,
    says: chain_k === 0 ? 'no speculation' : `chain of ${chain_k}`,
  }));
  return [
    { hue, name: `best tree${behind}`, points: trees },
    { hue, name: `best chain${behind}`, dashed: true, points: chains },
  ];
}
