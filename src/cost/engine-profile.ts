/**
 * What a serving engine adds to the hardware's time (host work, launches, sampling) and how it behaves: what it captures
 * in graphs, what it overlaps, its limits, how it uses memory. Its times were measured on some device; where, stands in
 * the profile's file. A behaviour that a file leaves out is that of vLLM 0.10.
 */
import * as z from 'zod/mini';
import { parseQuantity, type Quantity, quantitySchema } from '../units.ts';
import { strictObject, validate } from '../validate.ts';
import { DEFAULT_FAMILY } from './kernels.ts';

export interface EngineProfile {
  readonly name: string;
  readonly label: string;
  /** The engine whose kernels it runs, as profiles of GPUs call it. */
  readonly kernels: string;
  /** The GPU its times were measured on; null for an engine that is not real. */
  readonly device: string | null;
  /** Least and greatest of what the measurements behind its times covered; null for an engine that is not real. */
  readonly range: CalibrationRange | null;
  /** Relative standard error of each time, by its path in the file. */
  readonly standardErrors: Readonly<Record<string, number>>;
  /** How the errors of two times go together, -1 to 1, by their paths; each pair once, others are 0. */
  readonly correlations: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Seconds that a fit holds a time near, by its path in the file; others are held near what they are. */
  readonly fittedFrom: Readonly<Record<string, number>>;
  /** Launch gaps, norms and other small kernels of one layer, beside its roofline time. */
  readonly layerLaunchS: number;
  /** Time beside its roofline of a product beyond the four of a dense layer: of latent and linear attention, shared experts. */
  readonly productLaunchS: number;
  /** Host work to launch one layer: no pass is shorter than its layers' launches, however small the model. */
  readonly layerHostS: number;
  /** Whether one graph holds a whole step that only decodes, which then has no host work a layer. */
  readonly fullGraphs: boolean;
  /** Host work around one sequential draft pass: metadata, launch, argmax. Once a round where one graph holds them all. */
  readonly draftPassLaunchS: number;
  /** Whether one graph holds all draft passes of a round. */
  readonly draftsInOneGraph: boolean;
  /** Host work of a round for each sequence that a draft model drafts for: loops over requests. */
  readonly draftSequenceS: number;
  /** Host work of a step: scheduling, input preparation, output handling. */
  readonly stepOverhead: FixedAndEach;
  /** Further host work of a step that verifies drafts, and for each drafted token: metadata, masks, token lists. */
  readonly speculationOverhead: FixedAndEach;
  /** Further work of a step that verifies trees that may branch, and for each drafted token: masks, moving the KV cache of what is kept together. */
  readonly treeOverhead: FixedAndEach;
  /** Whether graphs hold steps whose sequences verify different numbers of drafts. */
  readonly raggedGraphs: boolean;
  /** Further host work of such a step, and for each of its sequences: lists of tokens that differ in length. */
  readonly raggedOverhead: FixedAndEach;
  /** What a step takes longer whose draft length is another than that of the step before. */
  readonly lengthSwitchS: number;
  /** GPU memory of the graphs that are captured for each further draft length, of a schedule or policy. */
  readonly lengthGraphsBytes: number;
  /** How the length of a step may follow a schedule or policy: least tokens, steps from one change to the next, most tokens a change. */
  readonly lengthFloor: number;
  readonly lengthCooldown: number;
  readonly lengthWalk: number;
  /** Passes of a draft model in a step that drafts nothing, for its KV cache; without, it reads what it missed when it next drafts. */
  readonly offPasses: number;
  /** Prompt look-up on the host, for a step with any search and for each sequence searched. */
  readonly search: FixedAndEach;
  /** Host work to change drafters, for a step in which any sequence does and for each that does. */
  readonly drafterSwitch: FixedAndEach;
  /** Sampling of one step and for each row of logits: without drafts, and with rejection of drafts. */
  readonly plainSampling: FixedAndEach;
  readonly rejectionSampling: FixedAndEach;
  /** Whether the host prepares a step while the GPU runs the one before: a step without drafts, and one that verifies some. */
  readonly asyncScheduling: boolean;
  readonly asyncSpeculation: boolean;
  /** Batches are padded up to these sizes, ascending; larger ones run as they are. */
  readonly graphSizes: readonly number[];
  /** What those sizes count. */
  readonly graphSizesBy: 'tokens' | 'sequences';
  /** All-reduces of so many bytes or more take another path, which is that much slower a call. */
  readonly allReduceSwitch: { readonly fromBytes: number; readonly extraS: number };
  /** Most tokens of one pass: those of prompts, and of each sequence that decodes one and its drafts. */
  readonly maxBatchedTokens: number;
  /** Most sequences that run at once. */
  readonly maxSequences: number;
  /** Share of GPU memory for weights and KV cache together. */
  readonly memoryShare: number;
  /** Tokens per block of KV cache. */
  readonly blockTokens: number;
  /** Blocks of KV cache, given outright; null where they follow from the memory left. */
  readonly kvBlocks: number | null;
  /** Most tokens of prompt and output of a sequence; null where the engine sets no limit. */
  readonly maxModelTokens: number | null;
}

