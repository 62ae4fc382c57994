/** Does it pay, and up to which batch size? */
import { UserError } from '../errors.ts';
import { grouped } from '../memo.ts';
import type { Chart, Series } from '../plot/chart.ts';
import type { Result, Row } from '../scenario/result.ts';
import { chartOf, hueOf, isBound, nameOf, panelsByTrace, sample, speedups, times, where } from './words.ts';

/** A speedup that somebody measured. */
export type Measured = Pick<Row, 'trace' | 'method' | 'k'> &
  Readonly<Record<'batch_size' | 'speedup', number>>;

/** @throws UserError for rows without batch sizes */
export function speedupChart(result: Result, measured: readonly Measured[] = []): Chart {
  const rows = result.rows.filter(({ method }) => method !== 'none');
  if (rows.length === 0 || rows.some(({ batch_size }) => batch_size === null)) {
    throw new UserError(
      'plot speedup: the rows have no batch sizes or no speculation, expected a run of both',
    );
  }
  const last = rows.at(-1)!;
  return chartOf('speedup', result, {
    title: `Speedup by batch size: ${where(result)}`,
    subtitle: `${sample(rows)}; bands are 95% intervals${measured.length === 0 ? '' : '; crosses were measured'}`,
    summary: `${nameOf(last)} is ${times(last.speedup ?? 1)} as fast as plain decoding at batch ${last.batch_size}.`,
    panels: panelsByTrace(rows, (of, trace) => {
      const settings = [...grouped(of, nameOf).values()];
      const own = measured.filter((one) => one.trace === trace);
      return speedups([...settings.map(line), ...settings.flatMap(([row]) => crosses(row!, own))]);
    }),
  });
}

export function line(rows: readonly Row[]): Series {
  const [row] = rows;
  const points = rows.map((of) => {
    const { batch_size: x, speedup: y, speedup_lo: lo, speedup_hi: hi } = of;
    return { x: x!, y, lo, hi };
  });
  return { name: nameOf(row!), hue: hueOf(row!.method), dashed: isBound(row!), points };
}

function crosses(row: Row, measured: readonly Measured[]): Series[] {
  const points = measured
    .filter(({ method, k }) => method === row.method && k === row.k)
    .map(({ batch_size, speedup }) => ({ x: batch_size, y: speedup, says: `${nameOf(row)}, measured` }));
  if (points.length === 0) return [];
  return [{ name: '', hue: hueOf(row.method), path: 'none', mark: 'cross', points }];
}
