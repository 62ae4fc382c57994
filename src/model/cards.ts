/**
 * The models and draft heads that have a name. Shapes are those of the published configurations; every card says
 * which. Sources abbreviate two repositories: `aiconfigurator` is ai-dynamo/aiconfigurator@095f58a, folder
 * aic-core/src/aiconfigurator_core/model_configs; `SpecForge` is sgl-project/SpecForge@a6b6b02, folder configs.
 */
import { UserError, unknownName } from '../errors.ts';
import type { DraftHead, Experts, GroupedQueryAttention, Transformer } from './architecture.ts';

const LLAMA3_VOCAB = 128256;
const QWEN_VOCAB = 151936;
const GPT_OSS_VOCAB = 201088;
const EAGLE3_VOCAB = 32000;

function gqa(heads: number, kvHeads: number, headDim: number): GroupedQueryAttention {
  return { kind: 'gqa', heads, kvHeads, headDim };
}

function routed(count: number, perToken: number, ffn: number, rest: Partial<Experts> = {}): Experts {
  return { count, perToken, ffn, sharedFfn: 0, denseLayers: 0, ...rest };
}

type Shape = Pick<Transformer, 'layers' | 'hidden' | 'ffn' | 'vocab' | 'attention'>;

function card(name: string, shape: Shape, source: string, rest: Partial<Transformer> = {}): Transformer {
  return {
    kind: 'transformer',
    name,
    ...shape,
    tiedEmbeddings: false,
    experts: null,
    mtpLayers: 0,
    ...rest,
    source,
  };
}

const MODELS: ReadonlyMap<string, Transformer> = byName([
  card(
    'llama-3.1-8b',
    { layers: 32, hidden: 4096, ffn: 14336, vocab: LLAMA3_VOCAB, attention: gqa(32, 8, 128) },
    'aiconfigurator meta-llama--Meta-Llama-3.1-8B_config.json',
  ),
  card(
    'llama-3.1-70b',
    { layers: 80, hidden: 8192, ffn: 28672, vocab: LLAMA3_VOCAB, attention: gqa(64, 8, 128) },
    'aiconfigurator meta-llama--Meta-Llama-3.1-70B_config.json',
  ),
  card(
    'llama-3.1-405b',
    { layers: 126, hidden: 16384, ffn: 53248, vocab: LLAMA3_VOCAB, attention: gqa(128, 8, 128) },
    'aiconfigurator meta-llama--Meta-Llama-3.1-405B_config.json',
  ),
  card(
    'llama-3-70b',
    { layers: 80, hidden: 8192, ffn: 28672, vocab: LLAMA3_VOCAB, attention: gqa(64, 8, 128) },
    'aiconfigurator meta-llama--Meta-Llama-3.1-70B_config.json (Llama-3-70B has the same shapes)',
  ),
  card(
    'llama-3.2-1b',
    { layers: 16, hidden: 2048, ffn: 8192, vocab: LLAMA3_VOCAB, attention: gqa(32, 8, 64) },
    'huggingface.co/Emm9625/Llama-3.2-1B-chatml config.json (a copy of unsloth/Llama-3.2-1B)',
    { tiedEmbeddings: true },
  ),
  card(
    'qwen3-0.6b',
    { layers: 28, hidden: 1024, ffn: 3072, vocab: QWEN_VOCAB, attention: gqa(16, 8, 128) },
    'aiconfigurator Qwen--Qwen3-0.6B_config.json',
    { tiedEmbeddings: true },
  ),
  card(
    'qwen3-1.7b',
    { layers: 28, hidden: 2048, ffn: 6144, vocab: QWEN_VOCAB, attention: gqa(16, 8, 128) },
    'aiconfigurator Qwen--Qwen3-1.7B_config.json',
    { tiedEmbeddings: true },
  ),
  card(
    'qwen3-4b',
    { layers: 36, hidden: 2560, ffn: 9728, vocab: QWEN_VOCAB, attention: gqa(32, 8, 128) },
    'SpecForge qwen3-4b-dflash.json (its head has the shapes of the target; num_target_layers 36)',
    { tiedEmbeddings: true },
  ),
  card(
    'qwen3-8b',
    { layers: 36, hidden: 4096, ffn: 12288, vocab: QWEN_VOCAB, attention: gqa(32, 8, 128) },
    'aiconfigurator Qwen--Qwen3-8B_config.json',
  ),
  card(
    'qwen3-32b',
    { layers: 64, hidden: 5120, ffn: 25600, vocab: QWEN_VOCAB, attention: gqa(64, 8, 128) },
    'aiconfigurator Qwen--Qwen3-32B_config.json',
  ),
  card(
    'qwen3-30b-a3b',
    { layers: 48, hidden: 2048, ffn: 6144, vocab: QWEN_VOCAB, attention: gqa(32, 4, 128) },
    'aiconfigurator Qwen--Qwen3-30B-A3B_config.json',
    { experts: routed(128, 8, 768) },
  ),
  card(
    'qwen3-235b-a22b',
    { layers: 94, hidden: 4096, ffn: 12288, vocab: QWEN_VOCAB, attention: gqa(64, 4, 128) },
    'aiconfigurator Qwen--Qwen3-235B-A22B_config.json',
    { experts: routed(128, 8, 1536) },
  ),
  card(
    'qwen2-57b-a14b',
    { layers: 28, hidden: 3584, ffn: 18944, vocab: QWEN_VOCAB, attention: gqa(28, 4, 128) },
    'huggingface.co/zhoukz/qwen2-57b-a14b-4bit and nm-testing/Qwen2-57B-A14B-Instruct-FP8-KV config.json',
    { experts: routed(64, 8, 2560, { sharedFfn: 20480 }) },
  ),
  card(
    'mixtral-8x7b',
    { layers: 32, hidden: 4096, ffn: 14336, vocab: 32000, attention: gqa(32, 8, 128) },
    'aiconfigurator mistralai--Mixtral-8x7B-v0.1_config.json',
    { experts: routed(8, 2, 14336) },
  ),
  card(
    'gpt-oss-20b',
    {
      layers: 24,
      hidden: 2880,
      ffn: 2880,
      vocab: GPT_OSS_VOCAB,
      attention: { ...gqa(64, 8, 64), slidingWindow: { tokens: 128, layers: 12 } },
    },
    'aiconfigurator openai--gpt-oss-20b_config.json',
    { experts: routed(32, 4, 2880) },
  ),
  card(
    'gpt-oss-120b',
    {
      layers: 36,
      hidden: 2880,
      ffn: 2880,
      vocab: GPT_OSS_VOCAB,
      attention: { ...gqa(64, 8, 64), slidingWindow: { tokens: 128, layers: 18 } },
    },
    'aiconfigurator openai--gpt-oss-120b_config.json',
    { experts: routed(128, 4, 2880) },
  ),
  card(
    'glm-4.5-air',
    { layers: 46, hidden: 4096, ffn: 10944, vocab: 151552, attention: gqa(96, 8, 128) },
    'huggingface.co/PrimeIntellect/INTELLECT-3-Base config.json (a fine-tune of GLM-4.5-Air-Base); MTP layer: docs.nvidia.com/nemo/megatron-bridge glm45',
    { experts: routed(128, 8, 1408, { sharedFfn: 1408, denseLayers: 1 }), mtpLayers: 1 },
  ),
  card(
    'deepseek-v3',
    {
      layers: 61,
      hidden: 7168,
      ffn: 18432,
      vocab: 129280,
      attention: {
        kind: 'mla',
        heads: 128,
        queryRank: 1536,
        kvRank: 512,
        ropeDim: 64,
        nopeDim: 128,
        valueDim: 128,
      },
    },
    'aiconfigurator deepseek-ai--DeepSeek-V3_config.json',
    { experts: routed(256, 8, 2048, { sharedFfn: 2048, denseLayers: 3 }), mtpLayers: 1 },
  ),
]);

