/**
 * Layer times of LLMServingSim's profiles, whose files are called DEVICE__MODEL__DTYPE__tpN__KIND.csv: the shapes
 * of the layers are those of the model. Times in microseconds, on data that stay in cache where they can.
 */
import { UserError } from '../../errors.ts';
import type { Transformer } from '../../model/architecture.ts';
import { forwardShape } from '../../model/shape.ts';
import type { WeightFormat } from '../../number-formats.ts';
import type { AttentionRow, GemmRow, OpsRows } from './rows.ts';
import type { Sheet } from './sheet.ts';

const US = 1e-6;

/** Their layers that are matrix products, by our names. */
const PRODUCTS: Readonly<Record<string, string>> = {
  qkv_proj: 'qkv',
  o_proj: 'o',
  gate_up_proj: 'gate_up',
  down_proj: 'down',
  lm_head: 'lm_head',
};

const KERNELS = { engine: 'LLMServingSim profile', kernel: '' };

export function readLlmServingSim(sheet: Sheet, models: readonly Transformer[]): Partial<OpsRows> {
  const { model, dtype, tp } = fromName(sheet.where, models);
  return sheet.columns.includes('layer')
    ? { gemm: products(sheet, model, dtype, tp) }
    : { attention: attention(sheet, model, tp) };
}

function products(sheet: Sheet, model: Transformer, dtype: WeightFormat, tp: number): GemmRow[] {
  const shape = forwardShape(model, { tp, dtype });
  const byName = new Map([...shape.gemms, shape.lmHead].map((gemm) => [gemm.name, gemm]));
  const rows: GemmRow[] = [];
  for (const row of sheet.rows()) {
    const gemm = byName.get(PRODUCTS[row.text('layer')] ?? '');
    if (gemm === undefined) continue;
    const m = row.whole(sheet.columns.includes('tokens') ? 'tokens' : 'sequences');
    const seconds = row.positive('time_us') * US;
    rows.push({ ...KERNELS, dtype: gemm.compute, n: gemm.n, k: gemm.k, m, seconds });
  }
  return rows;
}

/** Steps of decode alone or of one prompt chunk alone; of mixed ones it is not known which part took how long. */
function attention(sheet: Sheet, model: Transformer, tp: number): AttentionRow[] {
  const [shape] = model.mixers;
  if (shape?.kind !== 'gqa') {
    throw new UserError(`${sheet.where}: ${model.name} has no grouped-query attention`);
  }
  const rows: AttentionRow[] = [];
  for (const row of sheet.rows()) {
    const [chunk, before] = [row.whole('prefill_chunk', 0), row.whole('kv_prefill', 0)];
    const [sequences, context] = [row.whole('n_decode', 0), row.whole('kv_decode', 0)];
    const seconds = row.positive('time_us') * US;
    const decodes = chunk === 0 && sequences > 0 && context > 0;
    if (!decodes && (sequences > 0 || chunk === 0)) continue;
    rows.push({
      engine: KERNELS.engine,
      kernel: KERNELS.kernel,
      kvDtype: 'bf16',
      sequences: decodes ? sequences : 1,
      queryTokens: decodes ? 1 : chunk,
      heads: shape.heads / tp,
      kvHeads: Math.max(1, shape.kvHeads / tp),
      headDim: shape.headDim,
      window: null,
      contextTokens: decodes ? context : before + chunk,
      seconds,
    });
  }
  return rows;
}

interface Measured {
  readonly model: Transformer;
  readonly dtype: WeightFormat;
  readonly tp: number;
}

function fromName(where: string, models: readonly Transformer[]): Measured {
  const file = where.split(/[\\/]/).at(-1)!;
  const [, written, dtype, tp] = /__([^_]+(?:_[^_]+)*)__(bf16|fp8)__tp(\d+)__/.exec(file) ?? [];
  const lower = written?.toLowerCase() ?? '';
  const model = models.find(({ name }) => lower === name || lower.startsWith(`${name}-instruct`));
  if (model === undefined || dtype === undefined) {
    throw new UserError(
      `${where}: expected a name such as RTX4090__Llama-3.1-8B__bf16__tp1__dense.csv, the model one of ${models.map(({ name }) => name).join(', ')}`,
    );
  }
  return { model, dtype: dtype as WeightFormat, tp: Number(tp) };
}
