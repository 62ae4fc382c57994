/** Does it pay, and up to which batch size? */
import { UserError } from '../errors.ts';
import { grouped } from '../memo.ts';
import type { Chart, LinesPanel, Point } from '../plot/chart.ts';
import type { Result, Row } from '../scenario/result.ts';
import { BATCH, foot, hueOf, isBound, nameOf, sample, times, where } from './words.ts';

/** A speedup that somebody measured. */
export interface Measured {
  readonly dataset: string;
  readonly method: string;
  readonly k: number | null;
  readonly batch_size: number;
  readonly speedup: number;
}

/** @throws UserError for rows without batch sizes */
export function speedupChart(result: Result, measured: readonly Measured[] = []): Chart {
  const rows = result.rows.filter(({ method }) => method !== 'none');
  if (rows.length === 0 || rows.some(({ batch_size }) => batch_size === null)) {
    throw new UserError(
      'plot speedup: the rows have no batch sizes or no speculation, expected a run of both',
    );
  }
  const traces = grouped(rows, ({ trace }) => trace);
  const last = rows.at(-1)!;
  return {
    kind: 'speedup',
    title: `Speedup by batch size: ${where(result)}`,
    subtitle: `${sample(rows)}; bands are 95 % intervals${measured.length === 0 ? '' : '; crosses were measured'}`,
    summary: `${nameOf(last)} is ${times(last.speedup ?? 1)} as fast as plain decoding at batch ${last.batch_size}.`,
    foot: foot(result),
    panels: [...traces].map(([trace, of]) => panel(trace, of, measured, traces.size > 1)),
  };
}

function panel(
  trace: string,
  rows: readonly Row[],
  measured: readonly Measured[],
  headed: boolean,
): LinesPanel {
  const series = [...grouped(rows, nameOf)].map(([name, of]) => ({
    name,
    hue: hueOf(of[0]!.method),
    dashed: isBound(of[0]!),
    path: 'line' as const,
    mark: 'dot' as const,
    points: of.map(
      ({ batch_size, speedup, speedup_lo, speedup_hi }): Point => ({
        x: batch_size!,
        y: speedup,
        lo: speedup_lo,
        hi: speedup_hi,
      }),
    ),
  }));
  const crosses = [...grouped(rows, nameOf).values()].flatMap(([row]) => {
    const points = measured
      .filter(({ dataset, method, k }) => dataset === trace && method === row!.method && k === row!.k)
      .map(({ batch_size, speedup }) => ({ x: batch_size, y: speedup, says: `${nameOf(row!)}, measured` }));
    const hue = hueOf(row!.method);
    return points.length === 0
      ? []
      : [{ name: '', hue, path: 'none' as const, mark: 'cross' as const, points }];
  });
  return {
    form: 'lines',
    ...(headed && { heading: `trace ${trace}` }),
    x: { label: `${BATCH} (copies of one request)`, unit: '', scale: 'log2' },
    y: { label: 'times as fast as plain decoding', unit: 'x', scale: 'linear', holds: [0] },
    series: [...series, ...crosses],
    rules: [{ axis: 'y', at: 1, label: 'plain decoding' }],
  };
}
