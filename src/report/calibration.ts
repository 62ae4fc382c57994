/** What `specsim calibrate` prints: aligned tables of what was fitted, with its errors. */
import type { Fitted } from '../cost/calibration/calibrate.ts';
import type { FittedParameter } from '../cost/calibration/law.ts';
import { errorText, type ServingFit } from '../scenario/calibrate-serving.ts';
import { isShare } from '../scenario/serving-table.ts';
import { type Column, textTable } from './text-table.ts';

const LAW_COLUMNS: readonly Column[] = [
  { title: 'law', align: 'left' },
  { title: 'parameters', align: 'left' },
  { title: 'rows', align: 'right' },
  { title: 'error', align: 'right' },
  { title: 'held out', align: 'right' },
  { title: 'at a time', align: 'left' },
  { title: 'range', align: 'left' },
];

/** Lines of a table, a law a row. */
export function gpuReport(label: string, fitted: readonly Fitted[], leftOut: readonly string[]): string[] {
  const rows = fitted.map(({ law, provenance }) => [
    `${law.name}${provenance.engine === undefined ? '' : ` (${provenance.engine})`}`,
    law.parameters.map((one) => written(one, law.pinned)).join(', '),
    String(law.rows),
    percent(law.meanError),
    law.heldOutError === null ? '-' : percent(law.heldOutError),
    law.heldOut,
    Object.entries(provenance.range ?? {})
      .map(([what, [least, greatest]]) => `${what} ${least}-${greatest}`)
      .join(', '),
  ]);
  return [
    `${label}: efficiencies fitted to measured kernels; errors are means of |predicted / measured - 1|`,
    '',
    ...textTable(LAW_COLUMNS, rows),
    '',
    ...leftOut.map((sentence) => `left out: ${sentence}`),
    ...(leftOut.length > 0 ? [''] : []),
  ];
}

function written({ name, unit, value }: FittedParameter, pinned: readonly string[]): string {
  const shown = {
    share: () => value.toFixed(4),
    exponent: () => value.toFixed(3),
    s: () =>
      value < 1e-6 && value !== 0 ? `${(1e9 * value).toFixed(1)} ns` : `${(1e6 * value).toFixed(2)} us`,
    'B/s': () => `${(value / 1e9).toFixed(1)} GB/s`,
  }[unit]();
  return `${name} ${shown}${pinned.includes(name) ? ' (held)' : ''}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

const TIME_COLUMNS: readonly Column[] = [
  { title: 'time', align: 'left' },
  { title: 'fitted', align: 'right' },
  { title: 'standard error', align: 'right' },
];

const FIGURE_COLUMNS: readonly Column[] = [
  { title: 'figure', align: 'left' },
  { title: 'batch', align: 'right' },
  { title: 'measured', align: 'right' },
  { title: 'predicted', align: 'right' },
  { title: 'error', align: 'right' },
];

/** Lines of two tables: times, and figures beside what the fit predicts. */
export function engineReport(label: string, fit: ServingFit): string[] {
  return [
    `${label}: times fitted to measured serving figures`,
    '',
    ...textTable(
      TIME_COLUMNS,
      fit.times.map(({ time, seconds, standardError }) => [
        time,
        `${(1e6 * seconds).toFixed(2)} us`,
        `${(100 * standardError).toFixed(0)} %`,
      ]),
    ),
    ...(fit.untouched.length > 0 ? [`no figure depends on: ${fit.untouched.join(', ')}`] : []),
    '',
    ...textTable(
      FIGURE_COLUMNS,
      fit.figures.map(({ figure, predicted, error }) => [
        [figure.measure, figure.options.target, figure.options.method, figure.options.trace]
          .filter((part) => part !== undefined)
          .join(' '),
        String(figure.options.batch ?? ''),
        figure.value.toPrecision(4),
        predicted.toPrecision(4),
        `${error >= 0 ? '+' : ''}${error.toFixed(2)} ${isShare(figure.measure) ? 'points' : '%'}`,
      ]),
    ),
    '',
    `mean error ${errorText(fit.figures)}`,
    fit.heldOut === null
      ? 'held out: too few figures to leave any out'
      : `held out ${errorText(fit.heldOut)}, ${fit.leftOut} left out at a time`,
    '',
  ];
}
