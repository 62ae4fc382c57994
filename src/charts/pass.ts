/** Why are drafted tokens nearly free, and when no longer? */
import { grouped } from '../memo.ts';
import type { Chart, Series } from '../plot/chart.ts';
import type { Passes } from '../scenario/passes.ts';
import { chartOf, fromZero, hueOf, nameOf, where } from './words.ts';

/** A pass this much dearer than one of a single token is still called nearly free. */
const NEARLY_FREE = 1.1;

export function passChart(answer: Passes): Chart {
  const { curve, rows } = answer;
  const [first] = curve;
  const free = curve.findLast(({ ms }) => ms <= NEARLY_FREE * first!.ms) ?? first!;
  const asRun = [...grouped(rows, nameOf)].map(([name, of]): Series => {
    const points = of.flatMap(({ step_ms, batch_size: batch, drafted_per_round: drafted }) =>
      step_ms === null || batch === null
        ? []
        : [{ x: batch * (1 + (drafted ?? 0)), y: step_ms.verify, label: `batch ${batch}` }],
    );
    return { name: `${name}, as run`, hue: hueOf(of[0]!.method), path: 'none', points };
  });
  const points = curve.map(({ tokens: x, ms: y }) => ({ x, y }));
  const series: Series[] = [{ name: 'a pass', hue: 'verify', faint: true, points }, ...asRun];
  const label = `within 10% up to ${free.tokens} tokens`;
  return chartOf('pass', answer, {
    title: `The price of one target pass by its tokens: ${where(answer)}`,
    subtitle: 'line: without context; dots: verification as run, attention included',
    summary: `A pass over ${free.tokens} tokens takes at most 10% longer than one over a single token, ${first!.ms.toFixed(2)} ms.`,
    panels: [
      {
        form: 'lines',
        x: { label: 'query tokens in the pass', unit: '', scale: 'log2' },
        y: fromZero('ms of a target pass', ' ms'),
        series,
        rules: [{ axis: 'x', at: first!.tokens, upTo: free.tokens, label }],
      },
    ],
  });
}
