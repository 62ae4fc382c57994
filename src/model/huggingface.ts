/**
 * Reads the `config.json` that every model on Hugging Face carries, of a whole model or of a draft head. A family is a
 * way to read the layers that mix tokens and those that feed forward; of a multimodal model the text part counts.
 */
import { UserError, unknownName } from '../errors.ts';
import { got } from '../validate.ts';
import type { DraftHead, Stack, Transformer } from './architecture.ts';
import { checkCard } from './check.ts';
import * as forwards from './huggingface/feed-forwards.ts';
import { baseName, Fields, isRecord, type JsonObject } from './huggingface/fields.ts';
import { headKind, readHead } from './huggingface/heads.ts';
import * as mixers from './huggingface/mixers.ts';
import { readQuantization } from './huggingface/quantization.ts';

interface Family {
  readonly mixers: mixers.ReadMixers;
  readonly feedForwards: forwards.ReadFeedForwards;
  /** Where `num_hidden_layers` may be absent. */
  readonly layers?: (fields: Fields) => number;
}

const family = (of: mixers.ReadMixers, feedForwards: forwards.ReadFeedForwards): Family => ({
  mixers: of,
  feedForwards,
});

const full = mixers.groupedQuery(mixers.noWindow);
const windowed = mixers.groupedQuery(mixers.windowWhereSet);
const qwen = mixers.groupedQuery(mixers.windowIfUsed);
const { dense, localExperts, routedExperts, sparseStepExperts } = forwards;

/** By `model_type`; of the text part of a multimodal model, without `_text` behind it. */
const FAMILIES: ReadonlyMap<string, Family> = new Map([
  ['llama', family(full, dense)],
  ['mistral', family(windowed, dense)],
  ['mixtral', family(windowed, localExperts)],
  ['phi3', family(windowed, dense)],
  ['phimoe', family(windowed, localExperts)],
  ['qwen2', family(qwen, dense)],
  ['qwen2_vl', family(qwen, dense)],
  ['qwen2_5_vl', family(qwen, dense)],
  ['qwen2_moe', family(qwen, sparseStepExperts(true))],
  ['qwen3', family(qwen, dense)],
  ['qwen3_vl', family(full, dense)],
  ['qwen3_moe', family(qwen, sparseStepExperts(false))],
  ['qwen3_vl_moe', family(full, sparseStepExperts(false))],
  ['qwen3_next', family(mixers.gatedDelta, sparseStepExperts(true))],
  ['qwen3_5', family(mixers.gatedDelta, dense)],
  ['qwen3_5_moe', family(mixers.gatedDelta, sparseStepExperts(true))],
  ['gemma2', family(mixers.groupedQuery(mixers.windowInBetween(2)), dense)],
  ['gemma3', family(mixers.groupedQuery(mixers.windowInBetween(6)), dense)],
  ['gemma4', family(mixers.twoHeadSizes, forwards.besideDense)],
  ['llama4', family(mixers.chunked, forwards.interleavedExperts)],
  ['deepseek_v2', family(mixers.latentEverywhere, routedExperts)],
  ['deepseek_v3', family(mixers.latentEverywhere, routedExperts)],
  ['deepseek_v32', family(mixers.indexedLatent, routedExperts)],
  ['deepseek_v4', family(mixers.compressedLayers, routedExperts)],
  ['kimi_k2', family(mixers.latentEverywhere, routedExperts)],
  ['kimi_linear', family(mixers.kimiLinear, routedExperts)],
  ['glm4', family(full, dense)],
  ['glm4_moe', family(full, routedExperts)],
  ['glm_moe_dsa', family(mixers.indexedLatent, routedExperts)],
  ['gpt_oss', family(mixers.groupedQuery(mixers.alternatingWindow), localExperts)],
  ['minimax_m2', family(full, localExperts)],
  ['minimax_m3', family(mixers.blockSparse, routedExperts)],
  ['mimo', family(qwen, dense)],
  ['mimo_v2_flash', family(mixers.twoHeadCounts, routedExperts)],
  ['nemotron-nas', family(mixers.searchedMixers, forwards.searchedFeedForwards)],
  [
    'nemotron_h',
    {
      ...family(mixers.nemotronMixers, forwards.nemotronFeedForwards),
      layers: (fields) => mixers.nemotronLayers(fields).length,
    },
  ],
]);

/** What a family goes by where its `model_type` is another's or a repository's own. */
const BY_ARCHITECTURE: ReadonlyMap<string, string> = new Map([['DeepseekV4ForCausalLM', 'deepseek_v4']]);

/**
 * The model or draft head that a Hugging Face `config.json` describes, named after its file.
 *
 * @param where the file's name, for error messages
 * @param beside the `hf_quant_config.json` that lies beside it; null without
 * @throws UserError for an unsupported `model_type`, and for the first field that is missing or makes no sense
 */
export function readHuggingFaceConfig(
  json: unknown,
  where: string,
  beside: unknown = null,
): Transformer | DraftHead {
  if (!isRecord(json)) throw new UserError(`${where}: got ${got(json)}, expected an object`);
  const text = textPart(json);
  const fields = new Fields(text, where);
  const kind = headKind(text);
  const card = kind === null ? wholeModel(json, text, where, beside) : readHead(kind, fields, where);
  checkCard(card, where);
  return card;
}

function wholeModel(json: JsonObject, text: JsonObject, where: string, beside: unknown): Transformer {
  const fields = new Fields(text, where);
  const type = familyName(fields, where);
  const of = FAMILIES.get(type)!;
  const stack: Stack = {
    layers: (of.layers ?? mixers.layerCount)(fields),
    hidden: fields.positive('hidden_size'),
    mixers: of.mixers(fields),
    feedForwards: of.feedForwards(fields),
  };
  const quantization =
    readQuantization(json, stack) ?? (isRecord(beside) ? readQuantization(beside, stack) : undefined);
  return {
    ...stack,
    kind: 'transformer',
    name: baseName(where),
    vocab: fields.positive('vocab_size'),
    tiedEmbeddings: fields.flag('tie_word_embeddings', type.startsWith('gemma')),
    mtpLayers: mtpLayers(fields),
    ...(fields.has('max_position_embeddings') && { maxContext: fields.positive('max_position_embeddings') }),
    ...(quantization !== undefined && { quantization }),
    source: `Hugging Face config.json (model_type ${type})`,
  };
}

function familyName(fields: Fields, where: string): string {
  const known = fields.texts('architectures').flatMap((name) => BY_ARCHITECTURE.get(name) ?? [])[0];
  if (known !== undefined) return known;
  const type = fields.text('model_type').replace(/_text$/, '');
  if (FAMILIES.has(type)) return type;
  throw new UserError(`${where}: ${unknownName('model_type', type, [...FAMILIES.keys()]).message}`);
}

function mtpLayers(fields: Fields): number {
  const stated = fields.first('num_nextn_predict_layers', 'mtp_num_hidden_layers', 'num_mtp_modules');
  return fields.whole(stated, 0);
}

/** Multimodal files nest the language model, and may keep the tie, the type and the format outside. */
function textPart(json: JsonObject): JsonObject {
  const { text_config, llm_config } = json;
  const nested = isRecord(text_config) ? text_config : llm_config;
  if (!isRecord(nested)) return json;
  const { tie_word_embeddings, model_type, architectures } = json;
  return { tie_word_embeddings, model_type, architectures, ...nested };
}
