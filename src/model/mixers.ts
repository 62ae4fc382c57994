/** The layers that mix tokens, on one of the GPUs that share them: their products, KV cache and states, by kind. */
import type {
  CompressedAttention,
  GroupedQueryAttention,
  LatentAttention,
  LinearAttention,
  Mixer,
  SparseIndex,
  StateSpace,
} from './architecture.ts';
import type { ContextRead } from './layer.ts';

/** One layer, before its format is known. */
export interface MixerWork {
  /** Name, output and input width. */
  readonly products: readonly (readonly [name: string, n: number, k: number])[];
  readonly reads: readonly ContextRead[];
  /** Bytes a sequence keeps however long it is; a pass reads them and writes them back. */
  readonly stateBytes: number;
  readonly stateFlopsPerToken: number;
  /** Numbers a token that small kernels read, and write back, outside the products (rotary embedding, norms, gates). */
  readonly elements: number;
}

export interface MixerOptions {
  readonly hidden: number;
  /** Width of the input of the query, key and value projections. */
  readonly input: number;
  readonly gpus: number;
  /** Bytes of one number of the KV cache. */
  readonly kvBytes: number;
}

/** A recurrence is kept in fp32, as vLLM and SGLang keep it. */
const STATE_BYTES = 4;
/** The rows that a convolution still needs are kept in bf16. */
const CONVOLUTION_BYTES = 2;
/** Index keys are kept in fp8 with a 4-byte scale each, whatever the KV cache is in (vLLM's DeepSeek-V3.2 indexer). */
const INDEX_BYTES = (dim: number) => dim + 4;

export function mixerWork(mixer: Mixer, options: MixerOptions): MixerWork {
  switch (mixer.kind) {
    case 'gqa':
      return groupedQuery(mixer, options);
    case 'mla':
      return latent(mixer, options);
    case 'compressed':
      return compressed(mixer, options);
    case 'linear':
      return linear(mixer, options);
    case 'mamba2':
      return stateSpace(mixer, options);
  }
}

/** Heads that must divide evenly, and heads that are copied where there are more GPUs than of them. */
export function headCounts(mixer: Mixer): { readonly heads: number; readonly copied: number } {
  switch (mixer.kind) {
    case 'gqa':
      return { heads: mixer.heads, copied: mixer.kvHeads };
    case 'mla':
    case 'compressed':
      return { heads: mixer.heads, copied: 1 };
    case 'linear':
      return { heads: mixer.valueHeads, copied: mixer.keyHeads };
    case 'mamba2':
      return { heads: mixer.heads, copied: mixer.groups };
  }
}

function groupedQuery(a: GroupedQueryAttention, { hidden, input, gpus, kvBytes }: MixerOptions): MixerWork {
  const heads = a.heads / gpus;
  const kvHeads = shared(a.kvHeads, gpus);
  const valueDim = a.valueDim ?? a.headDim;
  const queries = heads * a.headDim * (a.gated ? 2 : 1);
  const keys = kvHeads * (a.headDim + (a.keysAsValues ? 0 : valueDim));
  return {
    products: [
      ['qkv', queries + keys, input],
      ['o', hidden, heads * valueDim],
      ...(a.sparse ? indexProducts(a.sparse, input, input) : []),
    ],
    reads: [
      {
        bytesPerToken: kvHeads * (a.headDim + valueDim) * kvBytes,
        flopsPerPair: 2 * heads * (a.headDim + valueDim),
        window: a.window ?? null,
        most: a.sparse?.tokens ?? null,
      },
      ...indexReads(a.sparse),
    ],
    stateBytes: 0,
    stateFlopsPerToken: 0,
    elements: (heads + kvHeads) * a.headDim,
  };
}

/**
 * Latent attention is weight-absorbed: every head scores and sums the one latent vector, which every GPU keeps whole.
 * k_up and v_up are one product a head in a single batched launch: the heads are folded into the outputs, which keeps
 * weights and FLOPs exact; what else they read and write are elements. Queries and latent vector are made by one product.
 */
function latent(a: LatentAttention, { hidden, input, gpus, kvBytes }: MixerOptions): MixerWork {
  const heads = a.heads / gpus;
  const queryWidth = heads * (a.nopeDim + a.ropeDim);
  const latentWidth = a.kvRank + a.ropeDim;
  return {
    products: [
      ...(a.queryRank > 0
        ? ([
            ['qkv_a', a.queryRank + latentWidth, input],
            ['q_b', queryWidth, a.queryRank],
          ] as const)
        : ([['qkv_a', queryWidth + latentWidth, input]] as const)),
      ['k_up', heads * a.kvRank, a.nopeDim],
      ['v_up', heads * a.valueDim, a.kvRank],
      ['o', hidden, heads * a.valueDim],
      ...(a.gated ? ([['gate', heads * a.valueDim, input]] as const) : []),
      ...(a.sparse ? indexProducts(a.sparse, a.queryRank || input, input) : []),
    ],
    reads: [
      {
        bytesPerToken: (a.kvRank + a.ropeDim) * kvBytes,
        flopsPerPair: 2 * heads * (2 * a.kvRank + a.ropeDim),
        window: null,
        most: a.sparse?.tokens ?? null,
      },
      ...indexReads(a.sparse),
    ],
    stateBytes: 0,
    stateFlopsPerToken: 0,
    elements: (heads + 1) * a.ropeDim + a.queryRank + a.kvRank + ((heads - 1) * (a.nopeDim + a.kvRank)) / 2,
  };
}

