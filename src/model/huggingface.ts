/**
 * Reads the `config.json` that every model on Hugging Face carries. Field names and defaults are those of the
 * configuration classes in huggingface/transformers. A quantisation in the file is not read: the number format
 * belongs to the scenario.
 */
import { UserError, unknownName } from '../errors.ts';
import { got } from '../validate.ts';
import type { Experts, GroupedQueryAttention, LatentAttention, Transformer } from './architecture.ts';
import { checkCard } from './check.ts';

interface Family {
  readonly attention: (fields: Fields) => GroupedQueryAttention | LatentAttention;
  readonly experts: (fields: Fields) => Experts | null;
}

const FAMILIES: ReadonlyMap<string, Family> = new Map([
  ['llama', { attention: groupedQuery(noWindow), experts: none }],
  ['mistral', { attention: groupedQuery(windowWhereSet), experts: none }],
  ['mixtral', { attention: groupedQuery(windowWhereSet), experts: localExperts }],
  ['qwen2', { attention: groupedQuery(windowIfUsed), experts: none }],
  ['qwen2_moe', { attention: groupedQuery(windowIfUsed), experts: sparseStepExperts(true) }],
  ['qwen3', { attention: groupedQuery(windowIfUsed), experts: none }],
  ['qwen3_moe', { attention: groupedQuery(windowIfUsed), experts: sparseStepExperts(false) }],
  ['deepseek_v2', { attention: latent, experts: routedExperts }],
  ['deepseek_v3', { attention: latent, experts: routedExperts }],
  ['glm4', { attention: groupedQuery(noWindow), experts: none }],
  ['glm4_moe', { attention: groupedQuery(noWindow), experts: routedExperts }],
  ['gpt_oss', { attention: groupedQuery(alternatingWindow), experts: localExperts }],
]);

/**
 * The model a Hugging Face `config.json` describes, named after its file.
 *
 * @param where the file's name, for error messages
 * @throws UserError for an unsupported `model_type`, and for the first field that is missing or makes no sense
 */
export function readHuggingFaceConfig(json: unknown, where: string): Transformer {
  if (!isRecord(json)) throw new UserError(`${where}: got ${got(json)}, expected an object`);
  const fields = new Fields(textPart(json), where);
  const type = fields.text('model_type');
  const family = FAMILIES.get(type);
  if (!family) {
    throw new UserError(`${where}: ${unknownName('model_type', type, [...FAMILIES.keys()]).message}`);
  }
  rejectDraftHead(json, where);
  const model: Transformer = {
    kind: 'transformer',
    name: baseName(where),
    layers: fields.positive('num_hidden_layers'),
    hidden: fields.positive('hidden_size'),
    ffn: fields.positive('intermediate_size'),
    vocab: fields.positive('vocab_size'),
    tiedEmbeddings: fields.flag('tie_word_embeddings', false),
    attention: family.attention(fields),
    experts: family.experts(fields),
    mtpLayers: fields.whole('num_nextn_predict_layers', 0),
    source: `Hugging Face config.json (model_type ${type})`,
  };
  checkCard(model, where);
  return model;
}

