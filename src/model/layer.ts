/** What layers are made of for the cost model: matrix products, and what a pass reads of the context. */
import { FORMATS, type Format, type WeightFormat } from '../number-formats.ts';

/** A matrix product with m rows of input: `n` output features, `k` input features, run `count` times a pass. */
export interface Gemm extends Pick<Format, 'bytesPerWeight' | 'compute'> {
  readonly name: string;
  readonly n: number;
  readonly k: number;
  readonly count: number;
  readonly format: WeightFormat;
}

/** The routed experts of a pass: a token visits `perToken` of `count` experts in each of `layers` layers. */
export interface ExpertShape {
  readonly layers: number;
  readonly count: number;
  readonly perToken: number;
  /** Share of a token's experts that are among those of the token before it in its text. */
  readonly share: number;
  /** The popularity of experts falls as their rank to this power; 0 where all are as popular. */
  readonly skew: number;
  /** Share of a token's experts that are those of every other sequence's: 1 for copies of one request, else 0. */
  readonly alike: number;
  /** Groups of GPUs that each hold so many of the experts (expert parallelism); 1: every GPU has a slice of all. */
  readonly groups: number;
  /** Width of one expert on one GPU. */
  readonly ffn: number;
  /** Matrices of one expert (gate-up and down), with `count` 1. */
  readonly gemms: readonly Gemm[];
}

/** What some layers keep of each token of context and read of it, over all of these layers. */
export interface ContextRead {
  readonly bytesPerToken: number;
  /** FLOPs a pair of a query token and a context token that it attends to. */
  readonly flopsPerPair: number;
  /** Kept and read are only the last so many tokens; null: all. */
  readonly window: number | null;
  /** Of what is kept every query token reads so many at most, each its own; null: all. */
  readonly most: number | null;
}

/** A product of `n` outputs by `k` inputs, run `count` times a pass. */
export function gemm(name: string, n: number, k: number, count: number, format: WeightFormat): Gemm {
  const { bytesPerWeight, compute } = FORMATS[format];
  return { name, n, k, count, format, bytesPerWeight, compute };
}

/** A width split over the GPUs; what does not divide is padded. */
export function split(width: number, gpus: number): number {
  return Math.ceil(width / gpus);
}
