/** The layers of a model or draft head on one of `tp` GPUs: matrix products, KV cache, attention, activations. */
import type { DraftHead, Dtype, Experts, Transformer } from './architecture.ts';

/** A matrix product with m rows of input: `n` output features, `k` input features, run `count` times a pass. */
export interface Gemm {
  readonly name: string;
  readonly n: number;
  readonly k: number;
  readonly count: number;
  /** Bytes of one weight: 2 for bf16, 1 for fp8, 0.515625 for int4 (groups of 128 weights share a bf16 scale). */
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

/** What attention of a pass reads and computes. */
export interface AttentionCost {
  /** Bytes of KV cache one token of context takes and one step reads, over all layers. */
  readonly kvBytesPerToken: number;
  /** FLOPs of attention per pair of a query token and a context token, over all layers. */
  readonly attentionFlopsPerPair: number;
  /** Query heads that read the same keys; 1 for latent attention, whose kernels are not bound by reading. */
  readonly queriesPerKey: number;
  /** Layers that read at most `tokens` of context, as a share of the above; null when none do. */
  readonly slidingWindow: { readonly tokens: number; readonly share: number } | null;
}

/** What the layers of a model and of a draft head have in common. */
export type Layers = Pick<Transformer | DraftHead, 'layers' | 'hidden' | 'ffn' | 'attention' | 'experts'> & {
  /** Width of the input of the query, key and value projections. */
  readonly attentionInput: number;
};

/** Bytes of one weight and the rate it is multiplied at. */
export interface Precision {
  readonly bytesPerWeight: number;
  readonly compute: 'bf16' | 'fp8';
}

export const PRECISION: Readonly<Record<Dtype, Precision>> = {
  bf16: { bytesPerWeight: 2, compute: 'bf16' },
  fp8: { bytesPerWeight: 1, compute: 'fp8' },
  int4: { bytesPerWeight: 0.5 + 2 / 128, compute: 'bf16' },
};

const BYTES = 2;

/** A product of `n` outputs by `k` inputs, run `count` times a pass. */
export function gemm(name: string, n: number, k: number, count: number, precision: Precision): Gemm {
  return { name, n, k, count, ...precision };
}

/** A width split over the GPUs; what does not divide is padded. */
export function split(width: number, tp: number): number {
  return Math.ceil(width / tp);
}

/** The products that every token of a pass goes through, the routed experts left out. */
export function layerGemms(of: Layers, tp: number, precision: Precision): Gemm[] {
  const { dense, mixed } = layerCounts(of);
  const gemms = [...attentionGemms(of, tp, precision), ...mlp('', of, of.ffn, dense, tp, precision)];
  if (of.experts === null) return gemms;
  const router = gemm('router', of.experts.count, of.hidden, mixed, PRECISION.bf16);
  return [...gemms, router, ...mlp('shared_', of, of.experts.sharedFfn, mixed, tp, precision)];
}

/** The routed experts, each split over the GPUs; null for a dense model. */
export function expertShape(of: Layers, tp: number, precision: Precision): ExpertShape | null {
  const { mixed } = layerCounts(of);
  if (of.experts === null || mixed === 0) return null;
  const { count, perToken, ffn } = of.experts;
  return { layers: mixed, count, perToken, gemms: mlp('expert_', of, ffn, 1, tp, precision) };
}

/**
 * Bytes of KV cache a token and FLOPs a query-context pair, over all layers. Latent attention is weight-absorbed:
 * every head scores and sums the one latent vector, which every GPU keeps whole.
 */
export function attentionCost(of: Layers, tp: number): AttentionCost {
  const a = of.attention;
  const heads = a.heads / tp;
  if (a.kind === 'mla') {
    return {
      kvBytesPerToken: of.layers * (a.kvRank + a.ropeDim) * BYTES,
      attentionFlopsPerPair: of.layers * 2 * heads * (2 * a.kvRank + a.ropeDim),
      queriesPerKey: 1,
      slidingWindow: null,
    };
  }
  const window = a.slidingWindow;
  return {
    kvBytesPerToken: of.layers * 2 * keyValueHeads(a.kvHeads, tp) * a.headDim * BYTES,
    attentionFlopsPerPair: of.layers * 4 * heads * a.headDim,
    queriesPerKey: a.heads / a.kvHeads,
    slidingWindow: window ? { tokens: window.tokens, share: window.layers / of.layers } : null,
  };
}

/**
 * Bytes of activations a token moves outside the matrix products, over all layers, 2 bytes an element:
 * two residual adds fused with a norm (4 hidden each: read both inputs, write residual and norm), the rotary
 * embedding in place (2 x its width; latent attention also norms its two latent vectors), and silu-and-multiply
 * (reads 2 ffn, writes 1) for every feed-forward block the token visits.
 */
export function activationBytesPerToken(of: Layers, tp: number): number {
  const { attention: a, experts } = of;
  const { dense, mixed } = layerCounts(of);
  const rotary =
    a.kind === 'gqa'
      ? (a.heads / tp + keyValueHeads(a.kvHeads, tp)) * a.headDim
      : (a.heads / tp + 1) * a.ropeDim + a.queryRank + a.kvRank;
  const visited = experts ? experts.perToken * split(experts.ffn, tp) + split(experts.sharedFfn, tp) : 0;
  const silu = 3 * (dense * split(of.ffn, tp) + mixed * visited);
  return BYTES * (of.layers * (8 * of.hidden + 2 * rotary) + silu);
}

function attentionGemms(of: Layers, tp: number, precision: Precision): Gemm[] {
  const { hidden, attentionInput, layers, attention: a } = of;
  const heads = a.heads / tp;
  const product = (name: string, n: number, k: number) => gemm(name, n, k, layers, precision);
  if (a.kind === 'gqa') {
    const width = heads + 2 * keyValueHeads(a.kvHeads, tp);
    return [product('qkv', width * a.headDim, attentionInput), product('o', hidden, heads * a.headDim)];
  }
  const queryWidth = heads * (a.nopeDim + a.ropeDim);
  const query =
    a.queryRank > 0
      ? [product('q_a', a.queryRank, attentionInput), product('q_b', queryWidth, a.queryRank)]
      : [product('q', queryWidth, attentionInput)];
  // k_up and v_up are one product per head in a single batched launch: the heads are folded into the larger side,
  // which keeps weights and FLOPs exact.
  return [
    ...query,
    product('kv_a', a.kvRank + a.ropeDim, attentionInput),
    product('k_up', heads * a.kvRank, a.nopeDim),
    product('v_up', a.valueDim, heads * a.kvRank),
    product('o', hidden, heads * a.valueDim),
  ];
}

function mlp(
  prefix: string,
  of: Layers,
  ffn: number,
  count: number,
  tp: number,
  precision: Precision,
): Gemm[] {
  if (ffn === 0 || count === 0) return [];
  const width = split(ffn, tp);
  return [
    gemm(`${prefix}gate_up`, 2 * width, of.hidden, count, precision),
    gemm(`${prefix}down`, of.hidden, width, count, precision),
  ];
}

/** Layers with a dense feed-forward block, and layers with a mixture of experts. */
function layerCounts(of: { layers: number; experts: Experts | null }): { dense: number; mixed: number } {
  const dense = of.experts ? of.experts.denseLayers : of.layers;
  return { dense, mixed: of.layers - dense };
}

/** Key-value heads on one GPU: copied when there are more GPUs than heads. */
function keyValueHeads(kvHeads: number, tp: number): number {
  return Math.max(1, kvHeads / tp);
}
