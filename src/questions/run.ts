/** A run, every row of a scenario. Its answer: the table, where the time goes, what was wasted, what next. */

import { PARTS } from '../cost/work.ts';
import { isDiffusion, parseMethod } from '../drafter/methods.ts';
import { cellText } from '../report/cell.ts';
import {
  answerFirst,
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
  within,
} from '../report/document.ts';
import { flatRows } from '../report/flat-rows.ts';
import { head, modelOn } from '../report/head.ts';
import { nextRun } from '../report/next-run.ts';
import { batchColumn, settingLabel } from '../report/setting.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { completeScenario } from '../scenario/options.ts';
import { type Answer, gainOf, type Row } from '../scenario/result.ts';
import { runScenario, settingsOf } from '../scenario/run.ts';
import { movedText, otherTraces } from './other-traces.ts';
import type { Question } from './question.ts';
import { mixing, servingTable } from './served.ts';
import { timeline } from './timeline.ts';

export const run: Question<Answer<Row>, 'timeline'> = {
  async gather(named, read) {
    const scenario = completeScenario(named);
    const inputs = await read(scenario);
    return { scenario, inputs: [inputs], others: await otherTraces(named, inputs, read) };
  },
  ask({ inputs: [own], others = [] }, progress) {
    const answer = runScenario(own!, progress);
    const moved = others.length === 0 ? null : elsewhere(answer, own!, others);
    return moved === null ? answer : { ...answer, warnings: [...answer.warnings, moved] };
  },
  document: (answer, { inputs }) => documentOf(answer, inputs[0]!),
  flat: flatRows,
  beside: timeline,
};

/** What the fastest setting of the smallest batch comes to on other traces, where that is something else. */
function elsewhere({ rows }: Answer<Row>, own: Inputs, others: readonly Inputs[]): string | null {
  const batch = Math.min(...own.scenario.batch);
  const first = rows.filter((row) => row.method !== 'none' && row.batch_size === batch);
  if (first.length === 0) return null;
  const best = first.reduce((a, b) => (gainOf(b)!.ratio > gainOf(a)!.ratio ? b : a));
  return movedText({ label: settingLabel(best), over: gainOf(best)! }, own, others, settingsOf, batch);
}

