/** Measured operations, as the laws are fitted to them: SI units, one measurement a row. */

/** Where a measurement comes from. */
export interface Measured {
  readonly seconds: number;
  /** Serving engine or library with its version, such as `vllm 0.24.0`; empty when the table does not say. */
  readonly engine: string;
  readonly kernel: string;
}

/** A matrix product of m rows of input with n x k weights. */
export interface GemmRow extends Measured {
  /** The table's word: `bf16` and `fp8` are priced, others are counted and left out. */
  readonly dtype: string;
  readonly n: number;
  readonly k: number;
  readonly m: number;
}

/** Attention of `queryTokens` new tokens in each of `sequences`, all of one length. */
export interface AttentionRow extends Measured {
  readonly kvDtype: string;
  readonly sequences: number;
  readonly queryTokens: number;
  /** Tokens of KV cache of a sequence, the new ones included. */
  readonly contextTokens: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Tokens a sliding window leaves in sight; null without one. */
  readonly window: number | null;
}

/** One all-reduce of `bytes` among `gpus`. */
export interface AllReduceRow extends Measured {
  /** The machine, in tables that hold several. */
  readonly system: string | null;
  readonly gpus: number;
  readonly bytes: number;
}

/** The routed experts of one layer over `tokens` tokens: gate, up and down matrices of every expert visited. */
export interface ExpertsRow extends Measured {
  readonly dtype: string;
  readonly hidden: number;
  /** Width of one expert on one GPU. */
  readonly ffn: number;
  readonly perToken: number;
  readonly count: number;
  readonly tokens: number;
  /** Groups of GPUs that share out the experts; the row is one of them, the fullest. */
  readonly groups: number;
  /** How tokens were routed: `balanced`, or by a power law. */
  readonly routing: string;
}

export interface OpsRows {
  readonly gemm: readonly GemmRow[];
  readonly attention: readonly AttentionRow[];
  readonly allReduce: readonly AllReduceRow[];
  readonly experts: readonly ExpertsRow[];
  /** Gathers, scatters and exchanges, which no profile's own law is fitted to. */
  readonly collectives: readonly AllReduceRow[];
}

/** Bytes of keys and values a row reads, in bf16; with a sliding window those in sight. */
export function kvBytes({ sequences, contextTokens, kvHeads, headDim, window }: AttentionRow): number {
  return sequences * Math.min(contextTokens, window ?? Infinity) * kvHeads * headDim * 2 * 2;
}