/** What a calibration covers, least and greatest. */
export interface CalibrationRange {
  readonly batch: readonly [number, number];
  /** Tokens of prompt and output of a sequence. */
  readonly context: readonly [number, number];
  /** Tokens drafted a round. */
  readonly drafted: readonly [number, number];
  /** GPUs of a tensor-parallel group. */
  readonly tp: readonly [number, number];
  /** Formats of weights as `--dtype` says them; `auto` where a checkpoint keeps several. */
  readonly dtypes: readonly string[];
}

/** Seconds a step takes in any case, and for each of something. */
export interface FixedAndEach {
  readonly fixedS: number;
  readonly eachS: number;
}

type FixedAndEachKey = {
  [Key in keyof EngineProfile]: EngineProfile[Key] extends FixedAndEach ? Key : never;
}[keyof EngineProfile];

/** Fixed time of a product alone: kernel tables of bf16 give 3 to 5 us (docs/physics.md). */
const PRODUCT_S = 4e-6;

const text = z.string().check(z.minLength(1));
const count = z.int().check(z.positive(), z.lte(1e9));
const bounds = z.tuple([z.number().check(z.nonnegative()), z.number().check(z.nonnegative())]);
const seconds = z.optional(quantitySchema('s'));
const fixedAndEach = z.optional(strictObject({ fixed: seconds, each: seconds }));

