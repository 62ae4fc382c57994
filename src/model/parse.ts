/** Reads a model or draft head from JSON: a Hugging Face `config.json`, or a card in this program's own words. */
import * as z from 'zod/mini';
import { UserError } from '../errors.ts';
import { WEIGHT_FORMATS } from '../number-formats.ts';
import { got, strictObject, validate } from '../validate.ts';
import {
  type DraftHead,
  type FeedForward,
  HEAD_KINDS,
  LAYERED_HEADS,
  type Layers,
  type Mixer,
  type Transformer,
} from './architecture.ts';
import { checkCard } from './check.ts';
import { baseName, isRecord } from './huggingface/fields.ts';
import { readHuggingFaceConfig } from './huggingface.ts';
import { medusaHead } from './medusa-head.ts';

/** No width, depth or count of a model comes near it. */
const MOST = 1e9;
const positive = z.int().check(z.gte(1), z.lte(MOST));
const whole = z.int().check(z.gte(0), z.lte(MOST));
const text = z.string().check(z.minLength(1));
const only = z.exactOptional(z.literal(true));

const sparse = z.exactOptional(strictObject({ tokens: positive, heads: whole, dim: positive }));

const gqa = {
  kind: z.literal('gqa'),
  heads: positive,
  kvHeads: positive,
  headDim: positive,
  valueDim: z.exactOptional(positive),
  gated: only,
  keysAsValues: only,
  sparse,
};

const mla = {
  kind: z.literal('mla'),
  heads: positive,
  queryRank: whole,
  kvRank: positive,
  ropeDim: positive,
  nopeDim: positive,
  valueDim: positive,
  gated: only,
  sparse,
};

/** The one kind of attention that all layers have, some of them with a window. */
const attention = z.discriminatedUnion(
  'kind',
  [
    strictObject({
      ...gqa,
      slidingWindow: z.exactOptional(strictObject({ tokens: positive, layers: positive })),
    }),
    strictObject(mla),
  ],
  { error: otherKind('gqa, mla') },
);

const mixer: z.ZodMiniType<Layers<Mixer>> = z.discriminatedUnion(
  'kind',
  [
    strictObject({ layers: positive, ...gqa, window: z.exactOptional(positive) }),
    strictObject({ layers: positive, ...mla }),
    strictObject({
      layers: positive,
      kind: z.literal('compressed'),
      heads: positive,
      headDim: positive,
      queryRank: positive,
      outputRank: positive,
      outputGroups: positive,
      window: positive,
      ratio: whole,
      sparse,
    }),
    strictObject({
      layers: positive,
      kind: z.literal('linear'),
      keyHeads: positive,
      valueHeads: positive,
      keyDim: positive,
      valueDim: positive,
      convolution: positive,
      gateRank: z.exactOptional(positive),
    }),
    strictObject({
      layers: positive,
      kind: z.literal('mamba2'),
      heads: positive,
      headDim: positive,
      stateDim: positive,
      groups: positive,
      convolution: positive,
      stateBytes: positive,
    }),
  ],
  { error: otherKind('gqa, mla, compressed, linear, mamba2') },
);

const routed = {
  count: positive,
  perToken: positive,
  ffn: positive,
  sharedFfn: whole,
  latent: z.exactOptional(positive),
  share: z.exactOptional(z.number().check(z.gte(0), z.lte(1))),
  skew: z.exactOptional(z.number().check(z.gte(0), z.lte(3))),
};

const feedForward: z.ZodMiniType<Layers<FeedForward>> = z.discriminatedUnion(
  'kind',
  [
    strictObject({ layers: positive, kind: z.literal('dense'), ffn: positive, gated: z.boolean() }),
    strictObject({ layers: positive, kind: z.literal('experts'), gated: z.boolean(), ...routed }),
  ],
  { error: otherKind('dense, experts') },
);

/** Layers in a list by kind, or, where all are alike, the one attention and feed-forward block that they have. */
const stack = {
  name: text,
  layers: positive,
  hidden: positive,
  attention: z.exactOptional(attention),
  mixers: z.exactOptional(z.array(mixer).check(z.minLength(1))),
  ffn: z.exactOptional(positive),
  experts: z.exactOptional(z.nullable(strictObject({ ...routed, denseLayers: whole }))),
  feedForwards: z.exactOptional(z.array(feedForward).check(z.minLength(1))),
  vocab: positive,
  source: text,
};

const format = z.exactOptional(z.enum(WEIGHT_FORMATS as [(typeof WEIGHT_FORMATS)[number]]));

const transformer = strictObject({
  kind: z.literal('transformer'),
  ...stack,
  tiedEmbeddings: z.boolean(),
  mtpLayers: whole,
  maxContext: z.exactOptional(positive),
  quantization: z.exactOptional(
    strictObject({
      attention: format,
      linear: format,
      dense: format,
      shared: format,
      experts: format,
      outputMatrix: format,
      kv: z.exactOptional(z.literal('fp8')),
    }),
  ),
  headsOf: z.exactOptional(text),
  diffusion: z.exactOptional(strictObject({ block: positive })),
});

