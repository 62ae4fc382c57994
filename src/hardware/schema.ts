/** The JSON of a hardware profile, as a user writes it: quantities carry their units, efficiency is optional. */
import * as z from 'zod/mini';
import { WEIGHT_FORMATS, type WeightFormat } from '../number-formats.ts';
import { quantitySchema } from '../units.ts';
import { got, strictObject } from '../validate.ts';
import { architectures } from './profile.ts';

const text = z.string().check(z.minLength(1));

/** At most 1, unless its provenance says that it was kept although it is not physical. */
const share = z
  .number({ error: (issue) => shareProblem(issue.input) })
  .check(z.gte(1e-6, { error: (issue) => shareProblem(issue.input) }), z.meta({ maximum: 1 }));

const count = z.int().check(z.positive(), z.lte(1e9));

/** Relative: 10 is 1,000 %. */
const relativeError = z.number().check(z.nonnegative(), z.lte(10));

const sourcedCount = z.union([count, strictObject({ value: count, source: text })], {
  error: (issue) => `got ${got(issue.input)}, expected a positive whole number`,
});

const provenance = strictObject({
  source: text,
  engine: z.exactOptional(text),
  kernel: z.exactOptional(text),
  rows: z.exactOptional(count).check(z.describe('measured rows behind the fit')),
  meanError: z.exactOptional(relativeError).check(z.describe('mean relative error of the fit; 0.06 is 6 %')),
  range: z
    .exactOptional(z.record(z.string(), z.tuple([z.number(), z.number()])))
    .check(z.describe('least and greatest of what was measured, such as "tokens": [1, 4096]')),
  heldOutError: z
    .exactOptional(relativeError)
    .check(z.describe('mean relative error on rows left out of the fit')),
  heldOut: z.exactOptional(text).check(z.describe('what was left out at a time')),
  date: z.exactOptional(text).check(z.describe('of the fit')),
  law: z.exactOptional(text).check(z.describe('the formula that was fitted')),
  kernelTimes: z
    .exactOptional(z.record(z.string(), text))
    .check(
      z.describe(
        'times in the law beside the shares, such as "t0": "3.8e-6 s"; the engine charges launches of its own instead',
      ),
    ),
  unphysical: z
    .exactOptional(z.literal(true))
    .check(z.describe('kept although a share or exponent is not physical')),
  note: z.exactOptional(text),
});

/** As sharp as a corner of two lines, to any digit that is printed. */
export const SHARPEST_CORNER = 1000;

const gemmLaw = {
  bandwidth: share,
  flops: share,
  corner: z
    .number()
    .check(
      z.positive(),
      z.lte(SHARPEST_CORNER),
      z.meta({ minimum: 1 }),
      z.describe('sharpness of the corner of the roofline'),
    ),
  depth: z
    .exactOptional(z.number().check(z.nonnegative(), z.lte(1)))
    .check(
      z.describe('seconds that a block takes for each element of the inner dimension, which it walks alone'),
    ),
  tile: z
    .exactOptional(count)
    .check(z.describe('rows are multiplied in whole tiles of so many, fewer in powers of two from 16')),
  provenance,
};

const gemm = strictObject(gemmLaw).check(({ value, issues }) => {
  if (value.provenance.unphysical) return;
  for (const key of ['bandwidth', 'flops'] as const) {
    if (value[key] > 1) issues.push(notPhysical(key, value[key], shareProblem(value[key])));
  }
  if (value.corner < 1) {
    issues.push(notPhysical('corner', value.corner, `got ${got(value.corner)}, expected at least 1`));
  }
});

const attentionShare = strictObject({ share, provenance }).check(({ value, issues }) => {
  if (value.share > 1 && !value.provenance.unphysical) {
    issues.push(notPhysical('share', value.share, shareProblem(value.share)));
  }
});

function notPhysical(key: string, input: number, message: string) {
  return { code: 'custom' as const, path: [key], input, message };
}

