/** What a served load adds to a summary: latencies, goodput, memory, bills; and what mixing requests costs. */

import { cellText } from '../report/cell.ts';
import {
  type Format,
  fixed,
  PERCENT,
  type Section,
  type Shown,
  sentence,
  THREE,
  table,
  WHOLE,
} from '../report/document.ts';
import { batchColumn, settingLabel } from '../report/setting.ts';
import type { Row } from '../scenario/result.ts';

const MS: Format = { form: 'three', times: 1000 };

function latency(
  title: string,
  of: 'ttft_s' | 'tpot_s' | 'itl_step_s' | 'e2e_s',
  point: 'p50' | 'p99',
): Shown<Row> {
  return { title, as: of === 'e2e_s' ? THREE : MS, cell: (row) => row[of]?.[point] ?? null };
}

const COLUMNS: readonly Shown<Row>[] = [
  { title: 'requests/s', as: THREE, cell: (row) => row.throughput_req_per_s! },
  {
    title: 'goodput req/s',
    as: THREE,
    cell: (row) => row.goodput_req_per_s!,
    needs: (row) => row.goodput_req_per_s !== null,
  },
  { title: 'slo met', as: PERCENT, cell: (row) => row.slo_share!, needs: (row) => row.slo_share !== null },
  {
    title: 'held',
    align: 'right',
    cell: (row) => (row.slo_held ? 'yes' : 'no'),
    needs: (row) => row.slo_held !== null,
  },
  latency('TTFT p50 ms', 'ttft_s', 'p50'),
  latency('TTFT p99 ms', 'ttft_s', 'p99'),
  latency('TPOT p50 ms', 'tpot_s', 'p50'),
  latency('TPOT p99 ms', 'tpot_s', 'p99'),
  latency('step gap p99 ms', 'itl_step_s', 'p99'),
  latency('e2e p50 s', 'e2e_s', 'p50'),
  latency('e2e p99 s', 'e2e_s', 'p99'),
  {
    title: 'makespan s',
    as: THREE,
    cell: (row) => row.makespan_s!,
    needs: (row) => row.makespan_s !== undefined,
  },
  {
    title: 'idle places',
    as: PERCENT,
    cell: (row) => row.idle_share!,
    needs: (row) => row.idle_share !== undefined,
  },
  { title: 'batch', as: fixed(1), cell: (row) => row.mean_batch! },
  {
    title: 'prefill busy',
    as: PERCENT,
    cell: (row) => row.prefill_busy_share!,
    needs: (row) => row.prefill_busy_share !== undefined,
  },
  {
    title: 'decode busy',
    as: PERCENT,
    cell: (row) => row.decode_busy_share!,
    needs: (row) => row.decode_busy_share !== undefined,
  },
  {
    title: 'KV transfer ms',
    as: MS,
    cell: (row) => row.kv_transfer_s ?? null,
    needs: (row) => row.kv_transfer_s !== undefined,
  },
  { title: 'KV peak', as: PERCENT, cell: (row) => row.kv_peak_share! },
  { title: 'preempted', as: WHOLE, cell: (row) => row.preemptions!, needs: (row) => row.preemptions! > 0 },
  { title: 'unfinished', as: WHOLE, cell: (row) => row.unfinished!, needs: (row) => row.unfinished! > 0 },
  {
    title: 'kJ/Mtoken',
    as: { form: 'fixed', digits: 0, times: 1e-3 },
    cell: (row) => row.joules_per_mtok!,
    needs: (row) => row.joules_per_mtok !== null,
  },
  {
    title: 'USD/Mtoken',
    as: THREE,
    cell: (row) => row.usd_per_mtok!,
    needs: (row) => row.usd_per_mtok !== null,
  },
];

/** A line a row, and what was left out of the latencies; nothing for clones. */
export function servingTable(rows: readonly Row[]): Section {
  const [first] = rows;
  if (first?.throughput_req_per_s === undefined) return [];
  return [
    table(rows, [{ title: 'as served', cell: settingLabel }, batchColumn(rows), ...COLUMNS]),
    sentence(
      `latencies of ${first.measured_requests} of ${first.requests} requests: the first and the last tenth fill and drain the system`,
    ),
  ];
}

/**
 * Closed loads: how much less a batch of different requests gives than copies of one. Plain decoding pays for
 * prompts, lengths and the end of the run; what speculation pays beyond that is mixed acceptance.
 */
export function mixing(rows: readonly Row[]): Section {
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
  return ['tokens/s of different requests in a batch, against as many copies of each in turn', ...lines].map(
    sentence,
  );
}

/** A ratio as a change in percent, with its sign. */
function change(ratio: number): string {
  return cellText(ratio - 1, { ...PERCENT, signed: true });
}
