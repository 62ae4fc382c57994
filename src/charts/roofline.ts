/** Memory or arithmetic? */
import { grouped } from '../memo.ts';
import type { Chart, Series } from '../plot/chart.ts';
import type { Hue } from '../plot/themes.ts';
import type { Passes } from '../scenario/passes.ts';
import { chartOf, where } from './words.ts';

function hueOfPass(pass: string): Hue {
  if (pass === 'plain decoding') return 'plain';
  if (pass === 'prefill') return 'teal';
  return pass.startsWith('draft') ? 'orange' : 'blue';
}

/** Whole powers of ten that hold all values. */
function decades(values: readonly number[]): number[] {
  const [least, most] = [Math.log10(Math.min(...values)), Math.log10(Math.max(...values))];
  return [10 ** Math.floor(least), 10 ** Math.ceil(most)];
}

export function rooflineChart(answer: Passes): Chart {
  const { passes, roof } = answer;
  const intensities = passes.map(({ flops, bytes }) => flops / bytes);
  const rates = [...passes.map(({ flops, ms }) => (1e3 * flops) / ms), roof.flops_per_s];
  const ridge = roof.flops_per_s / roof.bytes_per_s;
  const [least, most] = [Math.min(0.5, ...intensities), Math.max(4 * ridge, ...intensities)];
  const memory = [least, ridge].map((x) => ({ x, y: x * roof.bytes_per_s }));
  return chartOf('roofline', answer, {
    title: `Roofline: ${where(answer)}`,
    subtitle: `dots are passes without context at batch ${answer.config.batch.join(', ')}; the roof is the data sheet's`,
    summary: `Memory binds below ${Math.round(ridge)} FLOP per byte, arithmetic above.`,
    panels: [
      {
        form: 'lines',
        x: { label: 'arithmetic intensity, FLOP per byte', unit: ' FLOP/byte', scale: 'log10' },
        y: { label: 'FLOP/s', unit: 'FLOP/s', scale: 'log10', holds: decades(rates) },
        series: [
          { name: 'roof', hue: 'plain', mark: 'none', points: [...memory, { x: most, y: roof.flops_per_s }] },
          ...[...grouped(passes, ({ pass }) => pass)].map(([name, of]): Series => {
            const points = of.map(({ flops, bytes, ms, batch_size }, i) => ({
              x: flops / bytes,
              y: (1e3 * flops) / ms,
              // The others are told by their place on the line.
              ...(i === 0 || i === of.length - 1
                ? { label: `batch ${batch_size}` }
                : { says: `${name}, batch ${batch_size}` }),
            }));
            return { name, hue: hueOfPass(name), points };
          }),
        ],
        rules: [{ axis: 'x', at: ridge, label: `ridge: ${Math.round(ridge)} FLOP per byte` }],
      },
    ],
  });
}