/**
 * One key-value vector a token serves all heads; beyond the window it is read compressed, `ratio` tokens to a vector.
 * Compression at the smallest ratio overlaps: it makes twice the width (inference code of DeepSeek-V4).
 */
function compressed(a: CompressedAttention, { hidden, input, gpus, kvBytes }: MixerOptions): MixerWork {
  const heads = a.heads / gpus;
  const overlap = a.sparse === undefined ? 1 : 2;
  const perToken = a.ratio === 0 ? 0 : 1 / a.ratio;
  const read = (bytes: number, flops: number, window: number | null, most: number | null) => ({
    bytesPerToken: bytes,
    flopsPerPair: flops,
    window,
    most,
  });
  const flops = 4 * heads * a.headDim;
  return {
    products: [
      ['q_a', a.queryRank, input],
      ['q_b', heads * a.headDim, a.queryRank],
      ['kv', a.headDim, input],
      ['o_a', (a.outputGroups / gpus) * a.outputRank, (a.heads * a.headDim) / a.outputGroups],
      ['o_b', hidden, (a.outputGroups / gpus) * a.outputRank],
      ...(a.ratio === 0 ? [] : ([['compress', 2 * overlap * a.headDim, input]] as const)),
      ...(a.sparse
        ? ([
            ['index_q', a.sparse.heads * a.sparse.dim, a.queryRank],
            ['index_k', 2 * overlap * a.sparse.dim + a.sparse.heads, input],
          ] as const)
        : []),
    ],
    reads: [
      read(a.headDim * kvBytes, flops, a.window, null),
      ...(a.ratio === 0
        ? []
        : [
            read(
              a.headDim * kvBytes * perToken,
              flops * perToken,
              null,
              a.sparse ? a.sparse.tokens * a.ratio : null,
            ),
          ]),
      ...(a.sparse
        ? [
            read(
              INDEX_BYTES(a.sparse.dim) * perToken,
              2 * a.sparse.heads * a.sparse.dim * perToken,
              null,
              null,
            ),
          ]
        : []),
    ],
    stateBytes: 0,
    stateFlopsPerToken: 0,
    elements: (heads + 1) * a.headDim + a.queryRank,
  };
}

/** A state of keys by values a head: decayed, corrected by an outer product and read, 8 FLOPs a number and token. */
function linear(a: LinearAttention, { hidden, input, gpus }: MixerOptions): MixerWork {
  const keys = shared(a.keyHeads, gpus) * a.keyDim;
  const valueHeads = a.valueHeads / gpus;
  const values = valueHeads * a.valueDim;
  const state = valueHeads * a.keyDim * a.valueDim;
  const convolved = 2 * keys + values;
  const gates = a.gateRank === undefined ? 2 * valueHeads : valueHeads;
  return {
    products: [
      ['in', convolved + values + gates, input],
      ['out', hidden, values],
      ...(a.gateRank === undefined
        ? []
        : ([
            ['forget_a', a.gateRank, input],
            ['forget_b', valueHeads * a.keyDim, a.gateRank],
          ] as const)),
    ],
    reads: [],
    stateBytes: state * STATE_BYTES + convolved * (a.convolution - 1) * CONVOLUTION_BYTES,
    stateFlopsPerToken: 8 * state,
    elements: convolved + 2 * values,
  };
}

/** A state of `headDim` by `stateDim` a head: decayed, added to and read, 6 FLOPs a number and token. */
function stateSpace(a: StateSpace, { hidden, input, gpus }: MixerOptions): MixerWork {
  const heads = a.heads / gpus;
  const inner = heads * a.headDim;
  const convolved = inner + 2 * shared(a.groups, gpus) * a.stateDim;
  const state = inner * a.stateDim;
  return {
    products: [
      ['in', inner + convolved + heads, input],
      ['out', hidden, inner],
    ],
    reads: [],
    stateBytes: state * a.stateBytes + convolved * (a.convolution - 1) * CONVOLUTION_BYTES,
    stateFlopsPerToken: 6 * state,
    elements: convolved + 2 * inner,
  };
}

/** Index queries, keys and the weights of its heads; every GPU has all of them. */
function indexProducts(
  { heads, dim }: SparseIndex,
  queryInput: number,
  input: number,
): (readonly [string, number, number])[] {
  if (heads === 0) return [];
  return [
    ['index_q', heads * dim, queryInput],
    ['index_k', dim + heads, input],
  ];
}

function indexReads(index: SparseIndex | undefined): ContextRead[] {
  if (index === undefined || index.heads === 0) return [];
  const { heads, dim } = index;
  return [{ bytesPerToken: INDEX_BYTES(dim), flopsPerPair: 2 * heads * dim, window: null, most: null }];
}

/** Heads on one GPU of those that are copied when there are more GPUs than of them. */
function shared(heads: number, gpus: number): number {
  return Math.max(1, heads / gpus);
}
