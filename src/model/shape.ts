/**
 * From an architecture to the work of one forward pass on one of `tp` GPUs: matrix shapes, KV bytes,
 * attention FLOPs, all-reduces, memory. The cost model sees nothing else of a model.
 */
import type { Dtype } from './architecture.ts';

/** A matrix product with m rows of input: `n` output features, `k` input features, run `count` times a pass. */
export interface Gemm {
  readonly name: string;
  readonly n: number;
  readonly k: number;
  readonly count: number;
  /** Bytes of one weight: 2 for bf16, 1 for fp8, 0.53125 for int4 (128-wide groups, bf16 scale and zero point each 2 bytes... ) */
  readonly bytesPerWeight: number;
  /** The FLOP rate it runs at: `bf16` or `fp8`. int4 weights are multiplied in bf16. */
  readonly compute: 'bf16' | 'fp8';
}

/** The routed experts of a pass: a token visits `perToken` of `count` experts in each of `layers` layers. */
export interface ExpertShape {
  readonly layers: number;
  readonly count: number;
  readonly perToken: number;
  /** Matrices of one expert (gate-up and down), with `count` 1. */
  readonly gemms: readonly Gemm[];
}

/** One forward pass of a model or draft head on one GPU. */
export interface ForwardShape {
  readonly name: string;
  readonly layers: number;
  /** Products over all tokens of the pass. */
  readonly gemms: readonly Gemm[];
  /** Products over the tokens of a round's first pass only (EAGLE-3's fusion). */
  readonly firstPassGemms: readonly Gemm[];
  /** The output matrix, over the rows whose logits are wanted. */
  readonly lmHead: Gemm;
  readonly experts: ExpertShape | null;
  /** Bytes of KV cache one token of context takes and one step reads, over all layers. */
  readonly kvBytesPerToken: number;
  /** FLOPs of attention per pair of a query token and a context token, over all layers. */
  readonly attentionFlopsPerPair: number;
  /** Layers that read at most `tokens` of context, as a share of the above; null when none do. */
  readonly slidingWindow: { readonly tokens: number; readonly share: number } | null;
  /** Bytes of activations read and written per token outside the matrix products, over all layers. */
  readonly activationBytesPerToken: number;
  /** All-reduces a pass (0 for one GPU), each of `allReduceBytesPerToken` a token. */
  readonly allReduces: number;
  readonly allReduceBytesPerToken: number;
  /** Bytes of weights resident on the GPU, embedding included. */
  readonly weightBytes: number;
}

export type { Dtype };
