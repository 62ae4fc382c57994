/** Our own long table, a row a measurement, which scripts/bench_gpu.py writes (docs/calibration.md). */
import { shown, UserError } from '../../errors.ts';
import type { AllReduceRow, AttentionRow, GemmRow, OpsRows } from './rows.ts';
import type { Sheet, SheetRow } from './sheet.ts';

/** The column of the time says its unit. */
const TIME_UNITS: Readonly<Record<string, number>> = {
  time_s: 1,
  time_ms: 1e-3,
  time_us: 1e-6,
  time_ns: 1e-9,
};

const OP_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  gemm: ['dtype', 'n', 'k', 'm'],
  attention: ['dtype', 'sequences', 'query_tokens', 'context_tokens', 'heads', 'kv_heads', 'head_dim'],
  all_reduce: ['gpus', 'bytes'],
};

/** @throws UserError for an unknown op, a missing column or a time without a unit */
export function readBench(sheet: Sheet): Partial<OpsRows> {
  const [time, perUnit] = timeColumn(sheet);
  const engine = sheet.comments.get('engine') ?? '';
  const gemm: GemmRow[] = [];
  const attention: AttentionRow[] = [];
  const allReduce: AllReduceRow[] = [];
  for (const row of sheet.rows()) {
    const op = row.text('op');
    checkColumns(sheet, row, op);
    const measured = {
      engine,
      kernel: sheet.columns.includes('kernel') ? row.text('kernel') : '',
      seconds: row.positive(time) * perUnit,
    };
    if (op === 'gemm') {
      const [n, k, m] = [row.whole('n'), row.whole('k'), row.whole('m')];
      gemm.push({ ...measured, dtype: row.text('dtype'), n, k, m });
    } else if (op === 'attention') {
      const queryTokens = row.whole('query_tokens');
      attention.push({
        ...measured,
        kvDtype: row.text('dtype'),
        sequences: row.whole('sequences'),
        queryTokens,
        contextTokens: row.whole('context_tokens', queryTokens),
        heads: row.whole('heads'),
        kvHeads: row.whole('kv_heads'),
        headDim: row.whole('head_dim'),
        window: null,
      });
    } else {
      allReduce.push({ ...measured, system: null, gpus: row.whole('gpus', 2), bytes: row.whole('bytes') });
    }
  }
  return { gemm, attention, allReduce };
}

function timeColumn({ columns, where }: Sheet): [column: string, secondsPerUnit: number] {
  const found = columns.filter((column) => Object.hasOwn(TIME_UNITS, column));
  if (found.length === 1) return [found[0]!, TIME_UNITS[found[0]!]!];
  const known = Object.keys(TIME_UNITS).join(', ');
  if (found.length > 1)
    throw new UserError(`${where}: got columns ${found.join(', ')}, expected one of them`);
  const bare = columns.find((column) => /^(time|seconds|latency|duration)/.test(column));
  throw new UserError(
    bare === undefined
      ? `${where}: missing column of the time, expected one of ${known}`
      : `${where}: column ${shown(bare)}: missing unit, expected one of ${known}`,
  );
}

function checkColumns(sheet: Sheet, row: SheetRow, op: string): void {
  const needed = Object.hasOwn(OP_COLUMNS, op) ? OP_COLUMNS[op] : undefined;
  if (needed === undefined) {
    throw row.error(`op: got ${shown(op)}, expected one of ${Object.keys(OP_COLUMNS).join(', ')}`);
  }
  const missing = needed.filter((column) => !sheet.columns.includes(column));
  if (missing.length > 0) {
    throw new UserError(`${sheet.where}: missing column ${missing.join(', ')}, expected for op ${op}`);
  }
}