const kernels = z
  .array(strictObject({ format: z.enum(WEIGHT_FORMATS as [WeightFormat]), ...gemmLaw }))
  .check(z.describe('matrix products in other formats, by kernel; the first of a format is priced'));

const experts = z
  .array(
    strictObject({
      format: z.enum(WEIGHT_FORMATS as [WeightFormat]),
      fixed: quantitySchema('s').check(z.describe('of the operator, however few tokens there are')),
      each: z
        .optional(quantitySchema('s'))
        .check(z.describe('for each expert that the GPU holds, visited or not')),
      bandwidth: share,
      flops: share,
      sliver: z
        .number()
        .check(
          z.nonnegative(),
          z.lte(1e5),
          z.describe('an expert of width w takes as long to read as one of hypot(w, sliver)'),
        ),
      provenance,
    }),
  )
  .check(z.describe('operators over routed experts, by format and kernel'));

const exchange = z
  .array(
    strictObject({
      gpus: count.check(z.gte(2)),
      latency: quantitySchema('s'),
      bandwidth: quantitySchema('B/s'),
      provenance,
    }),
  )
  .check(z.describe('a gather and a scatter of all bytes together: latency + bytes / bandwidth'));

/** What ships beside a profile, for experts and for runs in other formats: kernels, and rates that only they use. */
export const kernelsSchema = strictObject({
  denseFlops: z.optional(strictObject({ int8: quantitySchema('FLOP/s') })),
  kernels,
  experts: z.optional(experts),
  exchange: z.optional(exchange),
});

export const hardwareSchema = strictObject({
  $schema: z.optional(z.string()),
  name: z.optional(text).check(z.describe("default: the file's name")),
  label: z.optional(text),
  architecture: z
    .optional(z.enum(architectures))
    .check(z.describe('generation whose measured efficiency stands in where this file has none')),
  notes: z.optional(z.array(text)),
  specification: strictObject({
    memoryCapacity: quantitySchema('B'),
    memoryBandwidth: quantitySchema('B/s'),
    denseFlops: strictObject({
      bf16: quantitySchema('FLOP/s'),
      fp8: z.optional(quantitySchema('FLOP/s')),
      fp4: z.optional(quantitySchema('FLOP/s')),
      int8: z.optional(quantitySchema('FLOP/s')),
    }).check(z.describe('without sparsity')),
    linkBandwidth: z
      .optional(quantitySchema('B/s'))
      .check(z.describe('to the other GPUs, one direction; absent: runs on one GPU only')),
    l2: z.optional(quantitySchema('B')),
    streamingMultiprocessors: z.optional(sourcedCount),
    power: z.optional(quantitySchema('W')),
    price: z.optional(quantitySchema('USD/h')).check(z.describe('of one GPU')),
  }).check(z.describe('what the data sheet says')),
  efficiency: z
    .optional(
      strictObject({
        gemm: z.optional(strictObject({ bf16: z.optional(gemm), fp8: z.optional(gemm) })),
        kernels: z.optional(kernels),
        experts: z.optional(experts),
        exchange: z.optional(exchange),
        attention: z.optional(
          strictObject({
            bandwidth: z.optional(attentionShare),
            flops: z.optional(attentionShare),
          }),
        ),
        allReduce: z
          .optional(
            z.array(
              strictObject({
                gpus: count.check(z.gte(2)),
                lines: z
                  .array(strictObject({ latency: quantitySchema('s'), bandwidth: quantitySchema('B/s') }))
                  .check(z.minLength(1)),
                provenance,
              }),
            ),
          )
          .check(z.describe('the cheapest line holds: latency + bytes / bandwidth')),
      }),
    )
    .check(z.describe('what kernels reach of it, as shares above 0 and at most 1')),
});

export type HardwareFile = z.output<typeof hardwareSchema>;

/** The JSON Schema that editors use; `hardware-profiles/schema.json` is a copy. */
export function hardwareJsonSchema(): object {
  return z.toJSONSchema(hardwareSchema, { io: 'input' });
}

function shareProblem(input: unknown): string {
  return `got ${got(input)}, expected a share of the specification, above 0 and at most 1`;
}
