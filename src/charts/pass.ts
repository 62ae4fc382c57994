/** Why are drafted tokens nearly free, and when no longer? */

import { grouped } from '../memo.ts';
import type { Chart, Point } from '../plot/chart.ts';
import type { Passes } from '../scenario/passes.ts';
import { foot, hueOf, nameOf, where } from './words.ts';

/** A pass this much dearer than one of a single token is still called nearly free. */
const NEARLY_FREE = 1.1;

export function passChart(answer: Passes): Chart {
  const { curve, rows } = answer;
  const [first] = curve;
  const free = curve.findLast(({ ms }) => ms <= NEARLY_FREE * first!.ms) ?? first!;
  const rounds = [...grouped(rows, nameOf)].map(([name, of]) => ({
    name: `${name}, as run`,
    hue: hueOf(of[0]!.method),
    path: 'none' as const,
    mark: 'dot' as const,
    points: of.flatMap((row): Point[] =>
      row.step_ms === null || row.batch_size === null
        ? []
        : [
            {
              x: row.batch_size * (1 + (row.drafted_per_round ?? 0)),
              y: row.step_ms.verify,
              label: `batch ${row.batch_size}`,
            },
          ],
    ),
  }));
  return {
    kind: 'pass',
    title: `The price of one target pass by its tokens: ${where(answer)}`,
    subtitle: 'line: without context; dots: verification as run, attention included',
    summary: `A pass over ${free.tokens} tokens takes at most 10 % longer than one over a single token, ${first!.ms.toFixed(2)} ms.`,
    foot: foot(answer),
    panels: [
      {
        form: 'lines',
        x: { label: 'query tokens in the pass', unit: '', scale: 'log2' },
        y: { label: 'ms of a target pass', unit: ' ms', scale: 'linear', holds: [0] },
        series: [
          {
            name: 'a pass',
            hue: 'verify',
            path: 'line',
            mark: 'dot',
            faint: true,
            points: curve.map(({ tokens, ms }) => ({ x: tokens, y: ms })),
          },
          ...rounds,
        ],
        rules: [
          {
            axis: 'x',
            at: first!.tokens,
            upTo: free.tokens,
            label: `within 10 % up to ${free.tokens} tokens`,
          },
        ],
      },
    ],
  };
}