function documentOf(result: Answer<Row>, inputs: Inputs): Document {
  return [
    answerFirst(
      result.groups.map(({ trace, rows }) =>
        firstAnswer(rows, result.groups.length > 1 ? inputs.traces[trace]!.name : null),
      ),
    ),
    head(result, [inputs], `speculative decoding of ${modelOn(inputs)}`),
    ...result.groups.flatMap(({ trace, rows }): Section[] => [
      [sentence(`trace ${inputs.traces[trace]!.name}`), speedTable(rows)],
      generators(rows),
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

/** How fast the best setting is, by the smallest and the largest batch, and between which of those asked it breaks even. */
function firstAnswer(rows: readonly Row[], trace: string | null): string | null {
  const gain = (row: Row) => gainOf(row)?.ratio ?? 0;
  const faster = rows.filter((row) => row.method !== 'none' && gainOf(row) !== null);
  if (faster.length === 0) return null;
  if (faster.every((row) => row.tokens_per_round === null)) {
    return 'nothing is drafted: no request has a second output token, and the first comes with its prompt';
  }
  const best = settingLabel(faster.reduce((a, b) => (gain(b) > gain(a) ? b : a)));
  const own = faster
    .filter((row) => settingLabel(row) === best)
    .sort((a, b) => (a.batch_size ?? 0) - (b.batch_size ?? 0));
  const times = (row: Row) => `${gain(row).toFixed(2)}x`;
  const [first, last] = [own[0]!, own.at(-1)!];
  const about = trace === null ? '' : `${trace}: `;
  if (first.batch_size === null)
    return `${about}${best} emits tokens ${times(first)} as fast as plain decoding under this load`;
  const ends = first === last ? '' : ` and ${times(last)} at ${last.batch_size}`;
  return `${about}${best} is ${times(first)} as fast as plain decoding at batch ${first.batch_size}${ends}${evenText(own)}`;
}

/**
 * Between which batch sizes a setting stops paying, and between which it surely does so; nothing where it pays, or does
 * not, at all of them.
 *
 * @param rows of one setting, by batch size
 */
function evenText(rows: readonly Row[]): string {
  const gains = rows.map((row) => gainOf(row)!);
  const fails = gains.findIndex(({ ratio }, i) => i > 0 && ratio <= 1 && gains[i - 1]!.ratio > 1);
  if (fails < 0) return '';
  const batch = (at: number) => rows[at]!.batch_size;
  const pays = gains.findLastIndex(({ lo }, i) => i < fails && lo > 1);
  const loses = gains.findIndex(({ hi }, i) => i >= fails && hi < 1);
  const even = `breaks even between batch ${batch(fails - 1)} and ${batch(fails)}`;
  if (pays === fails - 1 && loses === fails) return `; it surely ${even}`;
  const ends = [
    ...(pays < 0 ? [] : [`above ${batch(pays)}`]),
    ...(loses < 0 ? [] : [`below ${batch(loses)}`]),
  ];
  return `; it ${even}${ends.length === 0 ? ', not sure' : `, surely ${ends.join(' and ')}`}`;
}

/** Up to which batch each diffusion model writes faster than every other setting, where several batches were asked. */
function generators(rows: readonly Row[]): Section {
  const writes = ({ method }: Row) => isDiffusion(parseMethod(method));
  const speeds = (label: string) =>
    new Map(
      rows
        .filter((row) => settingLabel(row) === label && row.batch_size !== null)
        .map((row) => [row.batch_size!, row.throughput_tok_per_s]),
    );
  const labels = (some: readonly Row[]) => [...new Set(some.map(settingLabel))];
  if (rows[0]?.batch_size === null) return [];
  const others = labels(rows.filter((row) => !writes(row)));
  return labels(rows.filter(writes)).flatMap((model) => {
    const own = [...speeds(model)].sort(([a], [b]) => a - b);
    return others.map((other) => {
      const theirs = speeds(other);
      const at = own.findIndex(([batch, speed]) => speed <= theirs.get(batch)!);
      const fate =
        at < 0
          ? `is ahead up to batch ${own.at(-1)![0]}`
          : at === 0
            ? `is behind from batch ${own[0]![0]} on`
            : `is overtaken between batch ${own[at - 1]![0]} and ${own[at]![0]}`;
      return sentence(`${model} against ${other}: it ${fate}`);
    });
  });
}

function speedTable(rows: readonly Row[]) {
  return table(rows, [
    { title: 'method', cell: settingLabel },
    batchColumn(rows),
    { title: 'tok/s', as: RATE, cell: (row) => row.throughput_tok_per_s },
    ...(rows[0]?.throughput_per_gpu_tok_per_s === undefined
      ? []
      : [
          {
            title: 'tok/s/GPU',
            as: RATE,
            cell: (row: Row) => row.throughput_per_gpu_tok_per_s ?? null,
          },
        ]),
    {
      title: `${rows[0]?.batch_size === null ? 'TPOT ratio' : 'speedup'} (95%)`,
      as: RATIO,
      cell(row) {
        const gain = gainOf(row);
        if (gain === null) return null;
        return row.method === 'none' ? gain.ratio : within(gain.ratio, gain.lo, gain.hi);
      },
    },
    { title: 'tok/round', as: fixed(2), cell: (row) => row.tokens_per_round },
    { title: 'drafts/round', as: fixed(2), cell: (row) => row.drafted_per_round },
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
      {
        title: 'ratio (95%)',
        as: { ...RATIO, digits: 3 },
        cell({ policy, over_best_fixed: ratio, over_best_fixed_lo: lo, over_best_fixed_hi: hi }) {
          return policy === 'fixed' ? ratio! : within(ratio!, lo!, hi!);
        },
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
      title: 'share of time',
      align: 'left',
      as: { form: 'bar', width: 40, marks: PARTS.map(({ mark }) => mark) },
      cell: ({ time_share }) => PARTS.map(({ name }) => time_share[name]),
    },
    ...PARTS.map(
      ({ name, mark }): Shown<Row> => ({
        title: `${mark} ${name}`,
        as: PERCENT,
        cell: (row) => row.time_share[name],
      }),
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
