/** Reads a model or draft head from a JSON file: a Hugging Face `config.json`, or a card in this program's own words. */
import * as z from 'zod';
import { shown, UserError, unknownName } from '../errors.ts';
import type { DraftHead, Transformer } from './architecture.ts';
import { checkCard } from './check.ts';
import { baseName, isRecord, readHuggingFaceConfig } from './huggingface.ts';

/** An object with exactly these fields. */
function exactly<S extends z.core.$ZodShape>(shape: S, what = 'an object') {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? unknownName('field', issue.keys[0]!, known).message
        : `expected ${what}`,
  });
}

function numberFrom(least: 0 | 1) {
  const error = `expected a whole number, ${least} or more`;
  return z.int({ error }).min(least, { error });
}

const positive = numberFrom(1);
const whole = numberFrom(0);
const flag = z.boolean({ error: 'expected true or false' });
const text = z.string({ error: 'expected a text' }).min(1, { error: 'expected a text' });

const attention = z.discriminatedUnion(
  'kind',
  [
    exactly({
      kind: z.literal('gqa'),
      heads: positive,
      kvHeads: positive,
      headDim: positive,
      slidingWindow: exactly({ tokens: positive, layers: positive }).exactOptional(),
    }),
    exactly({
      kind: z.literal('mla'),
      heads: positive,
      queryRank: whole,
      kvRank: positive,
      ropeDim: positive,
      nopeDim: positive,
      valueDim: positive,
    }),
  ],
  { error: 'expected "gqa" or "mla"' },
);

const experts = exactly(
  { count: positive, perToken: positive, ffn: positive, sharedFfn: whole, denseLayers: whole },
  'an object or null',
).nullable();

const layers = {
  name: text,
  layers: positive,
  hidden: positive,
  ffn: positive,
  attention,
  experts,
  source: text,
};

const transformer: z.ZodType<Transformer> = exactly({
  kind: z.literal('transformer'),
  ...layers,
  vocab: positive,
  tiedEmbeddings: flag,
  mtpLayers: whole,
});

const draftHead: z.ZodType<DraftHead> = exactly({
  kind: z.enum(['eagle', 'eagle3', 'mtp']),
  ...layers,
  target: text,
  attentionInput: positive,
  fusion: exactly({ input: positive, firstPassOnly: flag }),
  vocab: positive,
  sharesOutputMatrix: flag,
});

const CARDS: ReadonlyMap<unknown, z.ZodType<Transformer | DraftHead>> = new Map<
  string,
  z.ZodType<Transformer | DraftHead>
>([
  ['transformer', transformer],
  ['eagle', draftHead],
  ['eagle3', draftHead],
  ['mtp', draftHead],
]);

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
      `${where}: got neither a Hugging Face config.json (it has a model_type) nor a model card (it has a kind)`,
    );
  }
  if (!('kind' in json)) return readHuggingFaceConfig(json, where);
  const schema = CARDS.get(json.kind);
  if (!schema) {
    throw new UserError(
      `${where}: kind: expected one of ${[...CARDS.keys()].join(', ')}, got ${shown(json.kind)}`,
    );
  }
  const parsed = schema.safeParse({ name: baseName(where), ...json });
  if (!parsed.success) throw new UserError(`${where}: ${sentence(parsed.error.issues[0]!, json)}`);
  checkCard(parsed.data, where);
  return parsed.data;
}

function sentence(issue: z.core.$ZodIssue, json: unknown): string {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') return path === '' ? issue.message : `${path}: ${issue.message}`;
  const value = issue.path.reduce<unknown>((at, key) => (isRecord(at) ? at[String(key)] : undefined), json);
  return value === undefined
    ? `missing ${path} (${issue.message})`
    : `${path}: ${issue.message}, got ${shown(value)}`;
}
