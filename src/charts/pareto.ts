/** Speed for one user against the work of a GPU. */
import { UserError } from '../errors.ts';
import { grouped } from '../memo.ts';
import type { Chart, Series } from '../plot/chart.ts';
import type { Hue } from '../plot/themes.ts';
import type { Row } from '../scenario/result.ts';
import { beatenOf, type ParetoPoint, paretoOf } from '../sweep/pareto.ts';
import type { PointRecord } from '../sweep/records.ts';
import { type Answer, foot, fromZero } from './words.ts';

const HUES: readonly Hue[] = ['blue', 'orange', 'green', 'purple', 'olive', 'teal', 'plain'];

/** What a front needs of a row. */
export type Rated = Pick<
  Row,
  'target' | 'trace' | 'gpu' | 'tp' | 'batch_size' | 'speedup' | 'throughput_tok_per_s' | keyof Setting
>;
type Setting = Pick<Row, 'method' | 'k' | 'policy'>;

/** The front of the rows of a run or a comparison. */
export function frontOfRows(answer: Answer & { readonly rows: readonly Rated[] }): Chart {
  const records = answer.rows.map(
    (row, point): PointRecord => ({ point, id: '', axes: {}, gpus: row.tp, row: row as Row, error: null }),
  );
  return paretoChart(records, foot(answer));
}

/** @param from where the numbers come from */
export function paretoChart(results: readonly PointRecord[], from: string, oracles = false): Chart {
  const front = paretoOf(results, oracles).rows;
  const beaten = beatenOf(results, oracles);
  if (front.length === 0)
    throw new UserError('plot pareto: no point has a batch size, expected a load of clones or closed');
  const groups = grouped(front, ({ target, trace, gpu }) => JSON.stringify([target, trace, gpu]));
  const names = [...groups.values()].map(([row]) => {
    const varying = (['target', 'trace', 'gpu'] as const).filter(
      (key) => new Set(front.map((one) => one[key])).size > 1,
    );
    return (varying.length === 0 ? (['gpu'] as const) : varying).map((key) => row![key]).join(', ');
  });
  const point = ({ user_tok_per_s, gpu_tok_per_s, method, k, batch_size }: ParetoPoint) => ({
    x: user_tok_per_s,
    y: gpu_tok_per_s,
    label: `${method === 'none' ? 'off' : `${method}${k === null ? '' : ` k=${k}`}`} b=${batch_size}`,
  });
  const key = ({ target, trace, gpu }: ParetoPoint) => JSON.stringify([target, trace, gpu]);
  const series = [...groups].flatMap(([id, of], g): Series[] => {
    const hue = HUES[g % HUES.length]!;
    const others = beaten.filter((row) => key(row) === id).map(point);
    const points = of.map(point).sort((a, b) => a.x - b.x);
    return [
      { name: '', hue, faint: true, path: 'none', points: others },
      { name: names[g]!, hue, path: 'steps', points },
    ];
  });
  const targets = [...new Set(front.map(({ target }) => target))];
  const fastest = front.reduce((a, b) => (b.user_tok_per_s > a.user_tok_per_s ? b : a));
  return {
    kind: 'pareto',
    title: `Speed for a user against the work of a GPU: ${targets.join(', ')}`,
    subtitle: `trace ${[...new Set(front.map(({ trace }) => trace))].join(', ')}; faint: beaten in both by another`,
    summary: `The fastest for a user is ${point(fastest).label} on ${fastest.gpu}, ${Math.round(fastest.user_tok_per_s)} tokens/s.`,
    foot: from,
    panels: [
      {
        form: 'lines',
        x: fromZero('tokens/s of a user', ' tokens/s'),
        y: fromZero('tokens/s of a GPU', ' tokens/s'),
        series,
        rules: [],
      },
    ],
  };
}
