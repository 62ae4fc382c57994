/** Pareto fronts for people and as flat rows. */
import { grouped } from '../memo.ts';
import {
  type Document,
  RATE,
  RATIO,
  type Shown,
  sentence,
  type Table,
  table,
  WHOLE,
} from '../report/document.ts';
import { type FlatTable, flatRows } from '../report/flat-rows.ts';
import { isWhatIf, type Pareto, type ParetoPoint, whatIf } from './pareto.ts';

/** Axes that the columns of the table show already. */
const SHOWN = ['gpu', 'target', 'trace', 'method', 'k', 'batch', 'tp'];

/** A table for each target, trace and GPU. */
export function paretoDocument({ rows, leftOut }: Pareto): Document {
  const groups = grouped(rows, ({ target, trace, gpu, axes }) =>
    [`${target}, trace ${trace}, on ${gpu}`, whatIf(axes)].filter((part) => part !== '').join(', '),
  );
  const notes = [
    [leftOut.failed, 'failed'],
    [leftOut.oracle, 'are oracles, which are bounds (--oracles keeps them)'],
    [leftOut.open, 'have an open load, and so no tokens/s per user'],
  ].flatMap(([count, why]) => (count === 0 ? [] : [sentence(`left out: ${count} points ${why}`)]));
  return [...[...groups].map(([title, points]) => [sentence(title), front(points)]), notes];
}

/** A row a point; axes as `grid.PATH`. */
export function flatPareto({ schemaVersion, rows }: Pareto): FlatTable {
  return flatRows({
    schemaVersion,
    rows: rows.map(({ axes, ...row }) => ({
      ...row,
      ...Object.fromEntries(Object.entries(axes).map(([path, value]) => [`grid.${path}`, value])),
    })),
  });
}

function front(points: readonly ParetoPoint[]): Table {
  const others = Object.keys(points[0]!.axes).filter((path) => !SHOWN.includes(path) && !isWhatIf(path));
  return table(points, [
    { title: 'tokens/s per user', as: RATE, cell: (point) => point.user_tok_per_s },
    { title: 'tokens/s per GPU', as: RATE, cell: (point) => point.gpu_tok_per_s },
    { title: 'method', cell: ({ method, k }) => (k === null ? method : `${method} k=${k}`) },
    { title: 'batch', as: WHOLE, cell: (point) => point.batch_size },
    { title: 'tp', as: WHOLE, cell: (point) => point.tp },
    { title: 'speedup', as: RATIO, cell: (point) => point.speedup },
    ...others.map(
      (title): Shown<ParetoPoint> => ({
        title,
        align: 'right',
        cell: ({ axes }) => String(axes[title] ?? '-'),
      }),
    ),
  ]);
}
