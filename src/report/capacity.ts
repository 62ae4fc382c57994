/** Capacity for people: does speculation raise or lower the load that can be taken? */
import type { Capacity, CapacityRow } from '../scenario/capacity.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { parseLoad } from '../scenario/load.ts';
import { overrideLines, settingLabel, spacing, workloadLines } from './setting.ts';
import { textTable, threeDigits } from './text-table.ts';

/** The whole report as text, one trailing newline. */
export function summarizeCapacity(result: Capacity, inputs: Inputs): string {
  const { config, configHash, tool, rows, warnings } = result;
  const { hardware, engine, target, traces } = inputs;
  const perTrace = rows.length / traces.length;
  const sections = [
    [
      `${tool}: the load that ${target.name} (${config.dtype}) takes on ${config.tp === 1 ? '' : `${config.tp} x `}${hardware.label}`,
      `  gpu      ${hardware.name}, efficiency: ${hardware.calibration}`,
      `  engine   ${engine.label}`,
      ...overrideLines(inputs.overrides),
      ...workloadLines(inputs, arrivals(inputs, rows[0]!.requests)),
      `  held     when ${percent(inputs.slo!.share)} of the requests meet every limit`,
      `  config   ${configHash.slice(0, 12)}, seed ${config.seed}`,
    ],
    ...traces.flatMap(({ name }, t) => {
      const own = rows.slice(t * perTrace, (t + 1) * perTrace);
      return [[`trace ${name}: the highest rate that holds the slo`, ...table(own)], answers(own)];
    }),
    warnings.map((warning) => `warning: ${warning}`),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function arrivals({ scenario }: Inputs, requests: number): string {
  const load = parseLoad(scenario.load)!;
  const pattern =
    load.kind === 'open' ? `arrive ${spacing(load.arrivals)}` : 'arrive in the recorded pattern';
  return `open: ${requests} requests ${pattern}, at the rate looked for`;
}

function table(rows: readonly CapacityRow[]): string[] {
  return textTable(
    [
      { title: 'method', align: 'left' },
      { title: 'requests/s', align: 'right' },
      { title: '95% interval', align: 'right' },
      { title: 'vs none', align: 'right' },
      { title: '95% interval', align: 'right' },
      { title: 'limited by', align: 'left' },
      { title: 'tokens/s', align: 'right' },
      { title: 'TTFT p99', align: 'right' },
      { title: 'TPOT p99', align: 'right' },
      { title: 'batch', align: 'right' },
      { title: 'KV peak', align: 'right' },
    ],
    rows.map((row) => [
      settingLabel(row),
      rate(row.max_rate_req_per_s),
      interval(row.max_rate_lo_req_per_s, row.max_rate_hi_req_per_s, threeDigits),
      row.capacity_ratio === null ? '-' : `${row.capacity_ratio.toFixed(2)}x`,
      interval(row.capacity_ratio_lo, row.capacity_ratio_hi, (ratio) => ratio.toFixed(2)),
      row.limited_by ?? '-',
      row.throughput_tok_per_s === null ? '-' : row.throughput_tok_per_s.toFixed(0),
      milliseconds(row.ttft_s?.p99),
      milliseconds(row.tpot_s?.p99),
      row.mean_batch === null ? '-' : row.mean_batch.toFixed(1),
      row.kv_peak_share === null ? '-' : `${(100 * row.kv_peak_share).toFixed(1)}%`,
    ]),
  );
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
  const percentage = `${(100 * Math.abs(ratio! - 1)).toFixed(0)} %`;
  if (Math.abs(ratio! - 1) < SAME)
    return `neither raises nor lowers the load you can take (${rate(own)} requests/s)`;
  if (lo !== null && hi !== null && lo <= 1 && hi >= 1)
    return `may raise or lower the load you can take, not sure which: ${rate(plain)} -> ${rate(own)} requests/s, ${lo.toFixed(2)} to ${hi.toFixed(2)} times as many`;
  const verb = ratio! > 1 ? 'raises' : 'lowers';
  return `${verb} the load you can take by ${percentage}: ${rate(plain)} -> ${rate(own)} requests/s`;
}

function rate(perS: number | null): string {
  return perS === null ? 'any' : perS === 0 ? '0' : threeDigits(perS);
}

function interval(lo: number | null, hi: number | null, shown: (value: number) => string): string {
  return lo === null || hi === null ? '-' : `${shown(lo)} to ${shown(hi)}`;
}

function milliseconds(seconds: number | undefined): string {
  return seconds === undefined ? '-' : `${threeDigits(1000 * seconds)} ms`;
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))}%`;
}
