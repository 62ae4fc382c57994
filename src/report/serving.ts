/** What a served load adds to a summary: latencies, goodput, memory, bills; and what mixing requests costs. */
import type { Distribution } from '../metrics/distribution.ts';
import type { Row } from '../scenario/result.ts';
import { settingLabel } from './setting.ts';
import { type Column, textTable, threeDigits } from './text-table.ts';

interface Shown {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Shown only where some row has something to say. */
  readonly needs?: (row: Row) => boolean;
}

const COLUMNS: readonly Shown[] = [
  { title: 'requests/s', cell: (row) => threeDigits(row.throughput_req_per_s!) },
  {
    title: 'goodput',
    cell: (row) => threeDigits(row.goodput_req_per_s!),
    needs: (row) => row.goodput_req_per_s !== null,
  },
  { title: 'slo met', cell: (row) => percent(row.slo_share!), needs: (row) => row.slo_share !== null },
  { title: 'held', cell: (row) => (row.slo_held ? 'yes' : 'no'), needs: (row) => row.slo_held !== null },
  { title: 'TTFT p50', cell: (row) => milliseconds(row.ttft_s, 'p50') },
  { title: 'p99 ms', cell: (row) => milliseconds(row.ttft_s, 'p99') },
  { title: 'TPOT p50', cell: (row) => milliseconds(row.tpot_s, 'p50') },
  { title: 'p99 ms', cell: (row) => milliseconds(row.tpot_s, 'p99') },
  { title: 'step gap p99', cell: (row) => milliseconds(row.itl_step_s, 'p99') },
  { title: 'e2e p50', cell: (row) => seconds(row.e2e_s, 'p50') },
  { title: 'p99 s', cell: (row) => seconds(row.e2e_s, 'p99') },
  { title: 'batch', cell: (row) => row.mean_batch!.toFixed(1) },
  {
    title: 'KV peak',
    cell: (row) => (row.kv_peak_share === null ? '-' : percent(row.kv_peak_share!)),
  },
  { title: 'preempted', cell: (row) => String(row.preemptions), needs: (row) => row.preemptions! > 0 },
  { title: 'unfinished', cell: (row) => String(row.unfinished), needs: (row) => row.unfinished! > 0 },
  {
    title: 'kJ/Mtoken',
    cell: (row) => (row.joules_per_mtok! / 1000).toFixed(0),
    needs: (row) => row.joules_per_mtok !== null,
  },
  {
    title: 'USD/Mtoken',
    cell: (row) => threeDigits(row.usd_per_mtok!),
    needs: (row) => row.usd_per_mtok !== null,
  },
];

/** A line a row, and what was left out of the latencies; nothing for clones. */
export function servingTable(rows: readonly Row[]): string[] {
  const [first] = rows;
  if (first?.throughput_req_per_s === undefined) return [];
  const columns = COLUMNS.filter(({ needs }) => needs === undefined || rows.some(needs));
  const headed: Column[] = [
    { title: 'as served', align: 'left' },
    { title: first.batch_size === null ? 'load' : 'batch', align: 'right' },
    ...columns.map(({ title }) => ({ title, align: 'right' }) as const),
  ];
  return [
    ...textTable(
      headed,
      rows.map((row) => [
        settingLabel(row),
        row.batch_size === null ? 'open' : String(row.batch_size),
        ...columns.map(({ cell }) => cell(row)),
      ]),
    ),
    `latencies of ${first.measured_requests} of ${first.requests} requests: the first and the last tenth fill and drain the system`,
  ];
}

/**
 * Closed loads: how much less a batch of different requests gives than copies of one. Plain decoding pays for
 * prompts, lengths and the end of the run; what speculation pays beyond that is mixed acceptance.
 */
export function mixing(rows: readonly Row[]): string[] {
  const kept = ({ throughput_tok_per_s, clones_throughput_tok_per_s }: Row) =>
    throughput_tok_per_s / clones_throughput_tok_per_s!;
  const lines = rows.flatMap((row) => {
    const plain = rows.find(({ method, batch_size }) => method === 'none' && batch_size === row.batch_size);
    if (row.clones_throughput_tok_per_s === undefined || row.method === 'none' || row.batch_size === 1)
      return [];
    const all = change(kept(row));
    if (plain === undefined) return [`  ${settingLabel(row)}, batch ${row.batch_size}: ${all}`];
    return [
      `  ${settingLabel(row)}, batch ${row.batch_size}: ${all}; none ${change(kept(plain))}; mixed acceptance alone ${change(kept(row) / kept(plain))}`,
    ];
  });
  if (lines.length === 0) return [];
  return ['tokens/s of different requests in a batch, against as many copies of each in turn', ...lines];
}

/** A ratio as a change in percent, with its sign. */
function change(ratio: number): string {
  const text = (100 * (ratio - 1)).toFixed(1);
  return `${ratio >= 1 ? '+' : ''}${text === '-0.0' ? '0.0' : text}%`;
}

function milliseconds(of: Distribution | null | undefined, point: 'p50' | 'p99'): string {
  return of === null || of === undefined ? '-' : threeDigits(1000 * of[point]);
}

function seconds(of: Distribution | null | undefined, point: 'p50' | 'p99'): string {
  return of === null || of === undefined ? '-' : threeDigits(of[point]);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
