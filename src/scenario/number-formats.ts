/** What `auto` means for the number formats of a scenario, once the checkpoints are known. */

import type { ClassErrors } from '../cost/fields.ts';
import {
  expertKernel,
  type GemmRates,
  gemmRates,
  gemmSeconds,
  kernelsOf,
  knownRates,
} from '../cost/kernels.ts';
import type { Method } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import { CLASS_RANGES, CLASS_SOURCE } from '../hardware/defaults.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import type { DraftHead, Quantization, Transformer } from '../model/architecture.ts';
import { gemm } from '../model/layer.ts';
import { weightFormats } from '../model/shape.ts';
import { FORMATS, type WeightFormat } from '../number-formats.ts';
import type { Scenario } from './scenario.ts';

type Formats = Pick<Scenario, 'dtype' | 'kvDtype' | 'draftDtype'>;

/**
 * The formats that are priced: bf16 where the checkpoint says nothing; `auto` stays where it keeps several, or one that
 * no name stands for.
 *
 * @throws UserError for a draft's format where no draft model runs
 */
export function resolvedFormats(scenario: Formats, target: Transformer): Formats {
  const { dtype, kvDtype, draftDtype } = scenario;
  return {
    dtype: dtype === 'auto' ? (statedFormat(target) ?? 'auto') : dtype,
    kvDtype: kvDtype === 'auto' ? (target.quantization?.kv ?? 'bf16') : kvDtype,
    draftDtype,
  };
}

/** One format of all linear weights; null where they have several. */
function statedFormat({ quantization, ...model }: Transformer): WeightFormat | null {
  const kinds = formatsByKind(quantization ?? {}, model);
  const [first, ...others] = new Set(Object.values(kinds));
  if (others.length > 0 || quantization?.outputMatrix !== undefined) return null;
  // A flag of that name keeps some kinds in bf16.
  const asked = formatsByKind(weightFormats(model, first!), model);
  return Object.values(asked).every((format) => format === first) ? first! : null;
}

type Kinds = Readonly<Record<string, WeightFormat>>;

/** The formats of the kinds of matrices that a model has. */
export function formatsByKind(
  quantization: Quantization,
  model: Pick<Transformer, 'mixers' | 'feedForwards'>,
): Kinds {
  const states = model.mixers.map(({ kind }) => kind === 'linear' || kind === 'mamba2');
  const experts = model.feedForwards.find((one) => one.kind === 'experts');
  const kinds = {
    ...(states.includes(false) && { attention: quantization.attention }),
    ...(states.includes(true) && { linear: quantization.linear }),
    ...(model.feedForwards.some(({ kind }) => kind === 'dense') && { dense: quantization.dense }),
    ...(experts && { experts: quantization.experts }),
    ...(experts && experts.sharedFfn > 0 && { shared: quantization.shared }),
  };
  return Object.fromEntries(Object.entries(kinds).map(([kind, format]) => [kind, format ?? 'bf16']));
}

/** Such as `bf16`, or `mxfp4 experts, rest bf16`. */
export function formatsText(dtype: Scenario['dtype'], target: Transformer): string {
  const kinds = Object.entries(formatsByKind(weightFormats(target, dtype), target));
  const counts = new Map<string, number>();
  for (const [, format] of kinds) counts.set(format, (counts.get(format) ?? 0) + 1);
  const rest = [...counts].sort((a, b) => b[1] - a[1])[0]![0];
  const own = kinds.filter(([, format]) => format !== rest).map(([kind, format]) => `${format} ${kind}`);
  return [...own, own.length === 0 ? rest : `rest ${rest}`].join(', ');
}

type Run = Readonly<Record<'products' | 'experts', readonly WeightFormat[]>>;

/** What runs, as far as formats go. */
export interface Formatted {
  readonly scenario: Formats & Pick<Scenario, 'draftGpu'>;
  readonly target: Transformer;
  readonly methods: readonly Method[];
}

/** Whether it needs more than the profile of a GPU says: kernels of other formats than bf16. */
export function needsKernels(of: Formatted): boolean {
  return [...Object.values(run(of)).flat(), of.scenario.draftDtype].some(
    (one) => one !== 'auto' && one !== 'bf16',
  );
}

/** The formats that are multiplied on the target's GPU. */
function run({ scenario: { dtype, draftDtype, draftGpu }, target, methods }: Formatted): Run {
  const ofItself = methods.flatMap(({ parts }) => parts.flatMap(({ model }) => model?.self?.dtype ?? []));
  const kinds = [dtype, ...ofItself].map((one) => formatsByKind(weightFormats(target, one), target));
  const drafts = draftGpu !== null || draftDtype === 'auto' ? [] : [draftDtype];
  const products = kinds.flatMap(({ experts: _, ...others }) => Object.values(others));
  return {
    products: [...new Set([...products, ...drafts])],
    experts: [...new Set(kinds.flatMap(({ experts }) => experts ?? []))],
  };
}

/**
 * What a user should know of the formats that were asked for, a sentence each.
 *
 * @param family the engine whose kernels run
 */
