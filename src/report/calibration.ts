/** The answer of `specsim calibrate`: what was fitted, with its errors. */
import type { Fitted } from '../cost/calibration/calibrate.ts';
import type { FittedParameter } from '../cost/calibration/law.ts';
import { errorText, type ServingFit } from '../scenario/calibrate-serving.ts';
import { isShare } from '../scenario/serving-table.ts';
import { cellText } from './cell.ts';
import { type Document, FOUR, type Format, fixed, sentence, table, WHOLE } from './document.ts';

const PERCENT: Format = { form: 'fixed', digits: 2, times: 100, unit: '%' };

export function gpuSections(label: string, fitted: readonly Fitted[], leftOut: readonly string[]): Document {
  return [
    [
      sentence(
        `${label}: efficiencies fitted to measured kernels; errors are means of |predicted / measured - 1|`,
      ),
    ],
    [
      table(fitted, [
        {
          title: 'law',
          cell: ({ law, provenance: { engine } }) =>
            `${law.name}${engine === undefined ? '' : ` (${engine})`}`,
        },
        {
          title: 'parameters',
          cell: ({ law }) => law.parameters.map((one) => written(one, law.pinned)).join(', '),
        },
        { title: 'rows', as: WHOLE, cell: ({ law }) => law.rows },
        { title: 'error', as: PERCENT, cell: ({ law }) => law.meanError },
        { title: 'held out', as: PERCENT, cell: ({ law }) => law.heldOutError },
        { title: 'at a time', cell: ({ law }) => law.heldOut },
        { title: 'range', cell: ({ provenance }) => rangeText(provenance.range) },
      ]),
    ],
    leftOut.map((what) => sentence(`left out: ${what}`)),
  ];
}

function rangeText(range: Fitted['provenance']['range']): string {
  return Object.entries(range ?? {})
    .map(([what, [least, greatest]]) => `${what} ${least}-${greatest}`)
    .join(', ');
}

function written({ name, unit, value }: FittedParameter, pinned: readonly string[]): string {
  const shown = {
    share: () => value.toFixed(4),
    exponent: () => value.toFixed(3),
    count: () => value.toFixed(0),
    s: () =>
      value < 1e-6 && value !== 0 ? `${(1e9 * value).toFixed(1)} ns` : `${(1e6 * value).toFixed(2)} us`,
    'B/s': () => `${(value / 1e9).toFixed(1)} GB/s`,
  }[unit]();
  return `${name} ${shown}${pinned.includes(name) ? ' (held)' : ''}`;
}

/** Times, and figures beside what the fit predicts. */
export function engineSections(label: string, fit: ServingFit): Document {
  const shares: Format = { ...fixed(2), signed: true };
  return [
    [sentence(`${label}: times fitted to measured serving figures`)],
    [
      table(fit.times, [
        { title: 'time', cell: ({ time }) => time },
        { title: 'fitted', as: { ...fixed(2), times: 1e6, unit: ' us' }, cell: ({ seconds }) => seconds },
        {
          title: 'standard error',
          as: { ...PERCENT, digits: 0 },
          cell: ({ standardError }) => standardError,
        },
      ]),
      ...(fit.untouched.length > 0 ? [sentence(`no figure depends on: ${fit.untouched.join(', ')}`)] : []),
    ],
    [
      table(fit.figures, [
        {
          title: 'figure',
          cell: ({ figure: { measure, options } }) =>
            [measure, options.target, options.method, options.trace]
              .filter((part) => part !== undefined)
              .join(' '),
        },
        { title: 'batch', align: 'right', cell: ({ figure }) => String(figure.options.batch ?? '') },
        { title: 'measured', as: FOUR, cell: ({ figure }) => figure.value },
        { title: 'predicted', as: FOUR, cell: ({ predicted }) => predicted },
        {
          title: 'error',
          as: shares,
          cell: ({ figure, error }) => ({
            value: error,
            text: `${cellText(error, shares)}${isShare(figure.measure) ? ' points' : '%'}`,
          }),
        },
      ]),
    ],
    [
      sentence(`mean error ${errorText(fit.figures)}`),
      sentence(
        fit.heldOut === null
          ? 'held out: too few figures to leave any out'
          : `held out ${errorText(fit.heldOut)}, ${fit.leftOut} left out at a time`,
      ),
    ],
  ];
}
