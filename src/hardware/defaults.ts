/**
 * What kernels reach of a GPU that has no kernel tables of its own: its generation's shares, or a generic prior.
 * The shares of a generation are those of one measured GPU, rounded; a test compares them with its profile.
 */
import type { WeightFormat } from '../number-formats.ts';
import type { AllReduceLaw, Architecture, ExpertKernel, GemmEfficiency, Kernel } from './profile.ts';

interface DefaultEfficiency {
  /** The profile the shares were taken from, `null` for the generic prior. */
  readonly from: string | null;
  /** `fp8` is absent where the hardware lacks it. */
  readonly gemm: { readonly bf16: GemmEfficiency; readonly fp8?: GemmEfficiency };
  readonly attention: { readonly bandwidth: number; readonly flops: number };
}

/** Generations with kernel tables. */
const generations: Readonly<Partial<Record<Architecture, DefaultEfficiency>>> = {
  ampere: {
    from: 'a100-sxm-80',
    gemm: { bf16: { bandwidth: 0.76, flops: 0.86, corner: 1.68 } },
    attention: { bandwidth: 0.81, flops: 0.57 },
  },
  'ampere-rtx': {
    from: 'a40',
    gemm: { bf16: { bandwidth: 0.79, flops: 0.78, corner: 1.7 } },
    attention: { bandwidth: 0.81, flops: 0.57 },
  },
  ada: {
    from: 'l40s',
    gemm: {
      bf16: { bandwidth: 0.79, flops: 0.7, corner: 2.16 },
      fp8: { bandwidth: 0.72, flops: 0.55, corner: 2.08 },
    },
    attention: { bandwidth: 0.82, flops: 0.505 },
  },
  hopper: {
    from: 'h100-sxm',
    gemm: {
      bf16: { bandwidth: 0.89, flops: 0.82, corner: 3.41 },
      fp8: { bandwidth: 0.86, flops: 0.58, corner: 1.32 },
    },
    attention: { bandwidth: 0.95, flops: 0.67 },
  },
  blackwell: {
    from: 'b200-sxm',
    gemm: {
      bf16: { bandwidth: 0.8, flops: 0.73, corner: 2.59 },
      fp8: { bandwidth: 0.74, flops: 0.48, corner: 1.5 },
    },
    attention: { bandwidth: 0.92, flops: 0.55 },
  },
  'blackwell-ultra': {
    from: 'b300-sxm',
    gemm: {
      bf16: { bandwidth: 0.8, flops: 0.82, corner: 2.46 },
      fp8: { bandwidth: 0.75, flops: 0.52, corner: 1.49 },
    },
    attention: { bandwidth: 0.91, flops: 0.67 },
  },
  'blackwell-rtx': {
    from: 'rtx-pro-6000-server',
    gemm: {
      bf16: { bandwidth: 0.84, flops: 0.81, corner: 2.28 },
      fp8: { bandwidth: 0.84, flops: 0.79, corner: 1.7 },
    },
    attention: { bandwidth: 0.85, flops: 0.56 },
  },
};

/** A prior for hardware nobody measured; its fp8 and attention shares lie in the middle of the kernel tables. */
const generic = {
  from: null,
  gemm: {
    bf16: { bandwidth: 0.8, flops: 0.7, corner: 2.5 },
    fp8: { bandwidth: 0.78, flops: 0.54, corner: 1.5 },
  },
  attention: { bandwidth: 0.8, flops: 0.57 },
} satisfies DefaultEfficiency;

/** The shares of the generation where it has kernel tables, and the generic prior elsewhere. */
export function defaultEfficiency(architecture: Architecture): DefaultEfficiency {
  return generations[architecture] ?? generic;
}

/**
 * Formats without kernel tables of a GPU: what kernels of other GPUs reach, rounded; the flops are shares of the rate that
 * the format is multiplied at. Old 4-bit kernels work a row at a time up to 50 rows, an assumption.
 */