export function formatWarnings(of: Formatted, hardware: HardwareProfile, family: string): string[] {
  const { scenario: asked, target } = of;
  const arithmetic = Object.keys(hardware.specification.denseFlopsPerS);
  const warnings: string[] = [];
  const stated = target.quantization;
  if (stated?.ignored !== undefined) {
    warnings.push(
      `${target.name}: its quantization ${stated.ignored} is not known: priced as ${formatsText(asked.dtype, target)}`,
    );
  }
  const own = formatsText(statedFormat(target) ?? 'auto', target);
  if (asked.dtype !== 'auto' && stated !== undefined && own !== formatsText(asked.dtype, target)) {
    warnings.push(`${target.name}: the checkpoint keeps ${own}, priced as --dtype ${asked.dtype}`);
  }
  const { experts, products } = run(of);
  for (const format of experts) warnings.push(...expertWarnings(format, hardware, family));
  for (const format of products) warnings.push(...kernelWarnings(format, hardware, family));
  for (const format of new Set([...products, ...experts])) {
    const { compute } = FORMATS[format];
    if (compute === 'bf16' || arithmetic.includes(compute)) continue;
    warnings.push(
      `gpu ${hardware.name} has no ${compute} arithmetic: ${format} weights are read as such and multiplied in bf16`,
    );
  }
  return warnings;
}

/** A product that is large enough to be no launch, and the rows of a batch that verifies. */
const TYPICAL = gemm('typical', 8192, 8192, 1, 'bf16');
const TYPICAL_ROWS = 64;

/** Which kernel is taken, and how far apart those are that are known. */
function kernelWarnings(format: WeightFormat, hardware: HardwareProfile, family: string): string[] {
  const seconds = (rates: GemmRates) => gemmSeconds({ ...TYPICAL, ...FORMATS[format] }, TYPICAL_ROWS, rates);
  if (isClass('kernels', format, hardware, family)) {
    const old = seconds(gemmRates(hardware, 'int4-old')) / seconds(gemmRates(hardware, format, family));
    const others =
      format === 'int4' ? `; older ones (--dtype int4-old) take ${old.toFixed(1)} times as long` : '';
    return [
      `gpu ${hardware.name}: no kernel of ${format} was measured on it: priced as a class of kernels, ${elsewhere('kernels', format)}${others}`,
    ];
  }
  const [first] = kernelsOf(hardware, format, family);
  if (format === 'bf16' || format === 'fp8' || first === undefined) return [];
  const known = knownRates(hardware, format, family).map(seconds);
  const [priced] = known;
  const [least, most] = [Math.min(...known), Math.max(...known)].map((one) => (one / priced!).toFixed(2));
  if (known.length < 2 || (least === '1.00' && most === '1.00')) return [];
  return [
    `${format}: priced as the kernel of ${first.engine}; under those known of other engines a product takes ${least} to ${most} times as long`,
  ];
}

/** Whether the operator over experts is one of a class of them, or of another engine than the one that runs. */
function expertWarnings(format: WeightFormat, hardware: HardwareProfile, family: string): string[] {
  if (isClass('experts', format, hardware, family)) {
    return [
      `gpu ${hardware.name}: no operator over experts in ${format} was measured on it: priced as a class of them, ${elsewhere('experts', format)}`,
    ];
  }
  const { engine } = expertKernel(hardware, format, family);
  if (engine.startsWith(`${family} `)) return [];
  return [
    `experts in ${format}: priced as the operator of ${engine}, none of ${family} was measured on ${hardware.name}`,
  ];
}

/** How far what was measured on other GPUs is from the class. */
function elsewhere(kind: keyof ClassErrors, format: WeightFormat): string {
  const range = CLASS_RANGES[kind][format];
  return range === undefined
    ? 'expect errors of 20%'
    : `those measured elsewhere take ${range[0].toFixed(2)} to ${range[1].toFixed(2)} times as long`;
}

/** Whether a format has no kernel measured on the GPU, and is priced as a class of them. */
function isClass(
  kind: keyof ClassErrors,
  format: WeightFormat,
  hardware: HardwareProfile,
  family: string,
): boolean {
  if (kind === 'experts') return expertKernel(hardware, format, family).provenance.source === CLASS_SOURCE;
  return kernelsOf(hardware, format, family)[0]?.provenance.source === CLASS_SOURCE;
}

/** Of a class in a format that too few kernels are known of: 20 % at 95 %. */
const CLASS_ERROR = 0.1;

/** How well the classes are known that the formats of a target are priced as: what kernels span elsewhere is 95 %. */
export function classErrors(of: Formatted, hardware: HardwareProfile, family: string): ClassErrors {
  const { products, experts } = run(of);
  const errorOf = (kind: keyof ClassErrors, formats: readonly WeightFormat[]): ClassErrors => {
    const errors = formats
      .filter((format) => isClass(kind, format, hardware, family))
      .map((format) => {
        const range = CLASS_RANGES[kind][format];
        return range === undefined ? CLASS_ERROR : Math.log(range[1] / range[0]) / 4;
      });
    return errors.length === 0 ? {} : { [kind]: Math.max(...errors) };
  };
  return {
    ...errorOf('kernels', products),
    ...errorOf('experts', experts),
  };
}

/** Vocabularies are padded to a multiple of their own; llama.cpp and vLLM run pairs that differ by as much. */
const PADDING = 128;

/**
 * A warning where vocabularies differ by their padding alone; null where they are equal.
 *
 * @throws UserError for vocabularies that differ by more
 */
export function vocabularyWarning(draft: DraftHead | Transformer, target: Transformer): string | null {
  if (draft.kind !== 'transformer' || draft.vocab === target.vocab) return null;
  if (Math.abs(draft.vocab - target.vocab) <= PADDING) {
    return `draft ${draft.name} has a vocabulary of ${draft.vocab} tokens, ${target.name} of ${target.vocab}: taken for the same one, padded`;
  }
  throw new UserError(
    `draft ${draft.name} has a vocabulary of ${draft.vocab} tokens, expected that of ${target.name}: ${target.vocab}, or one that differs by at most ${PADDING}`,
  );
}
