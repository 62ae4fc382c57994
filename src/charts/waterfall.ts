/** What would perfect knowledge and free work bring? */
import type { Bar, Chart } from '../plot/chart.ts';
import type { Fall } from '../questions/waterfall.ts';
import type { Envelope } from '../scenario/result.ts';
import { chartOf, fromZero, panelsByTrace, tracesOf, where } from './words.ts';

/** Batch sizes side by side at the most: the least and the greatest among them. */
const MOST = 4;

export function waterfallChart(answer: Envelope<Fall>): Chart {
  const [first] = answer.rows;
  const setting = `${first!.method} k=${first!.k}`;
  const last = answer.rows.at(-1)!;
  const bound = last.waterfall.at(-1)!.ms_per_token;
  const label = 'ms of a decode step for each token of a sequence';
  return chartOf('waterfall', answer, {
    title: `From ${setting} to its bound: ${where(answer)}`,
    subtitle: `${tracesOf(answer.rows)}; each gift on top of those above`,
    summary: `At batch ${last.batch_size} a token takes ${last.ms_per_token.total.toFixed(2)} ms, at the bound ${bound.toFixed(2)} ms.`,
    panels: panelsByTrace(answer.rows, (of) => ({
      form: 'bars',
      upright: false,
      axis: fromZero(label, ' ms'),
      label,
      falling: true,
      groups: spread(of).map((row) => ({ name: `batch ${row.batch_size}`, bands: fall(row, setting) })),
    })),
  });
}

function fall({ batch_size, ms_per_token, waterfall }: Fall, setting: string) {
  const band = (name: string, from: number, to: number, whole: boolean) => {
    const change = to - from;
    const label = whole ? to.toFixed(2) : `${change > 0 ? '+' : ''}${change.toFixed(2)}`;
    const says = `batch ${batch_size}: ${name}: ${label} ms${whole ? '' : `, ${to.toFixed(2)} ms left`}`;
    const hue = whole ? 'verify' : change <= 0 ? 'gain' : 'loss';
    const values = { group: `batch ${batch_size}`, name, from, to };
    return { name, bars: [{ from, to, hue, label, says, values } satisfies Bar] };
  };
  const totals = [ms_per_token.total, ...waterfall.map((gift) => gift.ms_per_token)];
  return [
    band(`${setting} now`, 0, totals[0]!, true),
    ...waterfall.map(({ what }, i) => band(what, totals[i]!, totals[i + 1]!, false)),
    band('the bound', 0, totals.at(-1)!, true),
  ];
}

function spread<R>(rows: readonly R[]): readonly R[] {
  if (rows.length <= MOST) return rows;
  return Array.from({ length: MOST }, (_, i) => rows[Math.round((i * (rows.length - 1)) / (MOST - 1))]!);
}
