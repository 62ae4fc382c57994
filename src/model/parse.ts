/** Reads a model or draft head from JSON: a Hugging Face `config.json`, or a card in this program's own words. */
import * as z from 'zod';
import { UserError } from '../errors.ts';
import { got, strictObject, validate } from '../validate.ts';
import type { DraftHead, Transformer } from './architecture.ts';
import { checkCard } from './check.ts';
import { baseName, isRecord, readHuggingFaceConfig } from './huggingface.ts';

const positive = z.int().min(1);
const whole = z.int().min(0);
const text = z.string().min(1);

const attention = z.discriminatedUnion(
  'kind',
  [
    strictObject({
      kind: z.literal('gqa'),
      heads: positive,
      kvHeads: positive,
      headDim: positive,
      slidingWindow: strictObject({ tokens: positive, layers: positive }).exactOptional(),
    }),
    strictObject({
      kind: z.literal('mla'),
      heads: positive,
      queryRank: whole,
      kvRank: positive,
      ropeDim: positive,
      nopeDim: positive,
      valueDim: positive,
    }),
  ],
  { error: otherKind('gqa, mla') },
);

const layers = {
  name: text,
  layers: positive,
  hidden: positive,
  ffn: positive,
  vocab: positive,
  attention,
  experts: strictObject({
    count: positive,
    perToken: positive,
    ffn: positive,
    sharedFfn: whole,
    denseLayers: whole,
  }).nullable(),
  source: text,
};

const card: z.ZodType<Transformer | DraftHead> = z.discriminatedUnion(
  'kind',
  [
    strictObject({
      kind: z.literal('transformer'),
      ...layers,
      tiedEmbeddings: z.boolean(),
      mtpLayers: whole,
      headsOf: text.exactOptional(),
    }),
    strictObject({
      kind: z.enum(['eagle', 'eagle3', 'mtp', 'dflash']),
      ...layers,
      target: text,
      attentionInput: positive,
      fusion: strictObject({ input: positive, firstPassOnly: z.boolean() }),
      sharesOutputMatrix: z.boolean(),
    }),
  ],
  { error: otherKind('transformer, eagle, eagle3, mtp, dflash') },
);

/**
 * A model or draft head from parsed JSON: a Hugging Face `config.json`, or an object with the fields of
 * `Transformer` or `DraftHead`, where `name` defaults to the name of the file.
 *
 * @param where the file's name, for error messages and the default name
 * @throws UserError for the first thing that is wrong
 */
export function parseModel(json: unknown, where: string): Transformer | DraftHead {
  if (!isRecord(json) || !('kind' in json || 'model_type' in json || 'text_config' in json)) {
    throw new UserError(
      `${where}: got ${got(json)}, expected a Hugging Face config.json (it has a model_type) or a model card (it has a kind)`,
    );
  }
  if (!('kind' in json)) return readHuggingFaceConfig(json, where);
  const parsed = validate(card, { name: baseName(where), ...json }, where);
  checkCard(parsed, where);
  return parsed;
}

/** What zod leaves unsaid when no member of a union has the `kind` it got. */
function otherKind(known: string): z.core.$ZodErrorMap {
  return ({ code, input }) =>
    code === 'invalid_union' && isRecord(input)
      ? `got ${got(input.kind)}, expected one of ${known}`
      : undefined;
}
