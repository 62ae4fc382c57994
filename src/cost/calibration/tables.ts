/** Reads tables of measured operations, in each format of docs/calibration.md, told apart by their columns. */
import { shown, UserError } from '../../errors.ts';
import type { Transformer } from '../../model/architecture.ts';
import { readBench } from './bench-table.ts';
import { readLlmServingSim } from './llmservingsim-tables.ts';
import type { OpsRows } from './rows.ts';
import { readSheet, type Sheet } from './sheet.ts';
import { readCollectives, readWideDecode, readWideExperts, readWideGemm } from './wide-tables.ts';

export interface OpsTable extends OpsRows {
  /** What the table says of its origin: `source`, `device`, `engine`, `date`. */
  readonly comments: ReadonlyMap<string, string>;
}

interface Format {
  readonly name: string;
  /** Columns that are in every table of the format. */
  readonly columns: readonly string[];
  read(sheet: Sheet, models: readonly Transformer[]): Partial<OpsRows>;
}

const FORMATS: readonly Format[] = [
  { name: 'bench_gpu', columns: ['op'], read: readBench },
  { name: 'wide gemm', columns: ['framework', 'gemm_dtype', 'kernel_source', 'n', 'k'], read: readWideGemm },
  {
    name: 'wide decode attention',
    columns: [
      'framework',
      'kernel_source',
      'kv_cache_dtype',
      'head_dim',
      'window_size',
      'num_heads',
      'num_key_value_heads',
      'batch_size',
    ],
    read: readWideDecode,
  },
  {
    name: 'collectives',
    columns: ['system', 'framework', 'kernel_source', 'num_gpus', 'bytes', 'us'],
    read: readCollectives,
  },
  {
    name: 'wide experts',
    columns: [
      'framework',
      'moe_dtype',
      'kernel_source',
      'hidden_size',
      'inter_size',
      'topk',
      'num_experts',
      'moe_tp_size',
      'moe_ep_size',
      'distribution',
    ],
    read: readWideExperts,
  },
  { name: 'LLMServingSim dense', columns: ['layer', 'tokens', 'time_us'], read: readLlmServingSim },
  { name: 'LLMServingSim per sequence', columns: ['layer', 'sequences', 'time_us'], read: readLlmServingSim },
  {
    name: 'LLMServingSim attention',
    columns: ['prefill_chunk', 'kv_prefill', 'n_decode', 'kv_decode', 'time_us'],
    read: readLlmServingSim,
  },
];

/**
 * Reads one table.
 *
 * @param where the file; LLMServingSim tables say model and parallel size in its name
 * @param models those that such a name may mean
 * @throws UserError, with file and line, for columns that fit no format and cells that fit no column
 */
export function readOps(text: string, where: string, models: readonly Transformer[]): OpsTable {
  const sheet = readSheet(text, where);
  const format = FORMATS.find(({ columns }) => columns.every((column) => sheet.columns.includes(column)));
  if (format === undefined) throw unknownFormat(sheet);
  return {
    gemm: [],
    attention: [],
    allReduce: [],
    experts: [],
    collectives: [],
    ...format.read(sheet, models),
    comments: sheet.comments,
  };
}

/** All rows of some tables together. */
export function joinOps(tables: readonly OpsRows[]): OpsRows {
  return {
    gemm: tables.flatMap(({ gemm }) => gemm),
    attention: tables.flatMap(({ attention }) => attention),
    allReduce: tables.flatMap(({ allReduce }) => allReduce),
    experts: tables.flatMap(({ experts }) => experts),
    collectives: tables.flatMap(({ collectives }) => collectives),
  };
}

function unknownFormat({ where, columns }: Sheet): UserError {
  if (columns.includes('m') && !columns.includes('framework')) {
    return new UserError(`${where}: missing column op, expected gemm, attention or all_reduce in it`);
  }
  const missing = ({ columns: own }: Format) => own.filter((column) => !columns.includes(column));
  const nearest = FORMATS.reduce((best, format) =>
    missing(format).length / format.columns.length < missing(best).length / best.columns.length
      ? format
      : best,
  );
  if (missing(nearest).length === nearest.columns.length) {
    return new UserError(
      `${where}: columns ${shown(columns.join(','))} are of no known table, expected one of ${FORMATS.map(({ name }) => name).join(', ')}`,
    );
  }
  return new UserError(
    `${where}: missing column ${missing(nearest).join(', ')}, expected those of a ${nearest.name} table: ${nearest.columns.join(', ')}`,
  );
}
