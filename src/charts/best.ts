/** What should I set? */
import { grouped } from '../memo.ts';
import type { Cell, Chart } from '../plot/chart.ts';
import type { TuneRow, Tuning } from '../questions/tuning.ts';
import { BATCH, chartOf, panelsByTrace, times, tracesOf, where } from './words.ts';

export function bestChart(tuning: Omit<Tuning, 'groups' | 'schedules'>): Chart {
  const { rows } = tuning;
  const most = Math.max(1.05, ...rows.map(({ over_none }) => over_none.ratio));
  const [first] = rows;
  return chartOf('best', tuning, {
    title: `Best method and k, and what it gains over plain decoding: ${where(tuning)}`,
    subtitle: `${tracesOf(rows)}, k up to ${tuning.maxK}; within 1% the smallest k; hatched: the 95% interval of the gain holds 1`,
    summary: `At batch ${first!.batch_size} the best is ${first!.k === 0 ? 'no speculation' : `${first!.method} k=${first!.k}, ${times(first!.over_none.ratio)}`}.`,
    panels: panelsByTrace(rows, (of) => {
      const contexts = [
        ...grouped(of, ({ context_tokens: tokens }) => String(tokens ?? "the trace's")),
      ].reverse();
      const batches = [...new Set(of.map(({ batch_size }) => batch_size))];
      return {
        form: 'cells',
        x: { label: BATCH, names: batches.map(String) },
        y: { label: 'prompt tokens', names: contexts.map(([name]) => name) },
        range: [1, most],
        rows: contexts.map(([, own]) =>
          batches.map((batch) => cell(own.find((row) => row.batch_size === batch))),
        ),
      };
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
