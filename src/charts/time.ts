/** Where does the time go? */
import { PARTS } from '../cost/work.ts';
import { grouped } from '../memo.ts';
import type { Bar, Chart } from '../plot/chart.ts';
import { valueText } from '../plot/scale.ts';
import type { Result, Row } from '../scenario/result.ts';
import { BATCH, chartOf, nameOf, panelsByTrace, sample, where } from './words.ts';

export function timeChart(result: Result): Chart {
  const { rows } = result;
  const last = rows.at(-1)!;
  return chartOf('time', result, {
    title: `Where the time goes: ${where(result)}`,
    subtitle: `${sample(rows)}; prefill and decoding together`,
    summary: `${nameOf(last)} spends ${Math.round(100 * last.time_share.verify)}% of its time verifying${last.batch_size === null ? '' : ` at batch ${last.batch_size}`}.`,
    panels: panelsByTrace(rows, (of) => ({
      form: 'bars',
      upright: true,
      axis: { label: 'share of the time', unit: '%', scale: 'linear', holds: [0, 100] },
      label: BATCH,
      legend: PARTS.map(({ name }) => ({ name, hue: name })),
      groups: [...grouped(of, nameOf)].map(([name, own]) => ({
        name,
        bands: own.map((row) => ({ name: batchOf(row), bars: stack(row) })),
      })),
    })),
  });
}

const batchOf = ({ batch_size }: Row) => (batch_size === null ? 'open' : String(batch_size));

function stack(row: Row): Bar[] {
  let below = 0;
  return PARTS.flatMap(({ name: part }): Bar[] => {
    const value = 100 * row.time_share[part];
    if (value === 0) return [];
    const [from, group, bar] = [below, nameOf(row), batchOf(row)];
    below += value;
    const says = `${group}, ${bar}: ${part} ${valueText(value)}%`;
    const label = valueText(Number(value.toPrecision(2)));
    return [{ from, to: below, hue: part, label, says, values: { group, batch: bar, part, value } }];
  });
}
