import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import type { DraftHead, Transformer } from '../../src/model/architecture.ts';
import { readHuggingFaceConfig } from '../../src/model/huggingface.ts';
import { parseModel } from '../../src/model/parse.ts';
import { draftCard, headNames, modelCard, modelNames } from '../shipped-models.ts';

/** The fields of published files that matter, and some that do not. */
const LLAMA = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 4096,
  intermediate_size: 14336,
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  rope_scaling: { factor: 8.0, rope_type: 'llama3' },
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
  vocab_size: 128256,
};
const QWEN3_MOE = {
  architectures: ['Qwen3MoeForCausalLM'],
  model_type: 'qwen3_moe',
  decoder_sparse_step: 1,
  head_dim: 128,
  hidden_size: 2048,
  intermediate_size: 6144,
  max_window_layers: 48,
  mlp_only_layers: [],
  moe_intermediate_size: 768,
  num_attention_heads: 32,
  num_experts: 128,
  num_experts_per_tok: 8,
  num_hidden_layers: 48,
  num_key_value_heads: 4,
  sliding_window: null,
  tie_word_embeddings: false,
  use_sliding_window: false,
  vocab_size: 151936,
};
const DEEPSEEK_V3 = {
  architectures: ['DeepseekV3ForCausalLM'],
  model_type: 'deepseek_v3',
  first_k_dense_replace: 3,
  hidden_size: 7168,
  intermediate_size: 18432,
  kv_lora_rank: 512,
  moe_intermediate_size: 2048,
  moe_layer_freq: 1,
  n_group: 8,
  n_routed_experts: 256,
  n_shared_experts: 1,
  num_attention_heads: 128,
  num_experts_per_tok: 8,
  num_hidden_layers: 61,
  num_key_value_heads: 128,
  num_nextn_predict_layers: 1,
  q_lora_rank: 1536,
  qk_nope_head_dim: 128,
  qk_rope_head_dim: 64,
  quantization_config: { quant_method: 'fp8' },
  tie_word_embeddings: false,
  v_head_dim: 128,
  vocab_size: 129280,
};
const MISTRAL = {
  model_type: 'mistral',
  hidden_size: 4096,
  intermediate_size: 14336,
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  sliding_window: 4096,
  vocab_size: 32000,
};
const GPT_OSS = {
  architectures: ['GptOssForCausalLM'],
  model_type: 'gpt_oss',
  experts_per_token: 4,
  head_dim: 64,
  hidden_size: 2880,
  intermediate_size: 2880,
  layer_types: Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? 'sliding_attention' : 'full_attention')),
  num_attention_heads: 64,
  num_experts_per_tok: 4,
  num_hidden_layers: 24,
  num_key_value_heads: 8,
  num_local_experts: 32,
  sliding_window: 128,
  tie_word_embeddings: false,
  vocab_size: 201088,
};

