/** A comparison of GPUs for people. */
import { RESOURCES } from '../cost/fields.ts';
import {
  type Cell,
  type Document,
  fixed,
  PERCENT,
  RATE,
  RATIO,
  type Section,
  type Shown,
  sentence,
  type Table,
  table,
  WHOLE,
  warningsSection,
} from '../report/document.ts';
import { head } from '../report/head.ts';
import { batchColumn, settingLabel } from '../report/setting.ts';
import type { Inputs } from '../scenario/inputs.ts';
import type { Comparison, ComparisonRow } from './comparison.ts';

export function comparisonDocument(result: Comparison, inputs: readonly Inputs[]): Document {
  const { config, rows, warnings } = result;
  const { target, traces } = inputs[0]!;
  const of = config.tp === 1 ? '' : `, ${config.tp} of each`;
  const methods = config.method.filter((method) => method !== 'none').join(', ');
  return [
    head(result, inputs, `${inputs.length} GPUs for ${target.name} (${config.dtype})${of}`, {
      facts: [['best of', `${methods}; k ${config.k.join(', ')}`]],
    }),
    ...traces.flatMap(({ name }, t): Section[] => {
      // By place, not by name: two files of one data set are two traces of the same name.
      const own = rows.filter((_, i) => Math.floor(i / config.batch.length) % traces.length === t);
      return [[sentence(`trace ${name}`), comparison(own)], [shares(own)]];
    }),
    warningsSection(warnings),
  ];
}

function comparison(rows: readonly ComparisonRow[]): Table {
  return table(rows, [
    { title: 'gpu', cell: (row) => row.gpu },
    batchColumn(rows),
    { title: 'plain tokens/s', as: RATE, cell: (row) => row.baseline_throughput_tok_per_s },
    { title: 'best tokens/s', as: RATE, cell: (row) => row.throughput_tok_per_s },
    { title: 'speedup', as: RATIO, cell: (row) => row.speedup },
    { title: '95% interval', as: fixed(2), cell: (row) => [row.speedup_lo!, row.speedup_hi!] },
    { title: 'best', cell: settingLabel },
    { title: 'breaks even at', as: WHOLE, cell: breakEven },
    { title: 'bound by', cell: (row) => row.binding },
  ]);
}

function breakEven({ break_even_batch: batch, break_even_searched_to: limit }: ComparisonRow): Cell {
  if (batch === null) return `none up to ${limit}`;
  return batch === 1 ? 'never pays' : batch;
}

function shares(rows: readonly ComparisonRow[]): Table {
  return table(rows, [
    { title: 'verification spent on', cell: (row) => row.gpu },
    batchColumn(rows),
    ...RESOURCES.map(
      (title): Shown<ComparisonRow> => ({
        title,
        as: { ...PERCENT, digits: 0 },
        cell: (row) => row.verification_share?.[title] ?? null,
      }),
    ),
  ]);
}
