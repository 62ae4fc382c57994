/** A run, every row of a scenario. Its answer: the table, where the time goes, what was wasted, what next. */

import { PARTS } from '../cost/work.ts';
import { cellText } from '../report/cell.ts';
import {
  type Document,
  fixed,
  PERCENT,
  RATE,
  RATIO,
  type Section,
  type Shown,
  sentence,
  table,
  WHOLE,
  warningsSection,
} from '../report/document.ts';
import { flatRows } from '../report/flat-rows.ts';
import { head, modelOn } from '../report/head.ts';
import { nextRun } from '../report/next-run.ts';
import { batchColumn, settingLabel } from '../report/setting.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { completeScenario } from '../scenario/options.ts';
import { type Answer, gainOf, type Row } from '../scenario/result.ts';
import { runScenario } from '../scenario/run.ts';
import type { Question } from './question.ts';
import { mixing, servingTable } from './served.ts';
import { timeline } from './timeline.ts';

export const run: Question<Answer<Row>, 'timeline'> = {
  async gather(named, read) {
    const scenario = completeScenario(named);
    return { scenario, inputs: [await read(scenario)] };
  },
  ask: ({ inputs }, progress) => runScenario(inputs[0]!, progress),
  document: (answer, { inputs }) => documentOf(answer, inputs[0]!),
  flat: flatRows,
  beside: timeline,
};

function documentOf(result: Answer<Row>, inputs: Inputs): Document {
  return [
    head(result, [inputs], `speculative decoding of ${modelOn(inputs)}`),
    ...result.groups.flatMap(({ trace, rows }): Section[] => [
      [sentence(`trace ${inputs.traces[trace]!.name}`), speedTable(rows)],
      policies(rows),
      servingTable(rows),
      mixing(rows),
      [timeBars(rows)],
      waste(rows),
    ]),
    warningsSection(result.warnings),
    nextRun(result, inputs),
  ];
}

function speedTable(rows: readonly Row[]) {
  return table(rows, [
    { title: 'method', cell: settingLabel },
    batchColumn(rows),
    { title: 'tokens/s', as: RATE, cell: (row) => row.throughput_tok_per_s },
    {
      title: rows[0]?.batch_size === null ? 'TPOT ratio' : 'speedup',
      as: RATIO,
      cell: (row) => gainOf(row)?.ratio ?? null,
    },
    {
      title: '95% interval',
      as: fixed(2),
      cell(row) {
        const gain = row.method === 'none' ? null : gainOf(row);
        return gain === null ? null : [gain.lo, gain.hi];
      },
    },
    { title: 'tokens/round', as: fixed(2), cell: (row) => row.tokens_per_round },
    { title: 'drafted/round', as: fixed(2), cell: (row) => row.drafted_per_round },
    { title: 'accepted', as: PERCENT, cell: (row) => row.acceptance_rate },
  ]);
}

/** How each policy, at its best k, stands to the best k in every round; nothing where policies are not compared. */
function policies(rows: readonly Row[]): Section {
  const compared = rows.filter(({ over_best_fixed: over }) => over !== undefined && over !== null);
  if (compared.length === 0) return [];
  const key = ({ method, batch_size, policy }: Row) => JSON.stringify([method, batch_size, policy]);
  const groups = new Map<string, Row>();
  for (const row of compared) {
    const best = groups.get(key(row));
    if (best === undefined || row.over_best_fixed! > best.over_best_fixed!) groups.set(key(row), row);
  }
  const order = (a: Row, b: Row) => (a.batch_size ?? 0) - (b.batch_size ?? 0);
  const methods = [...new Set(compared.map(({ method }) => method))];
  const lines = methods.flatMap((method) =>
    [...groups.values()].filter((row) => row.method === method).sort(order),
  );
  return [
    table(lines, [
      { title: 'against the best fixed k', cell: (row) => row.method },
      batchColumn(rows),
      { title: 'policy', cell: (row) => row.policy },
      { title: 'its best k', as: WHOLE, cell: (row) => row.k },
      { title: 'ratio', as: { ...RATIO, digits: 3 }, cell: (row) => row.over_best_fixed! },
      {
        title: '95% interval',
        as: fixed(3),
        cell: (row) => (row.policy === 'fixed' ? null : [row.over_best_fixed_lo!, row.over_best_fixed_hi!]),
      },
      { title: '', cell: (row) => (row.policy === 'fixed' ? '' : verdict(row)) },
    ]),
  ];
}

function verdict({ over_best_fixed_lo: lo, over_best_fixed_hi: hi }: Row): string {
  return lo! > 1 ? 'faster' : hi! < 1 ? 'slower' : 'not sure';
}

function timeBars(rows: readonly Row[]) {
  return table(rows, [
    { title: 'where the time goes', cell: settingLabel },
    { ...batchColumn(rows), title: 'batch' },
    {
      title: PARTS.map(({ name, mark }) => `${mark} ${name}`).join(', '),
      align: 'left',
      as: { form: 'bar', width: 50, marks: PARTS.map(({ mark }) => mark) },
      cell: ({ time_share }) => PARTS.map(({ name }) => time_share[name]),
    },
    ...PARTS.map(
      ({ name }): Shown<Row> => ({ title: name, as: PERCENT, cell: (row) => row.time_share[name] }),
    ),
  ]);
}

function waste(rows: readonly Row[]): Section {
  const drafting = rows.filter((row) => row.acceptance_rate !== null);
  const last = new Map(drafting.map((row) => [settingLabel(row), row.wasted_verify_share]));
  if (last.size === 0) return [];
  return [
    sentence('verified tokens thrown away (rejected drafts)'),
    ...[...last].map(([name, share]) => sentence(`  ${name}: ${cellText(share, PERCENT)}`)),
  ];
}