/** EAGLE and EAGLE-2: one dense layer of the target's shape; embedding and hidden state fused in every pass. */
function eagle(target: string): DraftHead {
  const { hidden, ffn, vocab, attention } = modelCard(target);
  return {
    kind: 'eagle',
    name: `eagle-${target}`,
    target,
    layers: 1,
    hidden,
    ffn,
    vocab,
    attention,
    experts: null,
    attentionInput: hidden,
    fusion: { input: 2 * hidden, firstPassOnly: false },
    sharesOutputMatrix: true,
    source:
      "SafeAILab/EAGLE@cb7e084 eagle/model/cnets1.py line 524 (ffn assumed to be the target's dense ffn; target lm_head reused)",
  };
}

/** EAGLE-3: three hidden states of the target fused once a round, then one dense layer that reads embedding and state. */
function eagle3(target: string, config: string, ffn: number, attention: GroupedQueryAttention): DraftHead {
  const { hidden } = modelCard(target);
  return {
    kind: 'eagle3',
    name: `eagle3-${target}`,
    target,
    layers: 1,
    hidden,
    ffn,
    attention,
    experts: null,
    attentionInput: 2 * hidden,
    fusion: { input: 3 * hidden, firstPassOnly: true },
    vocab: EAGLE3_VOCAB,
    sharesOutputMatrix: false,
    source: `SpecForge ${config} and specforge/modeling/draft/llama3_eagle.py`,
  };
}

/**
 * The multi-token-prediction head of a model that was trained with one: a layer of the target's own shape (the
 * mixture of experts where there is one), behind a matrix that fuses embedding and hidden state in every pass.
 *
 * @throws UserError when `target` was trained without one
 */
