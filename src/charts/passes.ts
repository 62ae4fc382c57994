/** Of single passes: why drafted tokens are nearly free, and when no longer; memory or arithmetic. */
import { grouped } from '../memo.ts';
import type { Axis, Chart, Rule, Series } from '../plot/chart.ts';
import type { Hue } from '../plot/themes.ts';
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
  const x: Axis = { label: 'query tokens in the pass', unit: '', scale: 'log2' };
  const label = `within 10% up to ${free.tokens} tokens`;
  const rule: Rule = { axis: 'x', at: first!.tokens, upTo: free.tokens, label };
  return chartOf('pass', answer, {
    title: `The price of one target pass by its tokens: ${where(answer)}`,
    subtitle: 'line: without context; dots: verification as run, attention included',
    summary: `A pass over ${free.tokens} tokens takes at most 10% longer than one over a single token, ${first!.ms.toFixed(2)} ms.`,
    panels: [{ form: 'lines', x, y: fromZero('ms of a target pass', ' ms'), series, rules: [rule] }],
  });
}

/** Whole powers of ten that hold all values. */
function decades(values: readonly number[]): number[] {
  const [least, most] = [Math.log10(Math.min(...values)), Math.log10(Math.max(...values))];
  return [10 ** Math.floor(least), 10 ** Math.ceil(most)];
}

export function rooflineChart(answer: Passes): Chart {
  const { passes, roof } = answer;
  const dots = passes.map(({ flops, bytes, ms, ...pass }) => {
    return { ...pass, x: flops / bytes, y: (1e3 * flops) / ms };
  });
  const ridge = roof.flops_per_s / roof.bytes_per_s;
  const most = Math.max(4 * ridge, ...dots.map(({ x }) => x));
  const bound = [Math.min(0.5, ...dots.map(({ x }) => x)), ridge].map((x) => ({
    x,
    y: x * roof.bytes_per_s,
  }));
  bound.push({ x: most, y: roof.flops_per_s });
  const lines = [...grouped(dots, ({ pass }) => pass)].map(([name, of]): Series => {
    // All but the first and the last are told by their place on the line.
    const points = of.map(({ x, y, batch_size: batch }, i) =>
      i === 0 || i === of.length - 1
        ? { x, y, label: `batch ${batch}` }
        : { x, y, says: `${name}, batch ${batch}` },
    );
    return { name, hue: HUES_OF_PASSES[name] ?? (name.startsWith('draft') ? 'orange' : 'blue'), points };
  });
  const holds = decades([...dots.map(({ y }) => y), roof.flops_per_s]);
  return chartOf('roofline', answer, {
    title: `Roofline: ${where(answer)}`,
    subtitle: `dots are passes without context at batch ${answer.config.batch.join(', ')}; the roof is the data sheet's`,
    summary: `Memory binds below ${Math.round(ridge)} FLOP per byte, arithmetic above.`,
    panels: [
      {
        form: 'lines',
        x: { label: 'arithmetic intensity, FLOP per byte', unit: ' FLOP/byte', scale: 'log10' },
        y: { label: 'FLOP/s', unit: 'FLOP/s', scale: 'log10', holds },
        series: [{ name: 'roof', hue: 'plain', mark: 'none', points: bound }, ...lines],
        rules: [{ axis: 'x', at: ridge, label: `ridge: ${Math.round(ridge)} FLOP per byte` }],
      },
    ],
  });
}

const HUES_OF_PASSES: Readonly<Record<string, Hue>> = { 'plain decoding': 'plain', prefill: 'teal' };