/** The last part of a path, without `.json`. */
export function baseName(path: string): string {
  return path.replace(/^.*[/\\]/, '').replace(/\.json$/, '');
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Typed access to the fields of a file; null counts as absent, as it does in the files. */
class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #where: string;

  constructor(values: Readonly<Record<string, unknown>>, where: string) {
    this.#values = values;
    this.#where = where;
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  text(name: string): string {
    const value = this.#get(name);
    return typeof value === 'string' ? value : this.fail(name, 'a text');
  }

  /** A whole number of at least 1. */
  positive(name: string, fallback?: number): number {
    return this.#number(name, 1, fallback);
  }

  /** A whole number of at least 0. */
  whole(name: string, fallback?: number): number {
    return this.#number(name, 0, fallback);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#get(name) ?? fallback;
    return typeof value === 'boolean' ? value : this.fail(name, 'true or false');
  }

  /** An array whose every element passes `test`; absent: empty. */
  list<T>(name: string, what: string, test: (element: unknown) => element is T): readonly T[] {
    const value = this.#get(name) ?? [];
    return Array.isArray(value) && value.every(test) ? value : this.fail(name, `an array of ${what}`);
  }

  fail(name: string, expected: string): never {
    const value = this.#get(name);
    const problem = value === undefined ? 'missing' : `got ${got(value)}`;
    throw new UserError(`${this.#where}: ${name}: ${problem}, expected ${expected}`);
  }

  #get(name: string): unknown {
    return (Object.hasOwn(this.#values, name) ? this.#values[name] : undefined) ?? undefined;
  }

  #number(name: string, least: number, fallback?: number): number {
    const value = this.#get(name) ?? fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
    return this.fail(name, `a whole number, ${least} or more`);
  }
}

/** Multimodal files nest the language model and may keep the tie outside. */
function textPart(json: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { text_config: nested, tie_word_embeddings } = json;
  return isRecord(nested) ? { tie_word_embeddings, ...nested } : json;
}

/** EAGLE heads are published with a `config.json` of their base's type, which would pass for a tiny model. */
function rejectDraftHead(json: Readonly<Record<string, unknown>>, where: string): void {
  const eagle = /eagle/i.test(JSON.stringify(json.architectures ?? ''));
  if (!eagle && json.draft_vocab_size === undefined) return;
  throw new UserError(
    `${where}: got the config.json of a draft head, which does not say all that a pass of it costs; expected a whole model, a named draft head, or a draft head card (docs/adding-a-model.md)`,
  );
}

type WindowRule = (fields: Fields, layers: number) => number;

/** @param rule how many layers have a sliding window */
function groupedQuery(rule: WindowRule): Family['attention'] {
  return (fields) => {
    const heads = fields.positive('num_attention_heads');
    const kvHeads = fields.positive('num_key_value_heads', heads);
    const headDim = fields.positive('head_dim', fields.positive('hidden_size') / heads);
    const layers = rule(fields, fields.positive('num_hidden_layers'));
    const attention = { kind: 'gqa', heads, kvHeads, headDim } as const;
    if (layers === 0) return attention;
    return { ...attention, slidingWindow: { tokens: fields.positive('sliding_window'), layers } };
  };
}

function noWindow(): number {
  return 0;
}

function windowWhereSet(fields: Fields, layers: number): number {
  return fields.has('sliding_window') ? slidingLayers(fields, layers, layers) : 0;
}

/** Qwen files state a window that is off; the rules for which layers it covers when on differ by model type. */
function windowIfUsed(fields: Fields, layers: number): number {
  if (!fields.flag('use_sliding_window', false)) return 0;
  if (!fields.has('layer_types')) fields.fail('layer_types', 'an array, as use_sliding_window is true');
  return slidingLayers(fields, layers, 0);
}

function alternatingWindow(fields: Fields, layers: number): number {
  return slidingLayers(fields, layers, Math.ceil(layers / 2));
}

type LayerType = 'full_attention' | 'sliding_attention';

function slidingLayers(fields: Fields, layers: number, byDefault: number): number {
  if (!fields.has('layer_types')) return byDefault;
  const isLayerType = (type: unknown): type is LayerType =>
    type === 'full_attention' || type === 'sliding_attention';
  const types = fields.list('layer_types', 'full_attention or sliding_attention', isLayerType);
  if (types.length !== layers) fields.fail('layer_types', `${layers} entries, one a layer`);
  return types.filter((type) => type === 'sliding_attention').length;
}

function latent(fields: Fields): LatentAttention {
  return {
    kind: 'mla',
    heads: fields.positive('num_attention_heads'),
    queryRank: fields.whole('q_lora_rank', 0),
    kvRank: fields.positive('kv_lora_rank'),
    ropeDim: fields.positive('qk_rope_head_dim'),
    nopeDim: fields.positive('qk_nope_head_dim'),
    valueDim: fields.positive('v_head_dim'),
  };
}

function none(): null {
  return null;
}

/** Mixtral and gpt-oss: experts in every layer, as wide as `intermediate_size` says. */
function localExperts(fields: Fields): Experts {
  return {
    count: fields.positive('num_local_experts'),
    perToken: fields.positive('num_experts_per_tok'),
    ffn: fields.positive('intermediate_size'),
    sharedFfn: 0,
    denseLayers: 0,
  };
}

/** Qwen: experts in every `decoder_sparse_step`-th layer that `mlp_only_layers` does not list. */
function sparseStepExperts(shared: boolean): Family['experts'] {
  return (fields) => {
    const step = fields.positive('decoder_sparse_step', 1);
    const isLayer = (layer: unknown): layer is number => Number.isInteger(layer);
    const dense = new Set(fields.list('mlp_only_layers', 'layer numbers', isLayer));
    return {
      count: fields.positive(fields.has('num_local_experts') ? 'num_local_experts' : 'num_experts'),
      perToken: fields.positive('num_experts_per_tok'),
      ffn: fields.positive('moe_intermediate_size'),
      sharedFfn: shared ? fields.whole('shared_expert_intermediate_size') : 0,
      denseLayers: countLayers(fields, (layer) => dense.has(layer) || (layer + 1) % step !== 0),
    };
  };
}

/** DeepSeek and GLM: the first layers dense, then experts of which some are always on. */
function routedExperts(fields: Fields): Experts | null {
  if (!fields.has('n_routed_experts')) return null;
  const ffn = fields.positive('moe_intermediate_size');
  const first = fields.whole('first_k_dense_replace');
  const step = fields.positive('moe_layer_freq', 1);
  return {
    count: fields.positive('n_routed_experts'),
    perToken: fields.positive('num_experts_per_tok'),
    ffn,
    sharedFfn: fields.whole('n_shared_experts', 0) * ffn,
    denseLayers: countLayers(fields, (layer) => layer < first || layer % step !== 0),
  };
}

function countLayers(fields: Fields, matches: (layer: number) => boolean): number {
  const layers = Array.from({ length: fields.positive('num_hidden_layers') }, (_, layer) => layer);
  return layers.filter(matches).length;
}