const CLASSES: Readonly<Partial<Record<WeightFormat, readonly [number, number, number, number]>>> = {
  // bandwidth, flops, corner, depth in ns
  'fp8-block': [0.89, 0.62, 1.6, 0.8],
  int8: [1, 0.89, 1.06, 0.59],
  'int8-weight': [1, 0.85, 1.3, 0.97],
  int4: [1, 0.83, 1.07, 0.88],
  'int4-old': [0.5, 0.4, 1.07, 0.88],
  nvfp4: [0.78, 0.44, 1.7, 0.6],
  mxfp4: [1, 0.83, 1.07, 0.88],
  q8_0: [0.8, 0.5, 1.3, 0],
  q6_k: [0.75, 0.4, 1.3, 0],
  q5_k: [0.75, 0.4, 1.3, 0],
  q4_k: [0.75, 0.4, 1.3, 0],
};

export const CLASS_SOURCE = 'class default, rounded from kernels of other GPUs';

export const classKernels: readonly Kernel[] = Object.entries(CLASSES).map(
  ([format, [bandwidth, flops, corner, depth]]) => ({
    format: format as WeightFormat,
    engine: 'class default',
    provenance: { source: CLASS_SOURCE },
    ...{ bandwidth, flops, corner, depthS: depth * 1e-9 },
  }),
);

/** Operators over experts: bandwidth, flops as a share of the rate that the format is multiplied at, us, sliver. */
const EXPERT_CLASSES: Readonly<Record<WeightFormat, readonly [number, number, number, number]>> = {
  bf16: [0.9, 0.65, 22, 60],
  fp8: [0.9, 0.6, 22, 90],
  'fp8-block': [0.9, 0.28, 27, 100],
  int8: [0.9, 0.6, 25, 90],
  'int8-weight': [0.9, 0.6, 25, 90],
  int4: [0.8, 0.45, 25, 100],
  'int4-old': [0.4, 0.3, 25, 100],
  nvfp4: [0.9, 0.4, 15, 200],
  mxfp4: [0.7, 0.35, 25, 100],
  q8_0: [0.8, 0.4, 25, 60],
  q6_k: [0.75, 0.35, 25, 60],
  q5_k: [0.75, 0.35, 25, 60],
  q4_k: [0.75, 0.35, 25, 60],
};

export const classExperts: readonly ExpertKernel[] = Object.entries(EXPERT_CLASSES).map(
  ([format, [bandwidth, flops, us, sliver]]) => ({
    format: format as WeightFormat,
    engine: 'class default',
    provenance: { source: CLASS_SOURCE },
    ...{ bandwidth, flops, fixedS: us * 1e-6, eachS: 0, sliver },
  }),
);

/**
 * The least and the most that kernels measured on any GPU take of what their class says: a product of 8192 x 8192 over 64
 * rows, and an operator that reads 64 experts of 3 x 2048 x 768. Formats that fewer than two were measured in have none.
 */
export const CLASS_RANGES: Readonly<
  Record<'kernels' | 'experts', Readonly<Partial<Record<WeightFormat, readonly [number, number]>>>>
> = {
  kernels: { 'fp8-block': [0.69, 1.19], nvfp4: [0.95, 1.82] },
  experts: {
    bf16: [0.84, 1.29],
    fp8: [0.91, 5.76],
    'fp8-block': [0.83, 1.38],
    nvfp4: [0.84, 1.21],
    mxfp4: [0.72, 3.35],
  },
};

/** Numbers of GPUs a profile has an all-reduce law for at least, when it has a link. */
export const groupSizes = [2, 4, 8] as const;

const ringLatencyS = 5e-6;
const ringLinkShare = 0.7;

export const ringAssumption = 'assumed: a ring, 5 us, at 0.7 of the link bandwidth';

/** The law of a ring all-reduce, in which every byte crosses each link 2 (N - 1) / N times. An assumption. */
export function ringAllReduce(gpus: number, linkBandwidthBytesPerS: number): AllReduceLaw {
  const bytesPerS = (linkBandwidthBytesPerS * ringLinkShare * gpus) / (2 * (gpus - 1));
  return { gpus, lines: [{ latencyS: ringLatencyS, bytesPerS }] };
}
