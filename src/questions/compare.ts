/** A comparison of GPUs for people. */

import { RESOURCES } from '../cost/fields.ts';
import {
  answerFirst,
  type Cell,
  type Document,
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
  within,
} from '../report/document.ts';
import { flatRows } from '../report/flat-rows.ts';
import { head } from '../report/head.ts';
import { batchColumn, settingLabel } from '../report/setting.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { formatsText } from '../scenario/number-formats.ts';
import { OPTIONS } from '../scenario/option-table.ts';
import { askedOf, checkHardwareQuestion, completeScenario } from '../scenario/options.ts';
import type { Comparison, ComparisonRow } from './comparison.ts';
import { comparedGpus, comparedLengths, comparisonOf } from './comparison.ts';
import type { Question } from './question.ts';

export const compare: Question<Comparison, never> = {
  async gather(named, read) {
    const scenario = completeScenario(named);
    checkHardwareQuestion('compare', scenario);
    const gpus = comparedGpus(scenario);
    const chosen = named.k === undefined && OPTIONS.k.idle!(scenario, askedOf(scenario), null) === null;
    const k = chosen ? comparedLengths(await read({ ...scenario, gpu: gpus[0]! })) : scenario.k;
    const inputs: Inputs[] = [];
    for (const gpu of gpus) inputs.push(await read({ ...scenario, k, gpu }));
    return { scenario: { ...scenario, k }, inputs };
  },
  ask: ({ scenario, inputs }, progress) => comparisonOf(scenario, inputs, progress),
  document: (answer, { inputs }) => documentOf(answer, inputs),
  flat: flatRows,
};

function documentOf(result: Comparison, inputs: readonly Inputs[]): Document {
  const { config, groups, warnings } = result;
  const { target, traces } = inputs[0]!;
  const of = config.tp === 1 ? '' : `, ${config.tp} of each`;
  const methods = config.method.filter((method) => method !== 'none').join(', ');
  return [
    answerFirst(
      traces.map(({ name }, t) =>
        firstAnswer(
          groups.flatMap(({ trace, rows }) => (trace === t ? rows : [])),
          name,
        ),
      ),
    ),
    head(
      result,
      inputs,
      `${inputs.length} GPUs for ${target.name} (${formatsText(config.dtype, target)})${of}`,
      {
        facts: [['best of', `${methods}; k ${config.k.join(', ')}`]],
      },
    ),
    ...traces.flatMap(({ name }, t): Section[] => {
      const own = groups.flatMap(({ trace, rows }) => (trace === t ? rows : []));
      return [[sentence(`trace ${name}`), comparison(own)], [shares(own)]];
    }),
    warningsSection(warnings),
  ];
}

function firstAnswer(rows: readonly ComparisonRow[], trace: string): string {
  const [largest] = rows.map((row) => row.batch_size!).sort((a, b) => b - a);
  const fastest = rows
    .filter((row) => row.batch_size === largest)
    .reduce((a, b) => (b.throughput_tok_per_s > a.throughput_tok_per_s ? b : a));
  return `${fastest.gpu} is fastest on ${trace} at batch ${largest}: ${fastest.throughput_tok_per_s.toFixed(0)} tokens/s with ${settingLabel(fastest)}, ${fastest.speedup!.toFixed(2)}x plain decoding`;
}

function comparison(rows: readonly ComparisonRow[]): Table {
  return table(rows, [
    { title: 'gpu', cell: (row) => row.gpu },
    batchColumn(rows),
    { title: 'plain tokens/s', as: RATE, cell: (row) => row.baseline_throughput_tok_per_s },
    { title: 'best tokens/s', as: RATE, cell: (row) => row.throughput_tok_per_s },
    {
      title: 'speedup (95%)',
      as: RATIO,
      cell: (row) => within(row.speedup, row.speedup_lo, row.speedup_hi),
    },
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
