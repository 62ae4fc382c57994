/**
 * The layers that mix tokens, as `config.json` files say them. Field names and defaults are those of the configuration
 * classes in huggingface/transformers and of the files that models of a repository of their own bring along.
 */
import type { GroupedQueryAttention, LatentAttention, Layers, Mixer, SparseIndex } from '../architecture.ts';
import type { Fields } from './fields.ts';

export type ReadMixers = (fields: Fields) => Layers<Mixer>[];

/** So many layers of each kind; kinds without any are left out. */
function ofKinds(...kinds: readonly Layers<Mixer>[]): Layers<Mixer>[] {
  return kinds.filter(({ layers }) => layers > 0);
}

export function layerCount(fields: Fields): number {
  return fields.positive('num_hidden_layers');
}

type WindowRule = (fields: Fields, layers: number) => number;

function heads(fields: Fields): GroupedQueryAttention {
  const count = fields.positive('num_attention_heads');
  return {
    kind: 'gqa',
    heads: count,
    kvHeads: fields.positive('num_key_value_heads', count),
    headDim: fields.positive(
      fields.first('head_dim', 'attention_head_dim'),
      fields.positive('hidden_size') / count,
    ),
  };
}

/** @param rule how many layers have a sliding window */
export function groupedQuery(rule: WindowRule): ReadMixers {
  return (fields) => {
    const attention = heads(fields);
    const layers = layerCount(fields);
    const windowed = rule(fields, layers);
    return ofKinds(
      { ...attention, layers: layers - windowed },
      ...(windowed > 0
        ? [{ ...attention, window: fields.positive('sliding_window'), layers: windowed }]
        : []),
    );
  };
}

export function noWindow(): number {
  return 0;
}

export function windowWhereSet(fields: Fields, layers: number): number {
  return fields.has('sliding_window') ? slidingLayers(fields, layers, layers) : 0;
}

/** Qwen files state a window that is off; the rules for which layers it covers when on differ by model type. */
export function windowIfUsed(fields: Fields, layers: number): number {
  if (!fields.flag('use_sliding_window', false)) return 0;
  if (!fields.has('layer_types')) fields.fail('layer_types', 'an array, as use_sliding_window is true');
  return slidingLayers(fields, layers, 0);
}

export function alternatingWindow(fields: Fields, layers: number): number {
  return slidingLayers(fields, layers, Math.ceil(layers / 2));
}

/** Gemma: every so many layers one sees all. */
export function windowInBetween(pattern: number): WindowRule {
  return (fields, layers) =>
    slidingLayers(
      fields,
      layers,
      layers - Math.floor(layers / fields.positive('sliding_window_pattern', pattern)),
    );
}

function slidingLayers(fields: Fields, layers: number, byDefault: number): number {
  if (!fields.has('layer_types')) return byDefault;
  return layerTypes(fields, layers, ['full_attention', 'sliding_attention']).filter(
    (type) => type === 'sliding_attention',
  ).length;
}

function layerTypes(fields: Fields, layers: number, known: readonly string[]): readonly string[] {
  const isKnown = (type: unknown): type is string => known.includes(type as string);
  const types = fields.list('layer_types', known.join(' or '), isKnown);
  return types.length === layers ? types : fields.fail('layer_types', `${layers} entries, one a layer`);
}

