/** What would perfect knowledge and free work bring? */

import { grouped } from '../memo.ts';
import type { Chart } from '../plot/chart.ts';
import type { Explanation } from '../questions/explanation.ts';
import type { Envelope } from '../scenario/result.ts';
import { foot, where } from './words.ts';

/** Batch sizes side by side at the most: the least and the greatest among them. */
const MOST = 4;

export function waterfallChart(answer: Envelope<Explanation>): Chart {
  const [first] = answer.rows;
  const traces = grouped(answer.rows, ({ trace }) => trace);
  const setting = `${first!.method} k=${first!.k}`;
  const last = answer.rows.at(-1)!;
  const bound = last.waterfall.at(-1)!.ms_per_token;
  return {
    kind: 'waterfall',
    title: `From ${setting} to its bound: ${where(answer)}`,
    subtitle: `trace ${[...traces.keys()].join(', ')}; each gift on top of those above`,
    summary: `At batch ${last.batch_size} a token takes ${last.ms_per_token.total.toFixed(2)} ms, at the bound ${bound.toFixed(2)} ms.`,
    foot: foot(answer),
    panels: [...traces].map(([trace, of]) => ({
      form: 'waterfall' as const,
      ...(traces.size > 1 && { heading: `trace ${trace}` }),
      x: {
        label: 'ms of a decode step for each token of a sequence',
        unit: ' ms',
        scale: 'linear' as const,
        holds: [0],
      },
      names: [`${setting} now`, ...first!.waterfall.map(({ what }) => what), 'the bound'],
      groups: spread(of).map(({ batch_size, ms_per_token, waterfall }) => {
        let left = ms_per_token.total;
        const gifts = waterfall.map(({ ms_per_token: to }) => {
          const from = left;
          left = to;
          return { from, to };
        });
        return {
          name: `batch ${batch_size}`,
          bars: [{ from: 0, to: ms_per_token.total }, ...gifts, { from: 0, to: left }],
        };
      }),
    })),
  };
}

function spread<R>(rows: readonly R[]): readonly R[] {
  if (rows.length <= MOST) return rows;
  return Array.from({ length: MOST }, (_, i) => rows[Math.round((i * (rows.length - 1)) / (MOST - 1))]!);
}
