/**
 * Wide tables in the layout of ai-dynamo/aiconfigurator's kernel measurements: a column for every number of tokens
 * (`m1`, `m2`, ...) or of context (`kv128`, ...), times in microseconds, empty where nothing was measured.
 */
import { UserError } from '../../errors.ts';
import type { AllReduceRow, AttentionRow, ExpertsRow, GemmRow } from './rows.ts';
import type { Sheet } from './sheet.ts';

const US = 1e-6;

export function readWideGemm(sheet: Sheet): { gemm: GemmRow[] } {
  const sizes = sizeColumns(sheet, 'm');
  const gemm: GemmRow[] = [];
  for (const row of sheet.rows()) {
    const shared = {
      engine: engineOf(row.text('framework')),
      kernel: row.text('kernel_source'),
      dtype: dtypeOf(row.text('gemm_dtype')),
      n: row.whole('n'),
      k: row.whole('k'),
    };
    for (const { column, size } of sizes) {
      const us = row.optional(column);
      if (us !== null) gemm.push({ ...shared, m: size, seconds: us * US });
    }
  }
  return { gemm };
}

export function readWideDecode(sheet: Sheet): { attention: AttentionRow[] } {
  const sizes = sizeColumns(sheet, 'kv');
  const attention: AttentionRow[] = [];
  for (const row of sheet.rows()) {
    const window = row.whole('window_size', 0);
    const shared = {
      engine: engineOf(row.text('framework')),
      kernel: row.text('kernel_source'),
      kvDtype: dtypeOf(row.text('kv_cache_dtype')),
      sequences: row.whole('batch_size'),
      queryTokens: 1,
      heads: row.whole('num_heads'),
      kvHeads: row.whole('num_key_value_heads'),
      headDim: row.whole('head_dim'),
      window: window === 0 ? null : window,
    };
    for (const { column, size } of sizes) {
      const us = row.optional(column);
      if (us !== null) attention.push({ ...shared, contextTokens: size, seconds: us * US });
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
    const shared = {
      engine: engineOf(row.text('framework')),
      kernel: row.text('kernel_source'),
      dtype: dtypeOf(row.text('moe_dtype')),
      hidden: row.whole('hidden_size'),
      ffn: row.whole('inter_size') / row.whole('moe_tp_size'),
      perToken: row.whole('topk'),
      count: row.whole('num_experts'),
      groups: row.whole('moe_ep_size'),
      routing: row.text('distribution'),
    };
    for (const { column, size } of sizes) {
      const us = row.optional(column);
      if (us !== null) experts.push({ ...shared, tokens: size, seconds: us * US });
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