export function mtpHead(target: Transformer): DraftHead {
  const { name, hidden, ffn, vocab, attention, experts } = target;
  if (target.mtpLayers === 0) {
    throw new UserError(`model ${name} has no multi-token-prediction layer, expected mtpLayers of 1 or more`);
  }
  return {
    kind: 'mtp',
    name: `mtp-${name}`,
    target: name,
    layers: 1,
    hidden,
    ffn,
    vocab,
    attention,
    experts: experts && { ...experts, denseLayers: 0 },
    attentionInput: hidden,
    fusion: { input: 2 * hidden, firstPassOnly: false },
    sharesOutputMatrix: true,
    source: `the target's config (num_nextn_predict_layers ${target.mtpLayers}); eh_proj as in vllm-project/vllm deepseek_mtp.py`,
  };
}

/** DFlash: dense layers of the target's shape; hidden states of five of its layers are fused. */
function dflash(target: string, config: string): DraftHead {
  const { hidden, ffn, vocab, attention } = modelCard(target);
  return {
    kind: 'dflash',
    name: `dflash-${target}`,
    target,
    layers: 5,
    hidden,
    ffn,
    vocab,
    attention,
    experts: null,
    attentionInput: hidden,
    fusion: { input: 5 * hidden, firstPassOnly: true },
    sharesOutputMatrix: true,
    source: `SpecForge ${config} (block_size 16, target_layer_ids 1, 9, 17, 25, 33) and specforge/modeling/draft/dflash.py`,
  };
}

const HEADS: ReadonlyMap<string, DraftHead> = byName([
  eagle3('llama-3.1-8b', 'llama3-8B-eagle3.json', 14336, gqa(32, 8, 128)),
  eagle3('llama-3.1-70b', 'llama3-70B-ealge3.json', 28672, gqa(64, 8, 128)),
  eagle3('qwen3-8b', 'qwen3-8b-eagle3.json', 12288, gqa(32, 8, 128)),
  eagle3('qwen3-32b', 'qwen3-32b-eagle3.json', 25600, gqa(64, 8, 128)),
  eagle3('qwen3-30b-a3b', 'qwen3-30B-A3B-eagle3.json', 12288, gqa(32, 4, 128)),
  eagle3('qwen3-235b-a22b', 'qwen3-235B-A22B-eagle3.json', 24576, gqa(64, 4, 128)),
  eagle3('gpt-oss-20b', 'gpt-oss-20B-eagle3.json', 17280, gqa(64, 8, 64)),
  eagle3('gpt-oss-120b', 'gpt-oss-120B-eagle3.json', 17280, gqa(64, 8, 64)),
  eagle3('deepseek-v3', 'deepseek-v3-671b-eagle3.json', 40960, gqa(56, 8, 128)),
  eagle('llama-3.1-8b'),
  eagle('llama-3.1-70b'),
  eagle('qwen3-8b'),
  eagle('mixtral-8x7b'),
  eagle('qwen2-57b-a14b'),
  mtpHead(modelCard('deepseek-v3')),
  mtpHead(modelCard('glm-4.5-air')),
  dflash('qwen3-4b', 'qwen3-4b-dflash.json'),
  dflash('qwen3-8b', 'qwen3-8b-dflash.json'),
]);

/** Models whose heads are listed under a model of the same shapes. */
const HEADS_OF: ReadonlyMap<string, string> = new Map([['llama-3-70b', 'llama-3.1-70b']]);

function byName<T extends { readonly name: string }>(cards: readonly T[]): ReadonlyMap<string, T> {
  return new Map(cards.map((one) => [one.name, one]));
}

/** The names `modelCard` knows. */
export function modelNames(): readonly string[] {
  return [...MODELS.keys()].sort();
}

/** The names of the draft heads that `draftCard` knows. */
export function headNames(): readonly string[] {
  return [...HEADS.keys()].sort();
}

/** The model called `name`. Throws a UserError that names the nearest one when there is none. */
export function modelCard(name: string): Transformer {
  const found = MODELS.get(name);
  if (!found) throw unknownName('model', name, modelNames());
  return found;
}

/** The draft head of that kind trained for the model called `target`; null when there is none. */
export function headFor(target: string, kind: DraftHead['kind']): DraftHead | null {
  return HEADS.get(`${kind}-${HEADS_OF.get(target) ?? target}`) ?? null;
}

/** The draft head, or the whole small model, called `name`. Throws a UserError when there is none. */
export function draftCard(name: string): DraftHead | Transformer {
  const found = HEADS.get(name) ?? MODELS.get(name);
  if (!found) throw unknownName('draft model', name, [...headNames(), ...modelNames()]);
  return found;
}
