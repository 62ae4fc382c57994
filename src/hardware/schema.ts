/** The JSON of a hardware profile, as a user writes it: quantities carry their units, efficiency is optional. */
import * as z from 'zod';
import { WEIGHT_FORMATS, type WeightFormat } from '../number-formats.ts';
import { quantitySchema } from '../units.ts';
import { got, strictObject } from '../validate.ts';
import { architectures } from './profile.ts';

const text = z.string().min(1);

/** At most 1, unless its provenance says that it was kept although it is not physical. */
const share = z
  .number({ error: (issue) => shareProblem(issue.input) })
  .min(1e-6, { error: (issue) => shareProblem(issue.input) })
  .meta({ maximum: 1 });

const count = z.int().positive().max(1e9);

/** Relative: 10 is 1,000 %. */
const relativeError = z.number().nonnegative().max(10);

const sourcedCount = z.union([count, strictObject({ value: count, source: text })], {
  error: (issue) => `got ${got(issue.input)}, expected a positive whole number`,
});

const provenance = strictObject({
  source: text,
  engine: text.exactOptional(),
  kernel: text.exactOptional(),
  rows: count.exactOptional().describe('measured rows behind the fit'),
  meanError: relativeError.exactOptional().describe('mean relative error of the fit; 0.06 is 6 %'),
  range: z
    .record(z.string(), z.tuple([z.number(), z.number()]))
    .exactOptional()
    .describe('least and greatest of what was measured, such as "tokens": [1, 4096]'),
  heldOutError: relativeError.exactOptional().describe('mean relative error on rows left out of the fit'),
  heldOut: text.exactOptional().describe('what was left out at a time'),
  date: text.exactOptional().describe('of the fit'),
  law: text.exactOptional().describe('the formula that was fitted'),
  kernelTimes: z
    .record(z.string(), text)
    .exactOptional()
    .describe(
      'times in the law beside the shares, such as "t0": "3.8e-6 s"; the engine charges launches of its own instead',
    ),
  unphysical: z.literal(true).exactOptional().describe('kept although a share or exponent is not physical'),
  note: text.exactOptional(),
});

/** As sharp as a corner of two lines, to any digit that is printed. */
export const SHARPEST_CORNER = 1000;

const gemmLaw = {
  bandwidth: share,
  flops: share,
  corner: z
    .number()
    .positive()
    .max(SHARPEST_CORNER)
    .meta({ minimum: 1 })
    .describe('sharpness of the corner of the roofline'),
  depth: z
    .number()
    .nonnegative()
    .max(1)
    .exactOptional()
    .describe('seconds that a block takes for each element of the inner dimension, which it walks alone'),
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
  .describe('matrix products in other formats, by kernel; the first of a format is priced');

/** What ships beside a profile, for runs in other formats: kernels, and rates that only they use. */
export const kernelsSchema = strictObject({
  denseFlops: strictObject({ int8: quantitySchema('FLOP/s') }).optional(),
  kernels,
});

export const hardwareSchema = strictObject({
  $schema: z.string().optional(),
  name: text.optional().describe("default: the file's name"),
  label: text.optional(),
  architecture: z
    .enum(architectures)
    .optional()
    .describe('generation whose measured efficiency stands in where this file has none'),
  notes: z.array(text).optional(),
  specification: strictObject({
    memoryCapacity: quantitySchema('B'),
    memoryBandwidth: quantitySchema('B/s'),
    denseFlops: strictObject({
      bf16: quantitySchema('FLOP/s'),
      fp8: quantitySchema('FLOP/s').optional(),
      fp4: quantitySchema('FLOP/s').optional(),
      int8: quantitySchema('FLOP/s').optional(),
    }).describe('without sparsity'),
    linkBandwidth: quantitySchema('B/s')
      .optional()
      .describe('to the other GPUs, one direction; absent: runs on one GPU only'),
    l2: quantitySchema('B').optional(),
    streamingMultiprocessors: sourcedCount.optional(),
    power: quantitySchema('W').optional(),
    price: quantitySchema('USD/h').optional().describe('of one GPU'),
  }).describe('what the data sheet says'),
  efficiency: strictObject({
    gemm: strictObject({ bf16: gemm.optional(), fp8: gemm.optional() }).optional(),
    kernels: kernels.optional(),
    attention: strictObject({
      bandwidth: attentionShare.optional(),
      flops: attentionShare.optional(),
    }).optional(),
    allReduce: z
      .array(
        strictObject({
          gpus: count.gte(2),
          lines: z
            .array(strictObject({ latency: quantitySchema('s'), bandwidth: quantitySchema('B/s') }))
            .min(1),
          provenance,
        }),
      )
      .optional()
      .describe('the cheapest line holds: latency + bytes / bandwidth'),
  })
    .optional()
    .describe('what kernels reach of it, as shares above 0 and at most 1'),
});

export type HardwareFile = z.output<typeof hardwareSchema>;

/** The JSON Schema that editors use; `hardware-profiles/schema.json` is a copy. */
export function hardwareJsonSchema(): object {
  return z.toJSONSchema(hardwareSchema, { io: 'input' });
}

function shareProblem(input: unknown): string {
  return `got ${got(input)}, expected a share of the specification, above 0 and at most 1`;
}
