/**
 * Wide tables in the layout of ai-dynamo/aiconfigurator's kernel measurements: a column for every number of tokens
 * (`m1`, `m2`, ...) or of context (`kv128`, ...), times in microseconds, empty where nothing was measured.
 *
 * Rows are written field by field: objects made by `{ ...shared, more }` have a hidden class each in V8 of Node 20, and
 * fits that read a hundred thousand of them then take six times as long.
 */
import { UserError } from '../../errors.ts';
import type { AllReduceRow, AttentionRow, ExpertsRow, GemmRow } from './rows.ts';
import type { Sheet } from './sheet.ts';

const US = 1e-6;

export function readWideGemm(sheet: Sheet): { gemm: GemmRow[] } {
  const sizes = sizeColumns(sheet, 'm');
  const gemm: GemmRow[] = [];
  for (const row of sheet.rows()) {
    const engine = engineOf(row.text('framework'));
    const kernel = row.text('kernel_source');
    const dtype = dtypeOf(row.text('gemm_dtype'));
    const n = row.whole('n');
    const k = row.whole('k');
    for (const { column, size } of sizes) {
      const us = row.optional(column);
      if (us !== null) gemm.push({ engine, kernel, dtype, n, k, m: size, seconds: us * US });
    }
  }
  return { gemm };
}

export function readWideDecode(sheet: Sheet): { attention: AttentionRow[] } {
  const sizes = sizeColumns(sheet, 'kv');
  const attention: AttentionRow[] = [];
  for (const row of sheet.rows()) {
    const engine = engineOf(row.text('framework'));
    const kernel = row.text('kernel_source');
    const kvDtype = dtypeOf(row.text('kv_cache_dtype'));
    const sequences = row.whole('batch_size');
    const heads = row.whole('num_heads');
    const kvHeads = row.whole('num_key_value_heads');
    const headDim = row.whole('head_dim');
    const whole = row.whole('window_size', 0);
    const window = whole === 0 ? null : whole;
    for (const { column, size: contextTokens } of sizes) {
      const us = row.optional(column);
      if (us === null) continue;
      const seconds = us * US;
      attention.push({
        engine,
        kernel,
        kvDtype,
        sequences,
        queryTokens: 1,
        heads,
        kvHeads,
        headDim,
        window,
        contextTokens,
        seconds,
      });
    }
  }
  return { attention };
}

/** Collectives that are no all-reduces. */
const OTHER_COLLECTIVES = /all_gather|alltoall|reduce_scatter/;

export function readCollectives(sheet: Sheet): { allReduce: AllReduceRow[]; collectives: AllReduceRow[] } {
  const rows = [...sheet.rows()].map(
    (row): AllReduceRow => ({
      system: row.text('system'),
      engine: engineOf(row.text('framework')),
      kernel: row.text('kernel_source'),
      gpus: row.whole('num_gpus', 2),
      bytes: row.whole('bytes'),
      seconds: row.positive('us') * US,
    }),
  );
  const isOther = ({ kernel }: AllReduceRow) => OTHER_COLLECTIVES.test(kernel);
  return { allReduce: rows.filter((row) => !isOther(row)), collectives: rows.filter(isOther) };
}

export function readWideExperts(sheet: Sheet): { experts: ExpertsRow[] } {
  const sizes = sizeColumns(sheet, 't');
  const experts: ExpertsRow[] = [];
  for (const row of sheet.rows()) {
    const engine = engineOf(row.text('framework'));
    const kernel = row.text('kernel_source');
    const dtype = dtypeOf(row.text('moe_dtype'));
    const hidden = row.whole('hidden_size');
    const ffn = row.whole('inter_size') / row.whole('moe_tp_size');
    const perToken = row.whole('topk');
    const count = row.whole('num_experts');
    const groups = row.whole('moe_ep_size');
    const routing = row.text('distribution');
    for (const { column, size: tokens } of sizes) {
      const us = row.optional(column);
      if (us === null) continue;
      const seconds = us * US;
      experts.push({
        engine,
        kernel,
        dtype,
        hidden,
        ffn,
        perToken,
        count,
        groups,
        routing,
        tokens,
        seconds,
      });
    }
  }
  return { experts };
}

/** `vllm/0.24.0` as `vllm 0.24.0`. */
function engineOf(framework: string): string {
  return framework.replace('/', ' ');
}

/** Words of the tables for formats that have another name here. */
const FORMAT_NAMES: Readonly<Record<string, string>> = {
  bfloat16: 'bf16',
  fp8_block: 'fp8-block',
  int4_wo: 'int4',
  int8_wo: 'int8-weight',
  sq: 'int8',
  w4a16_mxfp4: 'mxfp4',
};

function dtypeOf(written: string): string {
  return FORMAT_NAMES[written] ?? written;
}

function sizeColumns({ columns, where }: Sheet, prefix: string): { column: string; size: number }[] {
  const sizes = columns.flatMap((column) => {
    const digits = new RegExp(`^${prefix}(\\d+)$`).exec(column)?.[1];
    return digits === undefined ? [] : [{ column, size: Number(digits) }];
  });
  if (sizes.length === 0) {
    throw new UserError(
      `${where}: no column ${prefix}1, ${prefix}2 or the like, expected times in us by size`,
    );
  }
  return sizes;
}
