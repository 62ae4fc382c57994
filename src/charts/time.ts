/** Where does the time go? */

import { grouped } from '../memo.ts';
import type { Chart } from '../plot/chart.ts';
import type { Result } from '../scenario/result.ts';
import { BATCH, foot, nameOf, sample, where } from './words.ts';

export const PARTS = ['draft', 'verify', 'sampling', 'overhead', 'prefill'] as const;

export function timeChart(result: Result): Chart {
  const { rows } = result;
  const traces = grouped(rows, ({ trace }) => trace);
  const shares = (row: Result['rows'][number]) => PARTS.map((part) => 100 * row.time_share[part]);
  const last = rows.at(-1)!;
  return {
    kind: 'time',
    title: `Where the time goes: ${where(result)}`,
    subtitle: `${sample(rows)}; prefill and decoding together`,
    summary: `${nameOf(last)} spends ${Math.round(100 * last.time_share.verify)} % of its time verifying${last.batch_size === null ? '' : ` at batch ${last.batch_size}`}.`,
    foot: foot(result),
    panels: [...traces].map(([trace, of]) => ({
      form: 'stack' as const,
      ...(traces.size > 1 && { heading: `trace ${trace}` }),
      x: BATCH,
      y: { label: 'share of the time', unit: ' %', scale: 'linear' as const, bounds: [0, 100] as const },
      parts: PARTS.map((name) => ({ name, hue: name })),
      groups: [...grouped(of, nameOf)].map(([name, own]) => ({
        name,
        bars: own.map((row) => ({
          name: row.batch_size === null ? 'open' : String(row.batch_size),
          values: shares(row),
        })),
      })),
    })),
  };
}
