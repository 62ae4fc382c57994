/** The layers that feed forward, as `config.json` files say them; see mixers.ts. */
import type { Experts, FeedForward, Layers } from '../architecture.ts';
import type { Fields } from './fields.ts';
import { layerCount, nemotronLayers, searchedBlocks } from './mixers.ts';

export type ReadFeedForwards = (fields: Fields) => Layers<FeedForward>[];

type Routed = Pick<Experts, 'count' | 'perToken' | 'ffn'> & Partial<Experts>;

/** Dense blocks as wide as `ffn`, and experts in the other layers; kinds without a layer are left out. */
function ofKinds(
  ffn: number,
  denseLayers: number,
  layers: number,
  routed: Routed | null,
): Layers<FeedForward>[] {
  const dense: Layers<FeedForward> = { kind: 'dense', ffn, gated: true, layers: denseLayers };
  if (routed === null) return [{ ...dense, layers }];
  const experts: Layers<FeedForward> = {
    kind: 'experts',
    gated: true,
    sharedFfn: 0,
    ...routed,
    layers: layers - denseLayers,
  };
  return [dense, experts].filter((one) => one.layers > 0);
}

export function dense(fields: Fields): Layers<FeedForward>[] {
  return ofKinds(fields.positive('intermediate_size'), 0, layerCount(fields), null);
}

function perToken(fields: Fields): number {
  return fields.positive(fields.first('num_experts_per_tok', 'num_experts_per_token', 'top_k_experts'));
}

/** Mixtral, gpt-oss and MiniMax-M2: experts in every layer, as wide as `intermediate_size` says. */
export function localExperts(fields: Fields): Layers<FeedForward>[] {
  const ffn = fields.positive('intermediate_size');
  return ofKinds(ffn, 0, layerCount(fields), {
    count: fields.positive('num_local_experts'),
    perToken: perToken(fields),
    ffn,
    sharedFfn: fields.whole('shared_intermediate_size', 0),
  });
}

/** Qwen: experts in every `decoder_sparse_step`-th layer that `mlp_only_layers` does not list. */
export function sparseStepExperts(shared: boolean): ReadFeedForwards {
  return (fields) => {
    const step = fields.positive('decoder_sparse_step', 1);
    const listed = new Set(fields.wholes('mlp_only_layers'));
    const denseLayers = countLayers(fields, (layer) => listed.has(layer) || (layer + 1) % step !== 0);
    return ofKinds(
      denseLayers > 0 ? fields.positive('intermediate_size') : 0,
      denseLayers,
      layerCount(fields),
      {
        count: fields.positive(fields.first('num_experts', 'num_local_experts')),
        perToken: perToken(fields),
        ffn: fields.positive('moe_intermediate_size'),
        sharedFfn: shared ? fields.whole('shared_expert_intermediate_size') : 0,
      },
    );
  };
}

/** DeepSeek, GLM, Kimi and MiMo: some layers dense, then experts of which some are always on. */
export function routedExperts(fields: Fields): Layers<FeedForward>[] {
  const layers = layerCount(fields);
  const count = fields.first('n_routed_experts', 'num_experts', 'num_local_experts');
  if (!fields.has(count)) return dense(fields);
  const ffn = fields.positive('moe_intermediate_size');
  const denseLayers = denseLayersOf(fields);
  const width = fields.first('dense_intermediate_size', 'intermediate_size');
  return ofKinds(denseLayers > 0 ? fields.positive(width) : 0, denseLayers, layers, {
    count: fields.positive(count),
    perToken: perToken(fields),
    ffn,
    sharedFfn: fields.whole(fields.first('n_shared_experts', 'num_shared_experts'), 0) * ffn,
    ...(fields.has('routed_expert_hidden_size') && {
      latent: fields.positive('routed_expert_hidden_size'),
    }),
  });
}

/** The first layers, those that a frequency skips, or those that a list marks with 0. */
function denseLayersOf(fields: Fields): number {
  const first = fields.whole('first_k_dense_replace', 0);
  const { freq, marks } = frequency(fields);
  return countLayers(
    fields,
    (layer) => layer < first || layer % freq !== 0 || (marks.length > 0 && marks[layer] === 0),
  );
}

function frequency(fields: Fields): { freq: number; marks: readonly number[] } {
  if (!fields.isList('moe_layer_freq')) return { freq: fields.positive('moe_layer_freq', 1), marks: [] };
  return { freq: 1, marks: fields.wholes('moe_layer_freq') };
}

/** Llama 4: experts, one of them always on, in every so many layers. */
export function interleavedExperts(fields: Fields): Layers<FeedForward>[] {
  const step = fields.positive('interleave_moe_layer_step', 1);
  const ffn = fields.positive('intermediate_size');
  return ofKinds(
    fields.positive('intermediate_size_mlp'),
    countLayers(fields, (layer) => (layer + 1) % step !== 0),
    layerCount(fields),
    { count: fields.positive('num_local_experts'), perToken: perToken(fields), ffn, sharedFfn: ffn },
  );
}

/** Gemma 4: where there are experts, the dense block stands beside them in every layer. */
export function besideDense(fields: Fields): Layers<FeedForward>[] {
  if (!fields.flag('enable_moe_block', false)) return dense(fields);
  return ofKinds(0, 0, layerCount(fields), {
    count: fields.positive('num_experts'),
    perToken: perToken(fields),
    ffn: fields.positive('moe_intermediate_size'),
    sharedFfn: fields.positive('intermediate_size'),
  });
}

/** Nemotron-H: blocks without a gate, in layers of their own. */
export function nemotronFeedForwards(fields: Fields): Layers<FeedForward>[] {
  const layers = nemotronLayers(fields);
  const count = (type: string) => layers.filter((one) => one === type).length;
  const kinds: Layers<FeedForward>[] = [
    { kind: 'dense', ffn: fields.positive('intermediate_size'), gated: false, layers: count('mlp') },
  ];
  if (count('moe') > 0) {
    kinds.push({
      kind: 'experts',
      count: fields.positive('n_routed_experts'),
      perToken: perToken(fields),
      ffn: fields.positive('moe_intermediate_size'),
      gated: false,
      sharedFfn: fields.whole('n_shared_experts', 0) * fields.whole('moe_shared_expert_intermediate_size', 0),
      ...(fields.has('moe_latent_size') && { latent: fields.positive('moe_latent_size') }),
      layers: count('moe'),
    });
  }
  return kinds.filter((one) => one.layers > 0);
}

/** Llama-Nemotron: a width a layer, two thirds of a multiple of the hidden size, in steps of 256. */
export function searchedFeedForwards(fields: Fields): Layers<FeedForward>[] {
  const hidden = fields.positive('hidden_size');
  const widths = searchedBlocks(fields).flatMap(({ ffn }) => {
    if (ffn.flag('replace_with_linear', false)) {
      ffn.fail('replace_with_linear', 'false: a block replaced by a matrix is not modelled');
    }
    if (ffn.flag('no_op', false)) return [];
    return [Math.ceil(Math.floor((2 * ffn.amount('ffn_mult') * hidden) / 3) / 256) * 256];
  });
  return [...new Set(widths)].map((ffn) => ({
    kind: 'dense',
    ffn,
    gated: true,
    layers: widths.filter((one) => one === ffn).length,
  }));
}

function countLayers(fields: Fields, matches: (layer: number) => boolean): number {
  const layers = Array.from({ length: layerCount(fields) }, (_, layer) => layer);
  return layers.filter(matches).length;
}
