/** Pareto fronts for people and as flat rows. */
import type { Pareto, ParetoPoint } from '../sweep/pareto.ts';
import { type FlatTable, flatRows } from './flat-rows.ts';
import { textTable, tokensPerSecond } from './text-table.ts';

/** Axes that the columns of the table show already. */
const SHOWN = ['gpu', 'target', 'trace', 'method', 'k', 'batch', 'tp'];

/** A table for each target, trace and GPU, one trailing newline. */
export function summarizePareto({ rows, leftOut }: Pareto): string {
  const groups = grouped(rows, ({ target, trace, gpu }) => `${target}, trace ${trace}, on ${gpu}`);
  const notes = [
    [leftOut.failed, 'failed'],
    [leftOut.oracle, 'are oracles, which are bounds (--oracles keeps them)'],
    [leftOut.open, 'have an open load, and so no tokens/s per user'],
  ].flatMap(([count, why]) => (count === 0 ? [] : [`left out: ${count} points ${why}`]));
  const sections = [...groups].map(([title, front]) => [title, ...table(front)]);
  return `${[...sections, notes]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
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

function table(front: readonly ParetoPoint[]): string[] {
  const others = Object.keys(front[0]!.axes).filter((path) => !SHOWN.includes(path));
  return textTable(
    [
      { title: 'tokens/s per user', align: 'right' },
      { title: 'tokens/s per GPU', align: 'right' },
      { title: 'method', align: 'left' },
      { title: 'batch', align: 'right' },
      { title: 'tp', align: 'right' },
      { title: 'speedup', align: 'right' },
      ...others.map((title) => ({ title, align: 'right' as const })),
    ],
    front.map((point) => [
      tokensPerSecond(point.user_tok_per_s),
      tokensPerSecond(point.gpu_tok_per_s),
      point.k === null ? point.method : `${point.method} k=${point.k}`,
      String(point.batch_size),
      String(point.tp),
      point.speedup === null ? '-' : `${point.speedup.toFixed(2)}x`,
      ...others.map((path) => String(point.axes[path] ?? '-')),
    ]),
  );
}

/** Map.groupBy, which Node has from 21 on. */
function grouped(
  rows: readonly ParetoPoint[],
  keyOf: (row: ParetoPoint) => string,
): Map<string, ParetoPoint[]> {
  const groups = new Map<string, ParetoPoint[]>();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return groups;
}
