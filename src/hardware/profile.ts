/**
 * A GPU as the cost model sees it: what the data sheet says (`specification`) and what kernels reach of it
 * (`efficiency`), never mixed. All numbers are SI once a profile is loaded.
 */

/** Sustained shares of peak for matrix products in one number format; `corner` is q of docs/physics.md, section 1. */
export interface GemmEfficiency {
  readonly bandwidth: number;
  readonly flops: number;
  readonly corner: number;
}

/** One all-reduce among `gpus`: the cheaper of two lines of latency and rate. */
export interface AllReduceLaw {
  readonly gpus: number;
  readonly lines: readonly { readonly latencyS: number; readonly bytesPerS: number }[];
}

export interface HardwareProfile {
  readonly name: string;
  readonly label: string;
  readonly architecture: string;
  readonly specification: {
    readonly memoryCapacityBytes: number;
    readonly memoryBandwidthBytesPerS: number;
    /** Dense rates; a format the hardware lacks is absent and runs at the bf16 rate. */
    readonly denseFlopsPerS: { readonly bf16: number; readonly fp8?: number; readonly fp4?: number };
    readonly linkBandwidthBytesPerS: number | null;
    readonly l2Bytes: number | null;
    readonly streamingMultiprocessors: number | null;
    readonly powerW: number | null;
  };
  readonly efficiency: {
    readonly gemm: { readonly bf16: GemmEfficiency; readonly fp8: GemmEfficiency };
    /** Decode attention: share of memory bandwidth, and of bf16 FLOPS for many query tokens. */
    readonly attention: { readonly bandwidth: number; readonly flops: number };
    readonly allReduce: readonly AllReduceLaw[];
  };
  /** `kernel tables`: efficiency fitted to measured kernels of this GPU. `generation`: taken from its generation. `data sheet only`: generic. */
  readonly calibration: 'kernel tables' | 'generation' | 'data sheet only';
}