export const engineSchema = strictObject({
  $schema: z.optional(z.string()),
  name: text,
  label: text,
  calibration: z
    .optional(
      strictObject({
        engine: text,
        device: text,
        date: text,
        sources: z.array(text).check(z.minLength(1)),
        range: strictObject({
          batch: bounds,
          context: bounds,
          drafted: bounds,
          tp: bounds,
          dtypes: z.array(text),
        }),
        error: text,
        standardErrors: z
          .record(z.string(), z.number().check(z.nonnegative(), z.lte(10)))
          .check(z.describe('relative standard error of each time, by its path in this file; 0.1 is 10 %')),
        correlations: z
          .optional(z.record(z.string(), z.record(z.string(), z.number().check(z.gte(-1), z.lte(1)))))
          .check(
            z.describe('how the errors of two times go together, by their paths in this file; 0 unless said'),
          ),
        fittedFrom: z
          .optional(z.record(z.string(), z.number().check(z.positive(), z.lte(10))))
          .check(
            z.describe(
              'seconds that a fit holds each time near, by its path in this file: what was known before',
            ),
          ),
      }),
    )
    .check(z.describe('where the times come from; absent for an engine that is not real')),
  notes: z.optional(z.array(text)),
  kernels: z
    .optional(text)
    .check(z.describe('the engine whose kernels it runs, such as sglang; vllm unless said')),
  layerLaunch: seconds.check(z.describe('a time left out is zero')),
  productLaunch: seconds.check(
    z.describe(
      'of each product beyond the four of a dense layer (latent and linear attention, shared experts), with the small kernels around it; 4 us unless said, as kernel tables have it',
    ),
  ),
  layerHost: seconds,
  fullGraphs: z
    .optional(z.boolean())
    .check(
      z.describe(
        'true: one graph holds a whole step that only decodes, up to the largest size; false unless said',
      ),
    ),
  draftPassLaunch: seconds,
  draftsInOneGraph: z
    .optional(z.boolean())
    .check(z.describe('true: one graph holds all draft passes of a round, launched once; false unless said')),
  draftSequence: seconds.check(
    z.describe('host work of a round for each sequence that a draft model drafts for'),
  ),
  stepOverhead: fixedAndEach.check(z.describe('each: per sequence')),
  speculationOverhead: fixedAndEach.check(z.describe('each: per drafted token')),
  treeOverhead: fixedAndEach.check(
    z.describe('of a step that verifies trees that may branch; each: per drafted token'),
  ),
  raggedGraphs: z
    .optional(z.boolean())
    .check(
      z.describe(
        'true: graphs hold steps whose sequences verify different numbers of drafts; false unless said',
      ),
    ),
  raggedOverhead: fixedAndEach.check(z.describe('of such a step; each: per sequence')),
  lengthSwitch: seconds.check(
    z.describe('of a step whose draft length is another than that of the step before: of tables and goodput'),
  ),
  lengthGraphs: z
    .optional(quantitySchema('B'))
    .check(z.describe('GPU memory of the graphs of each further draft length that may be drafted')),
  lengthFloor: z
    .optional(z.int().check(z.nonnegative(), z.lte(254)))
    .check(z.describe('least tokens that a step drafts under a schedule or policy; 0 unless said')),
  lengthCooldown: z
    .optional(z.int().check(z.nonnegative(), z.lte(1e9)))
    .check(z.describe('steps from one change of the draft length to the next, at least; 0 unless said')),
  lengthWalk: z
    .optional(count)
    .check(z.describe('tokens by which one change of the draft length differs, at most; any unless said')),
  offPasses: z
    .optional(z.int().check(z.nonnegative(), z.lte(1)))
    .check(
      z.describe(
        'passes of a draft model in a step that drafts nothing, for its KV cache: 1, or 0, where it reads what it missed when it next drafts',
      ),
    ),
  search: fixedAndEach.check(z.describe('each: per sequence searched')),
  drafterSwitch: fixedAndEach.check(
    z.describe(
      'of methods that draft in more than one way; each: per sequence whose drafter is another than before',
    ),
  ),
  plainSampling: fixedAndEach.check(z.describe('each: per row of logits')),
  rejectionSampling: fixedAndEach.check(z.describe('each: per row of logits')),
  asyncScheduling: z
    .optional(z.boolean())
    .check(z.describe('true: the host prepares a step while the GPU runs the one before; false unless said')),
  asyncSpeculation: z
    .optional(z.boolean())
    .check(z.describe('the same of steps that verify drafts; as asyncScheduling unless said')),
  graphSizes: z.array(count).check(
    z.refine((sizes) => sizes.every((size, i) => i === 0 || size > sizes[i - 1]!), {
      error: 'expected token counts in ascending order',
    }),
  ),
  graphSizesBy: z
    .optional(z.enum(['tokens', 'sequences']))
    .check(z.describe('what graphSizes count; tokens unless said')),
  allReduceSwitch: z
    .optional(strictObject({ from: quantitySchema('B'), extra: quantitySchema('s') }))
    .check(
      z.describe(
        'all-reduces of `from` bytes or more leave the custom kernel and take `extra` longer a call',
      ),
    ),
  maxBatchedTokens: count,
  maxSequences: count,
  memoryShare: z.number().check(z.gt(0), z.lte(1)),
  blockTokens: count,
  kvBlocks: z
    .optional(count)
    .check(z.describe('blocks of KV cache; left out, as many as memory has room for')),
  maxModelTokens: z
    .optional(count)
    .check(
      z.describe('most tokens of prompt and output of a sequence (max_model_len); left out, any number'),
    ),
});

