/** What does a round look like? */
import type { Chart } from '../plot/chart.ts';
import type { Rounds } from '../scenario/rounds.ts';
import { foot, hueOf, nameOf, where } from './words.ts';

export function roundsChart(answer: Rounds): Chart {
  const { rounds, row, request, baselineStepMs, stepMs } = answer;
  const tokens = rounds.reduce((sum, { accepted }) => sum + accepted + 1, 0);
  const x = {
    label: `ms of decoding at batch ${row.batch_size}, every step as long as the mean`,
    unit: ' ms',
    scale: 'linear',
    holds: [0],
  } as const;
  return {
    kind: 'rounds',
    title: `One request, round by round: ${nameOf(row)}, ${where(answer)}`,
    subtitle: `request ${request} of trace ${row.trace} (${row.trace_kind}); a column is a round`,
    summary: `${rounds.length} rounds give ${tokens} tokens, ${(tokens / rounds.length).toFixed(2)} a round.`,
    foot: foot(answer),
    panels: [
      { form: 'strip', rounds },
      {
        form: 'lanes',
        x,
        lanes: [
          {
            name: 'none',
            hue: 'plain',
            stepMs: baselineStepMs,
            tokens: Array.from({ length: tokens }, () => 1),
          },
          {
            name: nameOf(row),
            hue: hueOf(row.method),
            stepMs,
            tokens: rounds.map(({ accepted }) => accepted + 1),
          },
        ],
      },
    ],
  };
}
