/**
 * A GPU as the cost model sees it: what the data sheet says (`specification`) and what kernels reach of it
 * (`efficiency`), never mixed. All numbers are SI once a profile is loaded.
 */

import type { WeightFormat } from '../number-formats.ts';

export const architectures = [
  'ampere',
  'ampere-rtx',
  'ada',
  'hopper',
  'blackwell',
  'blackwell-ultra',
  'blackwell-rtx',
  'cdna3',
  'cdna4',
  'gaudi',
  'xe2',
  'other',
] as const;

export type Architecture = (typeof architectures)[number];

/** Sustained shares of peak for matrix products in one number format; `corner` is q of docs/physics.md, section 1. */
export interface GemmEfficiency {
  readonly bandwidth: number;
  readonly flops: number;
  readonly corner: number;
  /** Seconds a block takes for each element of the inner dimension; absent where nothing shows of it. */
  readonly depthS?: number;
  /** Rows that a block multiplies at once (`tiledRows`); absent where nothing shows of it. */
  readonly tile?: number;
}

/** A kernel of matrix products in some format. */
export interface Kernel extends GemmEfficiency {
  readonly format: WeightFormat;
  /** Such as `sglang 0.5.14`; `class default` where nobody measured one on this GPU. */
  readonly engine: string;
  readonly provenance: Provenance;
}

/**
 * A fused operator over the routed experts of a layer, with the kernels around it that sort tokens by expert and add up
 * what experts say: fixed + experts that the GPU holds x each + bytes of those that are visited / rate + FLOPs / rate.
 */
export interface ExpertKernel extends Omit<Kernel, 'corner' | 'depthS' | 'tile'> {
  readonly fixedS: number;
  readonly eachS: number;
  /** An expert of width w takes as long to read as hypot(w, sliver): slices are slivers. */
  readonly sliver: number;
}

/** What a factor on kernels scales; `fixed` are times of operators over experts, and of products beyond a dense layer's. */
export type KernelFactor = 'bandwidth' | 'flops' | 'fixed';

/** One all-reduce among `gpus`: the cheaper of two lines of latency and rate. */
export interface AllReduceLaw {
  readonly gpus: number;
  readonly lines: readonly { readonly latencyS: number; readonly bytesPerS: number }[];
}

/** Where a number comes from, and how far it holds. */
export interface Provenance {
  /** The data sheet, the kernel tables or the rule behind the number. */
  readonly source: string;
  /** Serving engine and version whose kernels were measured. */
  readonly engine?: string;
  readonly kernel?: string;
  /** Measured rows behind a fit. */
  readonly rows?: number;
  /** Mean absolute error of the fit relative to the rows; 0.06 is 6 %. */
  readonly meanError?: number;
  /** Least and greatest of what was measured, such as `tokens: [1, 4096]`; beyond it results extrapolate. */
  readonly range?: Readonly<Record<string, readonly [least: number, greatest: number]>>;
  /** Mean error on rows left out of the fit, and what was left out at a time. */
  readonly heldOutError?: number;
  readonly heldOut?: string;
  /** Of the fit, such as `2026-11-23`. */
  readonly date?: string;
  /** The formula that was fitted, and its times beside the shares. Engines charge launches of their own instead. */
  readonly law?: string;
  readonly kernelTimes?: Readonly<Record<string, string>>;
  /** Kept although a share or exponent is not physical. */
  readonly unphysical?: true;
  readonly note?: string;
}

/**
 * `kernel tables`: efficiency fitted to measured kernels of this GPU. `generation`: taken from its generation.
 * `data sheet only`: generic.
 */
export type Calibration = 'kernel tables' | 'generation' | 'data sheet only';

export interface HardwareProfile {
  readonly name: string;
  readonly label: string;
  readonly architecture: Architecture;
  readonly specification: {
    readonly memoryCapacityBytes: number;
    readonly memoryBandwidthBytesPerS: number;
    /** Dense rates; a format the hardware lacks is absent and runs at the bf16 rate. */
    readonly denseFlopsPerS: {
      readonly bf16: number;
      readonly fp8?: number;
      readonly fp4?: number;
      readonly int8?: number;
    };
    /** To the other GPUs, in one direction. */
    readonly linkBandwidthBytesPerS: number | null;
    readonly l2Bytes: number | null;
    readonly streamingMultiprocessors: number | null;
    readonly powerW: number | null;
    readonly priceUsdPerH: number | null;
  };
  readonly efficiency: {
    readonly gemm: { readonly bf16: GemmEfficiency; readonly fp8: GemmEfficiency };
    /** Of other formats, and of these under other engines; the first of a format is priced. */
    readonly kernels: readonly Kernel[];
    /** The first of a format and of the engine's family is priced. */
    readonly experts: readonly ExpertKernel[];
    /** What if: factors on all of them, by `kernels.bandwidth` and the like; absent: 1. */
    readonly factors?: Readonly<Partial<Record<`${'kernels' | 'experts'}.${KernelFactor}`, number>>>;
    /** Decode attention: share of memory bandwidth, and of bf16 FLOPS for many query tokens. */
    readonly attention: { readonly bandwidth: number; readonly flops: number };
    /** A gather of tokens from all GPUs and a scatter of their sums together, as copies of attention that share experts do. */
    readonly exchange: readonly AllReduceLaw[];
    /** By ascending number of GPUs; empty when the GPU has no link. */
    readonly allReduce: readonly AllReduceLaw[];
  };
  readonly calibration: Calibration;
  /** What a user should know before trusting the numbers. */
  readonly notes: readonly string[];
  /** Where each number comes from, by its path in the file: `specification.memoryBandwidth`, `efficiency.allReduce.8`. */
  readonly provenance: Readonly<Record<string, Provenance>>;
}