describe('a Hugging Face config.json gives the card of the model', () => {
  const configs: Record<string, object> = {
    'llama-3.1-8b': LLAMA,
    'llama-3.2-1b': {
      model_type: 'llama',
      head_dim: 64,
      hidden_size: 2048,
      intermediate_size: 8192,
      num_attention_heads: 32,
      num_hidden_layers: 16,
      num_key_value_heads: 8,
      tie_word_embeddings: true,
      vocab_size: 128256,
    },
    'qwen3-8b': {
      model_type: 'qwen3',
      head_dim: 128,
      hidden_size: 4096,
      intermediate_size: 12288,
      max_window_layers: 36,
      num_attention_heads: 32,
      num_hidden_layers: 36,
      num_key_value_heads: 8,
      sliding_window: null,
      tie_word_embeddings: false,
      use_sliding_window: false,
      vocab_size: 151936,
    },
    'qwen3-30b-a3b': QWEN3_MOE,
    'qwen2-57b-a14b': {
      model_type: 'qwen2_moe',
      decoder_sparse_step: 1,
      hidden_size: 3584,
      intermediate_size: 18944,
      max_window_layers: 28,
      moe_intermediate_size: 2560,
      num_attention_heads: 28,
      num_experts: 64,
      num_experts_per_tok: 8,
      num_hidden_layers: 28,
      num_key_value_heads: 4,
      shared_expert_intermediate_size: 20480,
      sliding_window: 65536,
      tie_word_embeddings: false,
      use_sliding_window: false,
      vocab_size: 151936,
    },
    'mixtral-8x7b': {
      model_type: 'mixtral',
      hidden_size: 4096,
      intermediate_size: 14336,
      num_attention_heads: 32,
      num_experts_per_tok: 2,
      num_hidden_layers: 32,
      num_key_value_heads: 8,
      num_local_experts: 8,
      sliding_window: null,
      tie_word_embeddings: false,
      vocab_size: 32000,
    },
    'deepseek-v3': DEEPSEEK_V3,
    'glm-4.5-air': {
      model_type: 'glm4_moe',
      first_k_dense_replace: 1,
      head_dim: 128,
      hidden_size: 4096,
      intermediate_size: 10944,
      moe_intermediate_size: 1408,
      n_routed_experts: 128,
      n_shared_experts: 1,
      num_attention_heads: 96,
      num_experts_per_tok: 8,
      num_hidden_layers: 46,
      num_key_value_heads: 8,
      num_nextn_predict_layers: 1,
      tie_word_embeddings: false,
      vocab_size: 151552,
    },
    'gpt-oss-20b': GPT_OSS,
  };

  test.each(Object.entries(configs))('%s', (name, config) => {
    const {
      source,
      quantization: ____,
      ...read
    } = readHuggingFaceConfig(config, `models/${name}.json`) as Transformer;
    const { source: _, maxContext: __, quantization: ___, ...card } = modelCard(name);
    expect(read).toEqual(card);
    expect(source).toBe(
      `Hugging Face config.json (model_type ${(config as { model_type: string }).model_type})`,
    );
  });
});

describe('families and fields without a card', () => {
  const read = (config: object) => readHuggingFaceConfig(config, 'config.json') as Transformer;

  test('Qwen2.5-7B and GLM-4-9B-0414', () => {
    const qwen = {
      model_type: 'qwen2',
      hidden_size: 3584,
      intermediate_size: 18944,
      num_attention_heads: 28,
      num_hidden_layers: 28,
      num_key_value_heads: 4,
      sliding_window: 131072,
      use_sliding_window: false,
      vocab_size: 152064,
    };
    expect(read(qwen).mixers).toEqual([{ kind: 'gqa', heads: 28, kvHeads: 4, headDim: 128, layers: 28 }]);
    const glm = {
      model_type: 'glm4',
      head_dim: 128,
      hidden_size: 4096,
      intermediate_size: 13696,
      num_attention_heads: 32,
      num_hidden_layers: 40,
      num_key_value_heads: 2,
      vocab_size: 151552,
    };
    expect(read(glm)).toMatchObject({
      layers: 40,
      mixers: [{ kvHeads: 2 }],
      feedForwards: [{ kind: 'dense' }],
    });
  });

  test('DeepSeek-V2-Lite projects queries directly and has two shared experts', () => {
    const lite = {
      ...DEEPSEEK_V3,
      ...{ model_type: 'deepseek_v2', q_lora_rank: null, num_nextn_predict_layers: undefined },
      ...{ hidden_size: 2048, intermediate_size: 10944, num_attention_heads: 16, num_hidden_layers: 27 },
      ...{ n_routed_experts: 64, n_shared_experts: 2, moe_intermediate_size: 1408, num_experts_per_tok: 6 },
      ...{ first_k_dense_replace: 1, vocab_size: 102400 },
    };
    const model = read(lite);
    expect(model.mixers).toMatchObject([{ kind: 'mla', heads: 16, queryRank: 0, layers: 27 }]);
    expect(model.feedForwards).toMatchObject([
      { kind: 'dense', ffn: 10944, layers: 1 },
      { kind: 'experts', count: 64, perToken: 6, ffn: 1408, sharedFfn: 2816, layers: 26 },
    ]);
    expect(model.mtpLayers).toBe(0);
  });

  test('a DeepSeek file without experts is a dense model', () => {
    expect(read({ ...DEEPSEEK_V3, n_routed_experts: null }).feedForwards).toMatchObject([
      { kind: 'dense', layers: 61 },
    ]);
  });

  test('sliding windows: every layer of Mistral-7B-v0.1, the listed ones, half of gpt-oss by default', () => {
    const window = (config: object) => {
      const windowed = read(config).mixers.find((mixer) => 'window' in mixer);
      return windowed && 'window' in windowed ? [windowed.window, windowed.layers] : undefined;
    };
    expect(window(MISTRAL)).toEqual([4096, 32]);
    expect(window({ ...MISTRAL, sliding_window: null })).toBeUndefined();
    expect(window({ ...GPT_OSS, layer_types: undefined })).toEqual([128, 12]);
    const layer_types = Array.from({ length: 48 }, (_, i) =>
      i < 40 ? 'full_attention' : 'sliding_attention',
    );
    const sliding = { ...QWEN3_MOE, use_sliding_window: true, sliding_window: 4096, layer_types };
    expect(window(sliding)).toEqual([4096, 8]);
    expect(() => window({ ...sliding, layer_types: undefined })).toThrow('layer_types: missing');
    expect(() => window({ ...sliding, layer_types: ['full_attention'] })).toThrow('48 entries, one a layer');
    expect(() => window({ ...GPT_OSS, layer_types: Array(24).fill('linear_attention') })).toThrow(
      'expected an array of full_attention or sliding_attention',
    );
  });

  test('layers without experts are counted, wherever they are', () => {
    const dense = (more: object, of: object = QWEN3_MOE) =>
      read({ ...of, ...more }).feedForwards.find(({ kind }) => kind === 'dense')?.layers;
    expect(dense({ mlp_only_layers: [0, 5] })).toBe(2);
    expect(dense({ decoder_sparse_step: 2 })).toBe(24);
    expect(dense({ decoder_sparse_step: 2, mlp_only_layers: [0, 1] })).toBe(25);
    expect(dense({ moe_layer_freq: 2 }, DEEPSEEK_V3)).toBe(3 + 29);
  });

  test('key-value heads, head size and tie default as in the configuration classes', () => {
    const { num_key_value_heads: _, tie_word_embeddings: __, ...bare } = LLAMA;
    const model = read(bare);
    expect(model.mixers).toMatchObject([{ kind: 'gqa', heads: 32, kvHeads: 32, headDim: 128 }]);
    expect(model.tiedEmbeddings).toBe(false);
    expect(read({ ...LLAMA, head_dim: null }).mixers).toMatchObject([{ headDim: 128 }]);
  });

  test('the language model of a multimodal file', () => {
    const nested = { model_type: 'mistral3', tie_word_embeddings: true, text_config: MISTRAL };
    expect(read(nested)).toMatchObject({ hidden: 4096, tiedEmbeddings: true });
  });
});

