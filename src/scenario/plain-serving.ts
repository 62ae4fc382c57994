/**
 * Tables of plain serving as ai-dynamo/aiconfigurator publishes them: a row is one closed load on one replica, with its
 * mean TTFT and TPOT. Columns: docs/calibration.md.
 *
 * The tables do not say the format of the KV cache: that of fp8 and fp4 checkpoints of dense models, and of all of them
 * under TensorRT-LLM, is fp8.
 */
import { readSheet, type SheetRow } from '../cost/calibration/sheet.ts';
import { UserError } from '../errors.ts';
import type { WeightFormat } from '../number-formats.ts';
import type { ClosedLoad } from './closed-load.ts';
import { profileOf } from './engine-versions.ts';
import type { Options } from './options.ts';

export interface PlainServing {
  readonly engine: string;
  readonly version: string;
  /** The profile that predicts this version; null where none does. */
  readonly profile: string | null;
  readonly gpu: string;
  /** Of the catalogue; null for a model that it lacks. */
  readonly target: string | null;
  /** As the table names it. */
  readonly model: string;
  readonly options: Options;
  readonly load: ClosedLoad;
  /** Whether it is a mixture of experts. */
  readonly experts: boolean;
  readonly ttftS: number;
  readonly tpotS: number;
  readonly calibrates: boolean;
  /** Date of the measurement; empty where the table does not say. */
  readonly measured: string;
  readonly line: number;
}

/** What the catalogue calls the models of such tables. */
const TARGETS: Readonly<Record<string, string>> = {
  'meta-llama/Llama-3.1-8B': 'llama-3.1-8b',
  'meta-llama/Llama-3.1-70B': 'llama-3.1-70b',
  'deepseek-ai/DeepSeek-R1': 'deepseek-v3',
  'openai/gpt-oss-120b': 'gpt-oss-120b',
  'MiniMaxAI/MiniMax-M2.5': 'minimax-m2.5',
  'moonshotai/Kimi-K2.5': 'kimi-k2.5',
  'zhipuai/GLM-5': 'glm-5',
  'Qwen/Qwen3.5-397B-A17B': 'qwen3.5-397b-a17b',
};

/** Each request's lengths are uniform between 0.8 and 1 times what the table says. */
const MEAN_LENGTH = 0.9;

const COLUMNS = ['engine', 'engine_version', 'model', 'gpu', 'precision', 'concurrency', 'tpot_ms', 'use'];

/** Whether a text is such a table, by its header. */
export function isPlainServing(text: string): boolean {
  const columns = (/^[^#\n].*/m.exec(text)?.[0] ?? '').split(',');
  return COLUMNS.every((column) => columns.includes(column));
}

/** @throws UserError with file and line for cells that are not what they should be */
export function readPlainServing(text: string, where: string): PlainServing[] {
  const sheet = readSheet(text, where);
  const missing = COLUMNS.filter((column) => !sheet.columns.includes(column));
  if (missing.length > 0) throw new UserError(`${where}: missing column ${missing.join(', ')}`);
  return [...sheet.rows()].map(servedRow);
}

function servedRow(row: SheetRow): PlainServing {
  const [engine, version, model] = [row.text('engine'), row.cell('engine_version'), row.text('model')];
  const target = TARGETS[model] ?? null;
  const use = row.text('use');
  if (use !== 'calibrate' && use !== 'validate') {
    throw row.error(`use: got "${use}", expected calibrate or validate`);
  }
  return {
    engine,
    version,
    profile: profileOf(engine, version, row.cell('measured')),
    gpu: row.text('gpu'),
    target,
    model,
    options: {
      ...(target !== null && { target }),
      method: ['none'],
      tp: row.whole('tp'),
      dpAttention: row.whole('dp_attention'),
      ep: dense(row) ? 1 : row.whole('moe_ep'),
      dtype: weightFormat(row, model),
      kvDtype: keepsFp8(row, model) ? 'fp8' : 'bf16',
    },
    load: {
      promptTokens: MEAN_LENGTH * row.whole('prompt_tokens'),
      outputTokens: MEAN_LENGTH * row.whole('output_tokens'),
      concurrency: row.whole('concurrency'),
    },
    experts: !dense(row),
    ttftS: 1e-3 * row.positive('ttft_ms'),
    tpotS: 1e-3 * row.positive('tpot_ms'),
    calibrates: use === 'calibrate',
    measured: row.cell('measured'),
    line: row.line,
  };
}

function weightFormat(row: SheetRow, model: string): WeightFormat | 'auto' {
  const precision = row.text('precision');
  if (model.includes('gpt-oss')) return 'auto';
  if (precision === 'fp8') return row.cell('gemm') === 'fp8' && dense(row) ? 'fp8' : 'fp8-block';
  const formats: Readonly<Record<string, WeightFormat>> = { bf16: 'bf16', fp4: 'nvfp4', int4: 'int4' };
  const format = formats[precision];
  if (format === undefined) throw row.error(`precision: got "${precision}", expected bf16, fp8, fp4 or int4`);
  return format;
}

function keepsFp8(row: SheetRow, model: string): boolean {
  const small = ['fp8', 'fp4'].includes(row.text('precision')) && !model.includes('gpt-oss');
  return small && (dense(row) || row.text('engine') === 'trtllm');
}

function dense(row: SheetRow): boolean {
  return row.cell('moe_ep') === '';
}
