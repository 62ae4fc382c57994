/** What should I set: the best method and k, and trees beside chains. */
import { UserError } from '../errors.ts';
import { grouped } from '../memo.ts';
import type { Cell, Chart, Series } from '../plot/chart.ts';
import type { TreeRow } from '../questions/tree-tuning.ts';
import type { TuneRow, Tuning } from '../questions/tuning.ts';
import {
  type Answer,
  BATCH,
  chartOf,
  hueOf,
  mapOf,
  panelsByTrace,
  speedups,
  times,
  tracesOf,
  where,
} from './words.ts';

export function bestChart(tuning: Omit<Tuning, 'groups' | 'schedules'>): Chart {
  const { rows } = tuning;
  const most = Math.max(1.05, ...rows.map(({ over_none }) => over_none.ratio));
  const [first] = rows;
  return chartOf('best', tuning, {
    title: `Best method and k, and what it gains over plain decoding: ${where(tuning)}`,
    subtitle: `${tracesOf(rows)}, k up to ${tuning.maxK}; within 1% the smallest k; hatched: the 95% interval of the gain holds 1`,
    summary: `At batch ${first!.batch_size} the best is ${first!.k === 0 ? 'no speculation' : `${first!.method} k=${first!.k}, ${times(first!.over_none.ratio)}`}.`,
    panels: panelsByTrace(rows, (of) => {
      const contexts = grouped(of, ({ context_tokens: tokens }) => String(tokens ?? "the trace's"));
      const batches = grouped(of, ({ batch_size }) => String(batch_size));
      return mapOf(
        { label: BATCH, names: [...batches.keys()] },
        { label: 'prompt tokens', names: [...contexts.keys()].reverse() },
        [1, most],
        (batch, context) => cell(contexts.get(context)!.find((row) => String(row.batch_size) === batch)),
      );
    }),
  });
}

function cell(row: TuneRow | undefined): Cell {
  if (row === undefined) return { value: null, lines: [], says: 'not asked' };
  const { method, k, over_none: gain, batch_size, context_tokens } = row;
  const at = `batch ${batch_size}${context_tokens === null ? '' : `, prompt ${context_tokens}`}`;
  if (k === 0) return { value: 1, lines: ['off'], says: `${at}: no speculation pays` };
  return {
    value: gain.ratio,
    lines: [`k=${k}`, method, times(gain.ratio)],
    says: `${at}: ${method} k=${k}, ${times(gain.ratio)} (${times(gain.lo)} to ${times(gain.hi)})`,
    hatched: gain.lo <= 1,
  };
}

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
      const contexts = grouped(of, ({ context_tokens: tokens }) =>
        tokens === null ? '' : `, prompt ${tokens}`,
      );
      return speedups([...contexts].flatMap(([behind, rows]) => treeAndChain(rows, behind)));
    }),
  });
}

function treeAndChain(rows: readonly TreeRow[], behind: string): Series[] {
  const hue = hueOf(rows[0]!.method);
  const trees = rows.map(({ batch_size: x, over_none: { ratio: y, lo, hi }, tree, ...row }) => {
    const says = `${tree}: ${row.tokens_per_round?.toFixed(2)} tokens a round of ${row.verified_per_round} verified`;
    return { x, y, lo, hi, label: tree.replace('best ', ''), says };
  });
  const chains = rows.map(({ batch_size: x, over_none, over_chain, chain_k }) => {
    const says = chain_k === 0 ? 'no speculation' : `chain of ${chain_k}`;
    return { x, y: over_none.ratio / over_chain.ratio, says };
  });
  return [
    { hue, name: `best tree${behind}`, points: trees },
    { hue, name: `best chain${behind}`, dashed: true, points: chains },
  ];
}
