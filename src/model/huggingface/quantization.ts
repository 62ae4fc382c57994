/**
 * Which number formats a checkpoint says it keeps: `quantization_config` of its config.json, or the
 * `hf_quant_config.json` that ModelOpt writes beside it. What a config leaves out is found by trying the names that
 * layers go by against its patterns.
 */

import type { WeightFormat } from '../../number-formats.ts';
import { expertsOf, type Quantization, type Stack } from '../architecture.ts';
import { isRecord, type JsonObject } from './fields.ts';

/** Kinds of matrices, and what they are called in checkpoints; LAYER stands for the number of a layer. */
type MatrixKind = Exclude<keyof Quantization, 'kv' | 'ignored'>;

const NAMES: Readonly<Record<MatrixKind, readonly string[]>> = {
  attention: ['LAYER.self_attn.q_proj', 'LAYER.self_attn.o_proj'],
  linear: [
    'LAYER.self_attn.q_proj',
    'LAYER.linear_attn.in_proj_qkvz',
    'LAYER.linear_attn.out_proj',
    'LAYER.mixer.in_proj',
  ],
  dense: ['LAYER.mlp.gate_proj', 'LAYER.mlp.down_proj'],
  shared: ['LAYER.mlp.shared_experts.gate_proj', 'LAYER.mlp.shared_expert.gate_proj'],
  experts: [
    'LAYER.mlp.experts.0.gate_proj',
    'LAYER.block_sparse_moe.experts.0.w1',
    'LAYER.experts.0.gate_proj',
    'LAYER.mixer.experts.0.up_proj',
  ],
  outputMatrix: ['lm_head'],
};

const PREFIXES = [
  'model.layers.',
  'model.language_model.layers.',
  'language_model.model.layers.',
  'backbone.layers.',
];

/** Layers of either parity, behind those that come first and are dense where others have experts. */
const MIDDLE = [4, 5, 6, 7];
const FIRST = [0];

/**
 * @param config the whole config.json, or an `hf_quant_config.json`
 * @param card the model that it is of
 * @returns nothing for a checkpoint in bf16
 */
export function readQuantization(config: JsonObject, card: Stack): Quantization | undefined {
  const { text_config: inner } = config;
  const stated = [
    config.quantization_config,
    isRecord(inner) ? inner.quantization_config : null,
    config.quantization,
  ];
  const given = stated.find(isRecord);
  if (given === undefined) return undefined;
  const base = weightFormat(given);
  const kv = keepsFp8(given.kv_cache_scheme ?? given.kv_cache_quant_algo) ? ({ kv: 'fp8' } as const) : {};
  if (base === null) return { ...kv, ignored: String(given.quant_method ?? given.quant_algo ?? 'unknown') };
  const excluded = patterns(given);
  // Other methods than compressed-tensors never quantise the output matrix.
  const kinds = matrixKinds(card, given.quant_method === 'compressed-tensors');
  const formats: Record<string, WeightFormat> = {};
  for (const kind of kinds) if (!isLeftOut(kind, excluded, expertsOf(card) !== null)) formats[kind] = base;
  if (config.expert_dtype === 'fp4') formats.experts = 'mxfp4';
  return { ...formats, ...kv };
}

/** The kinds of matrices that a model has. */
function matrixKinds(card: Stack, outputMatrix: boolean): MatrixKind[] {
  const experts = expertsOf(card);
  const states = card.mixers.map(({ kind }) => kind === 'linear' || kind === 'mamba2');
  const has: Readonly<Record<MatrixKind, boolean>> = {
    attention: states.includes(false),
    linear: states.includes(true),
    dense: card.feedForwards.some(({ kind }) => kind === 'dense'),
    shared: experts !== null && experts.sharedFfn > 0,
    experts: experts !== null,
    outputMatrix,
  };
  return (Object.keys(has) as MatrixKind[]).filter((kind) => has[kind]);
}

/** The format of the weights, null for one that nobody here knows. */
function weightFormat(given: JsonObject): WeightFormat | null {
  const method = String(given.quant_method ?? '').toLowerCase();
  const algorithm = String(given.quant_algo ?? '').toUpperCase();
  if (algorithm.includes('NVFP4') || method.includes('nvfp4')) return 'nvfp4';
  if (method === 'mxfp4' || algorithm.includes('MXFP4')) return 'mxfp4';
  if (algorithm.startsWith('FP8_PB') || algorithm.startsWith('FP8_BLOCK')) return 'fp8-block';
  if (algorithm === 'FP8') return 'fp8';
  if (algorithm.startsWith('W4A16') || algorithm.startsWith('INT4')) return 'int4';
  if (method === 'fp8' || method === 'fbgemm_fp8') return given.weight_block_size ? 'fp8-block' : 'fp8';
  if (method === 'awq' || method === 'gptq') return given.bits === 8 ? 'int8-weight' : 'int4';
  if (method === 'bitsandbytes') return given.load_in_8bit === true ? 'int8' : 'int4-old';
  return method === 'compressed-tensors' || method === 'modelopt' ? ofGroups(given) : null;
}

/** compressed-tensors: the first group's weights and activations. */
function ofGroups({ config_groups, format }: JsonObject): WeightFormat | null {
  const group = isRecord(config_groups) ? Object.values(config_groups)[0] : undefined;
  if (!isRecord(group) || !isRecord(group.weights)) return null;
  const { num_bits, type, strategy } = group.weights;
  const weightOnly = !isRecord(group.input_activations);
  const stated = String(group.format ?? format ?? '');
  if (type === 'float' && num_bits === 4) return stated.startsWith('mxfp4') ? 'mxfp4' : 'nvfp4';
  if (type === 'float' && num_bits === 8) return strategy === 'block' ? 'fp8-block' : 'fp8';
  if (type === 'int' && num_bits === 4) return 'int4';
  if (type === 'int' && num_bits === 8) return weightOnly ? 'int8-weight' : 'int8';
  return null;
}

function keepsFp8(scheme: unknown): boolean {
  if (isRecord(scheme)) return scheme.num_bits === 8 && scheme.type === 'float';
  return typeof scheme === 'string' && scheme.toUpperCase().includes('FP8');
}

function patterns(given: JsonObject): readonly RegExp[] {
  const lists = [given.ignore, given.modules_to_not_convert, given.exclude_modules, given.ignored_layers];
  const texts = lists
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .filter((one) => typeof one === 'string');
  return texts.map(pattern);
}

/** `re:` begins a regular expression; else a name or the start of one, with `*` for anything. */
function pattern(text: string): RegExp {
  if (text.startsWith('re:')) return new RegExp(`^${text.slice(3)}`);
  const escaped = text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`(^|\\.)${escaped}($|\\.)`);
}

/**
 * Whether it is left out in most of the layers that are tried: by any of its names, and of experts by all, since a
 * dense block that stands beside them goes by the name that theirs begin with elsewhere.
 */
function isLeftOut(kind: MatrixKind, excluded: readonly RegExp[], mixture: boolean): boolean {
  const tried = kind === 'dense' && mixture ? FIRST : MIDDLE;
  const isHit = (name: string) => {
    const hits = tried.filter((layer) =>
      PREFIXES.some((prefix) => {
        const full = name.replace('LAYER', `${prefix}${layer}`);
        return excluded.some((one) => one.test(full));
      }),
    );
    return hits.length > tried.length / 2;
  };
  return kind === 'experts' ? NAMES[kind].every(isHit) : NAMES[kind].some(isHit);
}
