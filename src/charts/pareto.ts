/** Speed for one user against the work of a GPU. */
import { UserError } from '../errors.ts';
import { grouped } from '../memo.ts';
import type { Chart, Series } from '../plot/chart.ts';
import type { Hue } from '../plot/themes.ts';
import type { Row } from '../scenario/result.ts';
import { beatenOf, type ParetoPoint, paretoOf } from '../sweep/pareto.ts';
import type { PointRecord } from '../sweep/records.ts';
import { type Answer, chartOf, fromZero } from './words.ts';

const HUES: readonly Hue[] = ['blue', 'orange', 'green', 'purple', 'olive', 'teal', 'plain'];

/** The front of the rows of a run or a comparison; methods that know the future stay out. */
export function paretoChart(answer: Answer & { readonly rows: readonly Row[] }): Chart {
  const records = answer.rows.map(
    (row, point): PointRecord => ({ point, id: '', axes: {}, gpus: row.tp, row, error: null }),
  );
  const front = paretoOf(records, false).rows;
  const beaten = beatenOf(records, false);
  if (front.length === 0)
    throw new UserError('plot pareto: no point has a batch size, expected a load of clones or closed');
  const valuesOf = (key: 'target' | 'trace' | 'gpu') => [...new Set(front.map((row) => row[key]))];
  const varying = (['target', 'trace', 'gpu'] as const).filter((key) => valuesOf(key).length > 1);
  const nameOf = (row: ParetoPoint) =>
    (varying.length === 0 ? (['gpu'] as const) : varying).map((key) => row[key]).join(', ');
  const point = ({ user_tok_per_s, gpu_tok_per_s, method, k, batch_size }: ParetoPoint) => ({
    x: user_tok_per_s,
    y: gpu_tok_per_s,
    label: `${method === 'none' ? 'off' : `${method}${k === null ? '' : ` k=${k}`}`} b=${batch_size}`,
  });
  const series = [...grouped(front, nameOf)].flatMap(([name, of], g): Series[] => {
    const hue = HUES[g % HUES.length]!;
    const others = beaten.filter((row) => nameOf(row) === name).map(point);
    const points = of.map(point).sort((a, b) => a.x - b.x);
    return [
      { name: '', hue, faint: true, path: 'none', points: others },
      { name, hue, path: 'steps', points },
    ];
  });
  const fastest = front.reduce((a, b) => (b.user_tok_per_s > a.user_tok_per_s ? b : a));
  const [x, y] = [fromZero('tokens/s of a user', ' tokens/s'), fromZero('tokens/s of a GPU', ' tokens/s')];
  return chartOf('pareto', answer, {
    title: `Speed for a user against the work of a GPU: ${valuesOf('target').join(', ')}`,
    subtitle: `trace ${valuesOf('trace').join(', ')}; faint: beaten in both by another`,
    summary: `The fastest for a user is ${point(fastest).label} on ${fastest.gpu}, ${Math.round(fastest.user_tok_per_s)} tokens/s.`,
    panels: [{ form: 'lines', x, y, series, rules: [] }],
  });
}