export function latent(fields: Fields): LatentAttention {
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

export function latentEverywhere(fields: Fields): Layers<Mixer>[] {
  return [{ ...latent(fields), layers: layerCount(fields) }];
}

/** DeepSeek-V3.2 and GLM-5: an index chooses what a query attends to; some layers use the choice of one before. */
export function indexedLatent(fields: Fields): Layers<Mixer>[] {
  const layers = layerCount(fields);
  const index = (own: boolean): SparseIndex => ({
    tokens: fields.positive('index_topk'),
    heads: own ? fields.positive('index_n_heads') : 0,
    dim: fields.positive('index_head_dim'),
  });
  const types = fields.texts('indexer_types');
  const shared = types.filter((type) => type === 'shared').length;
  const attention = latent(fields);
  return ofKinds(
    { ...attention, sparse: index(true), layers: layers - shared },
    { ...attention, sparse: index(false), layers: shared },
  );
}

/** Llama 4: layers with rotary positions see chunks, of which a window of the same size is the longest. */
export function chunked(fields: Fields): Layers<Mixer>[] {
  const layers = layerCount(fields);
  const attention = heads(fields);
  const full = fields.has('no_rope_layers')
    ? fields.wholes('no_rope_layers').filter((uses) => uses === 0).length
    : Math.floor(layers / fields.positive('no_rope_layer_interval', 4));
  const window = fields.positive('attention_chunk_size');
  return ofKinds({ ...attention, layers: full }, { ...attention, window, layers: layers - full });
}

/** Gemma 4: the layers that see all have fewer and wider heads, whose values may be their keys. */
export function twoHeadSizes(fields: Fields): Layers<Mixer>[] {
  if (fields.whole('num_kv_shared_layers', 0) > 0) {
    fields.fail('num_kv_shared_layers', '0: layers that share the KV cache of others are not modelled');
  }
  if (fields.whole('hidden_size_per_layer_input', 0) > 0) {
    fields.fail('hidden_size_per_layer_input', '0: embeddings of layers of their own are not modelled');
  }
  const layers = layerCount(fields);
  const attention = heads(fields);
  const windowed = windowInBetween(6)(fields, layers);
  return ofKinds(
    {
      ...attention,
      kvHeads: fields.positive('num_global_key_value_heads', attention.kvHeads),
      headDim: fields.positive('global_head_dim', attention.headDim),
      ...(fields.flag('attention_k_eq_v', false) && { keysAsValues: true }),
      layers: layers - windowed,
    },
    { ...attention, window: fields.positive('sliding_window'), layers: windowed },
  );
}

/** MiMo-V2: layers with a window have heads of their own; keys are wider than values. */
export function twoHeadCounts(fields: Fields): Layers<Mixer>[] {
  const layers = layerCount(fields);
  const pattern = fields.perLayer(fields.wholes('hybrid_layer_pattern'), 'hybrid_layer_pattern', layers);
  const windowed = pattern.filter((type) => type === 1).length;
  const attention = { ...heads(fields), valueDim: fields.positive('v_head_dim') };
  return ofKinds(
    { ...attention, layers: layers - windowed },
    {
      kind: 'gqa',
      heads: fields.positive('swa_num_attention_heads'),
      kvHeads: fields.positive('swa_num_key_value_heads'),
      headDim: fields.positive('swa_head_dim'),
      valueDim: fields.positive('swa_v_head_dim'),
      window: fields.positive('sliding_window'),
      layers: windowed,
    },
  );
}

/** MiniMax-M3: most layers read the blocks of context that an index scores highest. */
export function blockSparse(fields: Fields): Layers<Mixer>[] {
  const layers = layerCount(fields);
  const attention = heads(fields);
  const config = fields.part('sparse_attention_config');
  const freq = fields.perLayer(config.wholes('sparse_attention_freq'), 'sparse_attention_freq', layers);
  const sparse = freq.filter((one) => one === 1).length;
  return ofKinds(
    { ...attention, layers: layers - sparse },
    {
      ...attention,
      sparse: {
        tokens: config.positive('sparse_topk_blocks') * config.positive('sparse_block_size'),
        heads: config.positive('sparse_num_index_heads'),
        dim: config.positive('sparse_index_dim'),
      },
      layers: sparse,
    },
  );
}

/** DeepSeek-V4: a ratio of compression a layer; at the smallest an index chooses among the compressed vectors. */
export function compressedLayers(fields: Fields): Layers<Mixer>[] {
  const layers = layerCount(fields);
  const ratios = fields.perLayer(fields.wholes('compress_ratios'), 'compress_ratios', layers);
  const smallest = Math.min(...ratios.filter((ratio) => ratio > 0));
  return [...new Set(ratios)].map((ratio) => ({
    kind: 'compressed',
    heads: fields.positive('num_attention_heads'),
    headDim: fields.positive('head_dim'),
    queryRank: fields.positive('q_lora_rank'),
    outputRank: fields.positive('o_lora_rank'),
    outputGroups: fields.positive('o_groups'),
    window: fields.positive('sliding_window'),
    ratio,
    ...(ratio === smallest && {
      sparse: {
        tokens: fields.positive('index_topk'),
        heads: fields.positive('index_n_heads'),
        dim: fields.positive('index_head_dim'),
      },
    }),
    layers: ratios.filter((one) => one === ratio).length,
  }));
}

/** Qwen3-Next and Qwen3.5: linear attention, and every so many layers gated attention to all. */
export function gatedDelta(fields: Fields): Layers<Mixer>[] {
  const layers = layerCount(fields);
  const full = fields.has('layer_types')
    ? layerTypes(fields, layers, ['linear_attention', 'full_attention']).filter(
        (type) => type === 'full_attention',
      ).length
    : Math.floor(layers / fields.positive('full_attention_interval', 4));
  const gated = fields.flag('attn_output_gate', true);
  return ofKinds(
    { ...heads(fields), ...(gated && { gated: true }), layers: full },
    {
      kind: 'linear',
      keyHeads: fields.positive('linear_num_key_heads'),
      valueHeads: fields.positive('linear_num_value_heads'),
      keyDim: fields.positive('linear_key_head_dim'),
      valueDim: fields.positive('linear_value_head_dim'),
      convolution: fields.positive('linear_conv_kernel_dim'),
      layers: layers - full,
    },
  );
}

/** Kimi Linear: Kimi Delta Attention, and in some layers latent attention. */
export function kimiLinear(fields: Fields): Layers<Mixer>[] {
  const config = fields.part('linear_attn_config');
  const headDim = config.positive('head_dim');
  const gated = fields.flag('mla_use_output_gate', false);
  return ofKinds(
    {
      ...latent(fields),
      ...(gated && { gated: true }),
      layers: config.wholes('full_attn_layers').length,
    },
    {
      kind: 'linear',
      keyHeads: config.positive('num_heads'),
      valueHeads: config.positive('num_heads'),
      keyDim: headDim,
      valueDim: headDim,
      convolution: config.positive('short_conv_kernel_size'),
      gateRank: headDim,
      layers: config.wholes('kda_layers').length,
    },
  );
}

/** Nemotron-H: a letter, or a word, for each layer. */
export function nemotronLayers(fields: Fields): readonly string[] {
  if (fields.has('layers_block_type')) return fields.texts('layers_block_type');
  const words: Readonly<Record<string, string>> = { M: 'mamba', '*': 'attention', '-': 'mlp', E: 'moe' };
  return [...fields.text('hybrid_override_pattern')].map(
    (letter) => words[letter] ?? fields.fail('hybrid_override_pattern', 'the letters M, *, - and E'),
  );
}

export function nemotronMixers(fields: Fields): Layers<Mixer>[] {
  const layers = nemotronLayers(fields);
  const count = (type: string) => layers.filter((one) => one === type).length;
  return ofKinds(
    { ...heads(fields), layers: count('attention') },
    {
      kind: 'mamba2',
      heads: fields.positive('mamba_num_heads'),
      headDim: fields.positive('mamba_head_dim'),
      stateDim: fields.positive('ssm_state_size'),
      groups: fields.positive('n_groups'),
      convolution: fields.positive('conv_kernel'),
      stateBytes: fields.text('mamba_ssm_cache_dtype', 'bfloat16') === 'float32' ? 4 : 2,
      layers: count('mamba'),
    },
  );
}

/** Llama-Nemotron (found by search): each layer has its own number of key-value heads, or no attention. */
export function searchedMixers(fields: Fields): Layers<Mixer>[] {
  const all = searchedBlocks(fields).flatMap(({ attention }) => {
    if (attention.flag('replace_with_linear', false)) {
      attention.fail('replace_with_linear', 'false: attention replaced by a matrix is not modelled');
    }
    return attention.flag('no_op', false) ? [] : [attention.positive('n_heads_in_group')];
  });
  const count = fields.positive('num_attention_heads');
  return [...new Set(all)].map((group) => ({
    kind: 'gqa',
    heads: count,
    kvHeads: count / group,
    headDim: fields.positive('head_dim', fields.positive('hidden_size') / count),
    layers: all.filter((one) => one === group).length,
  }));
}

export function searchedBlocks(fields: Fields): readonly { attention: Fields; ffn: Fields }[] {
  return fields
    .parts('block_configs')
    .map((block) => ({ attention: block.part('attention'), ffn: block.part('ffn') }));
}