describe('a bad config.json', () => {
  const problem = (config: unknown) => {
    try {
      readHuggingFaceConfig(config, 'my/config.json');
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      return (error as Error).message;
    }
    throw new Error('expected an error');
  };

  test.each<[string, unknown, string]>([
    ['no object', [1], 'my/config.json: got [1], expected an object'],
    ['no family', { hidden_size: 1 }, 'my/config.json: model_type: missing, expected a text'],
    [
      'another family',
      { ...LLAMA, model_type: 'lama' },
      'my/config.json: unknown model_type "lama": nearest is llama (known: llama, mistral, mixtral, phi3,',
    ],
    [
      'a missing field',
      { ...LLAMA, num_hidden_layers: undefined },
      'my/config.json: num_hidden_layers: missing, expected a whole number, 1 or more',
    ],
    [
      'a text for a number',
      { ...LLAMA, hidden_size: '4096' },
      'my/config.json: hidden_size: got "4096", expected a whole number, 1 or more',
    ],
    [
      'zero',
      { ...LLAMA, vocab_size: 0 },
      'my/config.json: vocab_size: got 0, expected a whole number, 1 or more',
    ],
    ['a fraction', { ...LLAMA, intermediate_size: 1.5 }, 'got 1.5, expected a whole number, 1 or more'],
    ['no flag', { ...LLAMA, tie_word_embeddings: 'no' }, 'got "no", expected true or false'],
    [
      'heads that do not divide',
      { ...LLAMA, num_key_value_heads: 5 },
      'my/config.json: 32 query heads on 5 key-value heads, expected a whole number of queries for each',
    ],
    [
      'a head size that is no whole number',
      { ...LLAMA, hidden_size: 4100 },
      'my/config.json: head_dim: missing, expected a whole number, 1 or more',
    ],
    [
      'more experts per token than experts',
      { ...QWEN3_MOE, num_experts: 4 },
      'my/config.json: 8 experts per token, expected at most all 4',
    ],
    ['missing experts', { ...QWEN3_MOE, num_experts: undefined }, 'my/config.json: num_experts: missing'],
    ['missing latent sizes', { ...DEEPSEEK_V3, kv_lora_rank: null }, 'my/config.json: kv_lora_rank: missing'],
    [
      'a head of a kind that nothing is known of',
      { ...LLAMA, architectures: ['HydraModel'] },
      'my/config.json: architectures: got ["HydraModel"], expected a whole model, or a draft head of a kind',
    ],
  ])('%s', (_, config, message) => {
    expect(problem(config)).toContain(message);
  });
});