/**
 * Reads an engine profile.
 *
 * @param where what to call it in an error
 * @throws UserError for a key, value, unit or dimension that does not fit
 */
export async function parseEngine(json: unknown, where: string): Promise<EngineProfile> {
  const file = validate(engineSchema, json, where);
  const time = async (quantity: Quantity | undefined, path: string): Promise<number> =>
    quantity === undefined ? 0 : parseQuantity(quantity, 's', `${where}: ${path}`);
  const both = async (key: FixedAndEachKey) => ({
    fixedS: await time(file[key]?.fixed, `${key}.fixed`),
    eachS: await time(file[key]?.each, `${key}.each`),
  });
  return {
    name: file.name,
    label: file.label,
    kernels: file.kernels ?? DEFAULT_FAMILY,
    device: file.calibration?.device ?? null,
    range: file.calibration?.range ?? null,
    standardErrors: file.calibration?.standardErrors ?? {},
    correlations: file.calibration?.correlations ?? {},
    fittedFrom: file.calibration?.fittedFrom ?? {},
    layerLaunchS: await time(file.layerLaunch, 'layerLaunch'),
    productLaunchS:
      file.productLaunch === undefined ? PRODUCT_S : await time(file.productLaunch, 'productLaunch'),
    layerHostS: await time(file.layerHost, 'layerHost'),
    fullGraphs: file.fullGraphs ?? false,
    draftPassLaunchS: await time(file.draftPassLaunch, 'draftPassLaunch'),
    draftsInOneGraph: file.draftsInOneGraph ?? false,
    draftSequenceS: await time(file.draftSequence, 'draftSequence'),
    stepOverhead: await both('stepOverhead'),
    speculationOverhead: await both('speculationOverhead'),
    treeOverhead: await both('treeOverhead'),
    raggedGraphs: file.raggedGraphs ?? false,
    raggedOverhead: await both('raggedOverhead'),
    lengthSwitchS: await time(file.lengthSwitch, 'lengthSwitch'),
    lengthGraphsBytes:
      file.lengthGraphs === undefined
        ? 0
        : await parseQuantity(file.lengthGraphs, 'B', `${where}: lengthGraphs`),
    lengthFloor: file.lengthFloor ?? 0,
    lengthCooldown: file.lengthCooldown ?? 0,
    lengthWalk: file.lengthWalk ?? Number.POSITIVE_INFINITY,
    offPasses: file.offPasses ?? 0,
    search: await both('search'),
    drafterSwitch: await both('drafterSwitch'),
    plainSampling: await both('plainSampling'),
    rejectionSampling: await both('rejectionSampling'),
    asyncScheduling: file.asyncScheduling ?? false,
    asyncSpeculation: file.asyncSpeculation ?? file.asyncScheduling ?? false,
    graphSizes: file.graphSizes,
    graphSizesBy: file.graphSizesBy ?? 'tokens',
    allReduceSwitch:
      file.allReduceSwitch === undefined
        ? { fromBytes: Number.POSITIVE_INFINITY, extraS: 0 }
        : {
            fromBytes: await parseQuantity(file.allReduceSwitch.from, 'B', `${where}: allReduceSwitch.from`),
            extraS: await time(file.allReduceSwitch.extra, 'allReduceSwitch.extra'),
          },
    maxBatchedTokens: file.maxBatchedTokens,
    maxSequences: file.maxSequences,
    memoryShare: file.memoryShare,
    blockTokens: file.blockTokens,
    kvBlocks: file.kvBlocks ?? null,
    maxModelTokens: file.maxModelTokens ?? null,
  };
}

/** The JSON Schema that editors use; `hardware-profiles/engines/schema.json` is a copy. */
export function engineJsonSchema(): object {
  return z.toJSONSchema(engineSchema, { io: 'input' });
}
