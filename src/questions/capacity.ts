/** Capacity for people: does speculation raise or lower the load that can be taken? */

import { threeDigits } from '../report/cell.ts';
import {
  answerFirst,
  type Document,
  type Format,
  fixed,
  PERCENT,
  RATIO,
  type Section,
  sentence,
  type Table,
  THREE,
  table,
  warningsSection,
  within,
} from '../report/document.ts';
import { flatRows } from '../report/flat-rows.ts';
import { head, modelOn } from '../report/head.ts';
import { settingLabel, spacing } from '../report/setting.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { parseLoad } from '../scenario/load.ts';
import { completeScenario } from '../scenario/options.ts';
import type { Capacity, CapacityRow } from './highest-rate.ts';
import { capacityOf, checkCapacityQuestion, withArrivals } from './highest-rate.ts';
import type { Question } from './question.ts';

export const capacity: Question<Capacity, never> = {
  async gather(named, read) {
    const scenario = completeScenario(withArrivals(named));
    checkCapacityQuestion(scenario);
    return { scenario, inputs: [await read(scenario)] };
  },
  ask: ({ inputs }, progress) => capacityOf(inputs[0]!, progress),
  document: (answer, { inputs }) => documentOf(answer, inputs[0]!),
  // A list has no place in a flat table.
  flat: (answer) => flatRows({ ...answer, rows: answer.rows.map(({ judged: _, ...row }) => row) }),
};

function documentOf(result: Capacity, inputs: Inputs): Document {
  const { groups, warnings } = result;
  const { traces, slo } = inputs;
  return [
    answerFirst(
      groups.map(({ trace, rows }) => firstAnswer(rows, groups.length > 1 ? traces[trace]!.name : null)),
    ),
    head(result, [inputs], `the load that ${modelOn(inputs, 'takes on')}`, {
      load: arrivals(inputs, groups[0]!.rows[0]!.requests),
      facts: [['held', `when ${Number((100 * slo!.share).toFixed(1))}% of the requests meet every limit`]],
    }),
    ...groups.flatMap(({ trace, rows }): Section[] => [
      [sentence(`trace ${traces[trace]!.name}: the highest rate that holds the slo`), rates(rows)],
      answers(rows).map(sentence),
    ]),
    warningsSection(warnings),
  ];
}

function arrivals({ scenario }: Inputs, requests: number): string {
  const load = parseLoad(scenario.load)!;
  const pattern =
    load.kind === 'open' ? `arrive ${spacing(load.arrivals)}` : 'arrive in the recorded pattern';
  return `open: ${requests} requests ${pattern}, at the rate looked for`;
}

const MS: Format = { ...THREE, times: 1000, unit: ' ms' };

function rates(rows: readonly CapacityRow[]): Table {
  return table(rows, [
    { title: 'method', cell: settingLabel },
    {
      title: 'requests/s (95%)',
      as: { ...THREE, none: 'any' },
      cell: (row) => {
        const perS = row.max_rate_req_per_s;
        return perS === 0 ? '0' : within(perS, row.max_rate_lo_req_per_s, row.max_rate_hi_req_per_s);
      },
    },
    {
      title: 'requests/s/GPU',
      as: { ...THREE, none: 'any' },
      cell: (row) => row.max_rate_per_gpu_req_per_s!,
      needs: (row) => row.max_rate_per_gpu_req_per_s !== undefined,
    },
    {
      title: 'vs none (95%)',
      as: RATIO,
      cell: (row) => within(row.capacity_ratio, row.capacity_ratio_lo, row.capacity_ratio_hi),
    },
    { title: 'limited by', cell: (row) => row.limited_by },
    { title: 'tokens/s', as: fixed(0), cell: (row) => row.throughput_tok_per_s },
    { title: 'TTFT p99', as: MS, cell: (row) => row.ttft_s?.p99 ?? null },
    { title: 'TPOT p99', as: MS, cell: (row) => row.tpot_s?.p99 ?? null },
    { title: 'batch', as: fixed(1), cell: (row) => row.mean_batch },
    { title: 'KV peak', as: PERCENT, cell: (row) => row.kv_peak_share },
  ]);
}

/** Of the method that takes most. */
function firstAnswer(rows: readonly CapacityRow[], trace: string | null): string | null {
  const most = (row: CapacityRow) => row.max_rate_req_per_s ?? Number.POSITIVE_INFINITY;
  const methods = rows.filter(({ method }) => method !== 'none');
  if (methods.length === 0) return null;
  const best = methods.reduce((a, b) => (most(b) > most(a) ? b : a));
  return `${trace === null ? '' : `${trace}: `}${settingLabel(best)} ${answer(best)}`;
}

/** A sentence for each method that speculates. */
function answers(rows: readonly CapacityRow[]): string[] {
  return rows.filter(({ method }) => method !== 'none').map((row) => `${settingLabel(row)} ${answer(row)}`);
}

/** Rates are found to 1 %; less than that is no difference. */
const SAME = 0.015;

function answer({
  max_rate_req_per_s: own,
  baseline_max_rate_req_per_s: plain,
  capacity_ratio: ratio,
  capacity_ratio_lo: lo,
  capacity_ratio_hi: hi,
  limited_by: limit,
}: CapacityRow): string {
  if (own === null) return 'holds the slo at any rate';
  if (own === 0) return `never holds the slo: ${limit} is too long even for a request alone`;
  if (plain === 0) return `holds the slo up to ${rate(own)} requests/s, plain decoding never`;
  if (plain === null) return `lowers the load you can take: to ${rate(own)} requests/s from any`;
  const percentage = `${(100 * Math.abs(ratio! - 1)).toFixed(0)}%`;
  if (Math.abs(ratio! - 1) < SAME)
    return `neither raises nor lowers the load you can take (${rate(own)} requests/s)`;
  if (lo !== null && hi !== null && lo <= 1 && hi >= 1)
    return `may raise or lower the load you can take, not sure which: ${rate(plain)} -> ${rate(own)} requests/s, ${lo.toFixed(2)}-${hi.toFixed(2)} times as many`;
  const verb = ratio! > 1 ? 'raises' : 'lowers';
  return `${verb} the load you can take by ${percentage}: ${rate(plain)} -> ${rate(own)} requests/s`;
}

function rate(perS: number | null): string {
  return perS === null ? 'any' : perS === 0 ? '0' : threeDigits(perS);
}