describe('parseModel', () => {
  const copy = (card: object) => JSON.parse(JSON.stringify(card));

  test('reads back every card and every head', () => {
    for (const name of [...modelNames(), ...headNames()]) {
      const card = draftCard(name);
      // Of a head without layers the card states the heads alone; the rest follows.
      const { kind, target, heads, hidden, vocab, source } = card as DraftHead;
      const stated = heads === undefined ? card : { kind, name, target, heads, hidden, vocab, source };
      expect(parseModel(copy(stated), 'x.json')).toEqual(card);
    }
  });

  test('reads a Hugging Face file, nested or not', () => {
    expect(parseModel(LLAMA, 'a/b/tiny.json')).toMatchObject({ kind: 'transformer', name: 'tiny' });
    expect(parseModel({ text_config: MISTRAL }, 'config.json')).toMatchObject({ name: 'config' });
  });

  test('a card without a name takes the name of its file', () => {
    const { name: _, ...rest } = modelCard('qwen3-8b');
    expect(parseModel(rest, 'cards/my-qwen.v2.json').name).toBe('my-qwen.v2');
    expect(parseModel(rest, 'cards\\other.json').name).toBe('other');
  });

  const shipped = (path: string) =>
    JSON.parse(readFileSync(new URL(`../../models/${path}.json`, import.meta.url), 'utf8'));
  const model = shipped('qwen3-30b-a3b');
  const head = shipped('heads/eagle3-llama-3.1-8b');
  const listed = copy(modelCard('qwen3-30b-a3b'));

  test.each<[string, unknown, string]>([
    [
      'null',
      null,
      'f.json: got null, expected a Hugging Face config.json (it has a model_type) or a model card (it has a kind)',
    ],
    ['something else', { layers: 3 }, 'f.json: got {"layers":3}, expected a Hugging Face'],
    [
      'another kind',
      { ...head, kind: 'hydra' },
      'f.json: kind: got "hydra", expected one of transformer, eagle, eagle3, p-eagle, mtp',
    ],
    [
      'an unknown field',
      { ...model, layer: 3 },
      'f.json: unknown key "layer": nearest is layers (known: kind, name, layers,',
    ],
    [
      'an unknown field inside',
      { ...model, experts: { ...model.experts, topK: 3 } },
      'f.json: experts: unknown key "topK"',
    ],
    ['a missing field', { ...model, hidden: undefined }, 'f.json: hidden: missing, expected'],
    ['missing widths', { ...model, ffn: undefined }, 'f.json: ffn: missing, expected number'],
    ['missing attention', { ...model, attention: undefined }, 'f.json: attention: missing, expected object'],
    ['two lists', { ...model, mixers: listed.mixers }, 'f.json: mixers: beside attention, expected one of'],
    [
      'a bad value inside',
      { ...head, fusion: { input: -1, firstPassOnly: true } },
      'f.json: fusion.input: got -1, expected at least 1',
    ],
    [
      'another attention',
      { ...model, attention: { ...model.attention, kind: 'linear' } },
      'f.json: attention.kind: got "linear", expected one of gqa, mla',
    ],
    [
      'a window in too many layers',
      { ...model, attention: { ...model.attention, slidingWindow: { tokens: 8, layers: 99 } } },
      'f.json: 99 layers with a sliding window, expected at most all 48',
    ],
    [
      'too many dense layers',
      { ...model, experts: { ...model.experts, denseLayers: 49 } },
      'f.json: 49 dense layers, expected at most all 48',
    ],
    ['no source', { ...head, source: '' }, 'f.json: source: got "", expected at least 1 characters'],
  ])('%s is refused', (_, json, message) => {
    let caught: unknown;
    try {
      parseModel(json, 'f.json');
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(UserError);
    expect((caught as Error).message).toContain(message);
  });
});