const head = strictObject({
  kind: z.enum(LAYERED_HEADS),
  ...stack,
  target: text,
  attentionInput: positive,
  fusion: strictObject({ input: positive, firstPassOnly: z.boolean() }),
  sharesOutputMatrix: z.boolean(),
  modules: z.exactOptional(positive),
  sequential: z.exactOptional(z.array(strictObject({ n: positive, k: positive }))),
});

/** Heads without layers: docs/adding-a-model.md. */
const medusa = strictObject({
  kind: z.literal('medusa'),
  name: text,
  target: text,
  heads: positive,
  hidden: positive,
  vocab: positive,
  source: text,
});

const card = z.discriminatedUnion('kind', [transformer, head, medusa], {
  error: otherKind(['transformer', ...HEAD_KINDS].join(', ')),
});

type Card = z.infer<typeof transformer> | z.infer<typeof head>;

/**
 * A model or draft head from parsed JSON: a Hugging Face `config.json`, or an object with the fields of a card
 * (docs/adding-a-model.md), where `name` defaults to the name of the file.
 *
 * @param where the file's name, for error messages and the default name
 * @param beside the `hf_quant_config.json` that lies beside a config.json; null without
 * @throws UserError for the first thing that is wrong
 */
export function parseModel(json: unknown, where: string, beside: unknown = null): Transformer | DraftHead {
  if (!isRecord(json)) throw neither(json, where);
  if (!('kind' in json)) {
    if (['model_type', 'text_config', 'architectures', 'medusa_num_heads'].some((key) => key in json)) {
      return readHuggingFaceConfig(json, where, beside);
    }
    throw neither(json, where);
  }
  const valid = validate(card, { name: baseName(where), ...json }, where);
  if (valid.kind === 'medusa') return medusaHead(valid);
  const { attention, mixers, ffn, experts, feedForwards, ...rest } = valid;
  const parsed = {
    ...rest,
    mixers: mixers ?? mixersOf(rest.layers, attention, where),
    feedForwards: feedForwards ?? feedForwardsOf(rest.layers, ffn, experts, where),
  } as Transformer | DraftHead;
  if (mixers !== undefined && attention !== undefined) throw both('mixers', 'attention', where);
  if (feedForwards !== undefined && ffn !== undefined) throw both('feedForwards', 'ffn', where);
  checkCard(parsed, where);
  return parsed;
}

function mixersOf(layers: number, given: Card['attention'], where: string): Layers<Mixer>[] {
  if (given === undefined) {
    throw new UserError(`${where}: attention: missing, expected the attention of all layers, or mixers`);
  }
  if (given.kind === 'mla') return [{ ...given, layers }];
  const { slidingWindow, ...attention } = given;
  const windowed = slidingWindow?.layers ?? 0;
  if (windowed > layers) {
    throw new UserError(`${where}: ${windowed} layers with a sliding window, expected at most all ${layers}`);
  }
  return [
    ...(windowed < layers ? [{ ...attention, layers: layers - windowed }] : []),
    ...(windowed > 0 ? [{ ...attention, window: slidingWindow!.tokens, layers: windowed }] : []),
  ];
}

function feedForwardsOf(
  layers: number,
  ffn: number | undefined,
  experts: Card['experts'],
  where: string,
): Layers<FeedForward>[] {
  if (ffn === undefined) {
    throw new UserError(`${where}: ffn: missing, expected the width of dense blocks, or feedForwards`);
  }
  const { denseLayers, ...routed } = experts ?? { denseLayers: layers };
  if (denseLayers > layers) {
    throw new UserError(`${where}: ${denseLayers} dense layers, expected at most all ${layers}`);
  }
  return [
    ...(denseLayers > 0 ? [{ kind: 'dense' as const, ffn, gated: true, layers: denseLayers }] : []),
    ...(denseLayers < layers
      ? [
          {
            kind: 'experts' as const,
            gated: true,
            ...(routed as Omit<NonNullable<Card['experts']>, 'denseLayers'>),
            layers: layers - denseLayers,
          },
        ]
      : []),
  ];
}

function both(one: string, other: string, where: string): UserError {
  return new UserError(`${where}: ${one}: beside ${other}, expected one of them`);
}

function neither(json: unknown, where: string): UserError {
  return new UserError(
    `${where}: got ${got(json)}, expected a Hugging Face config.json (it has a model_type) or a model card (it has a kind)`,
  );
}

/** What zod leaves unsaid when no member of a union has the `kind` it got. */
function otherKind(known: string): z.core.$ZodErrorMap {
  return ({ code, input }) =>
    code === 'invalid_union' && isRecord(input)
      ? `got ${got(input.kind)}, expected one of ${known}`
      : undefined;
}
