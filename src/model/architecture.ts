/**
 * What a transformer is, as far as its cost goes: the shapes of its matrices, of its KV cache and of its states.
 *
 * A model is a list of layers, each of which mixes tokens (attention, or a recurrence with a state) and then feeds them
 * forward (a dense block, or experts); either may be absent. Left out: norms, biases, rotary tables, convolutions and
 * router biases, which move no bytes worth counting.
 */
import type { WeightFormat } from '../number-formats.ts';

/** Attention to the tokens that a small index scores highest, each query token its own (DeepSeek-V3.2). */
export interface SparseIndex {
  /** Most tokens of context a query attends to. */
  readonly tokens: number;
  /** Heads that score, and their width; 0 heads: the choice of an earlier layer is used again. */
  readonly heads: number;
  readonly dim: number;
}

/** Attention with grouped queries: each of `kvHeads` key-value heads serves `heads / kvHeads` queries. */
export interface GroupedQueryAttention {
  readonly kind: 'gqa';
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Width of a head's values; absent: that of its keys. */
  readonly valueDim?: number;
  /** Only the last so many tokens of context are read and kept; absent: all. */
  readonly window?: number;
  /** The query projection also makes a gate of the output. */
  readonly gated?: true;
  /** Values are made by the projection of the keys. */
  readonly keysAsValues?: true;
  readonly sparse?: SparseIndex;
}

/** Multi-head latent attention (DeepSeek): one compressed key-value vector a token, shared by all heads. */
export interface LatentAttention {
  readonly kind: 'mla';
  readonly heads: number;
  /** 0 when queries are projected directly. */
  readonly queryRank: number;
  readonly kvRank: number;
  readonly ropeDim: number;
  readonly nopeDim: number;
  readonly valueDim: number;
  readonly gated?: true;
  readonly sparse?: SparseIndex;
}

/** Attention to the last tokens, and to vectors that each stand for `ratio` earlier ones (DeepSeek-V4). */
export interface CompressedAttention {
  readonly kind: 'compressed';
  readonly heads: number;
  /** Of the one key-value vector, shared by all heads. */
  readonly headDim: number;
  readonly queryRank: number;
  readonly outputRank: number;
  readonly outputGroups: number;
  readonly window: number;
  /** Tokens that one vector stands for; 0: nothing but the window. */
  readonly ratio: number;
  /** Which vectors a query reads; absent: all. `tokens` counts vectors. */
  readonly sparse?: SparseIndex;
}

/** Linear attention with a state of `valueHeads` matrices of keys by values (Gated DeltaNet, Kimi Delta Attention). */
export interface LinearAttention {
  readonly kind: 'linear';
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  /** Tokens that the convolution before it sees. */
  readonly convolution: number;
  /** Rank of the projection of a forget gate for each channel; absent: a gate a head. */
  readonly gateRank?: number;
}

/** A selective state space (Mamba 2). */
export interface StateSpace {
  readonly kind: 'mamba2';
  readonly heads: number;
  readonly headDim: number;
  readonly stateDim: number;
  readonly groups: number;
  readonly convolution: number;
  /** Bytes of one number of the state. */
  readonly stateBytes: number;
}

export type Mixer =
  | GroupedQueryAttention
  | LatentAttention
  | CompressedAttention
  | LinearAttention
  | StateSpace;

/** A dense feed-forward block: gate, up and down; without a gate up and down alone. */
export interface DenseBlock {
  readonly kind: 'dense';
  readonly ffn: number;
  readonly gated: boolean;
}

/** A mixture of experts. */
export interface Experts {
  readonly kind: 'experts';
  readonly count: number;
  readonly perToken: number;
  readonly ffn: number;
  readonly gated: boolean;
  /** Width of all always-on experts together, 0 when there is none. */
  readonly sharedFfn: number;
  /** Width that the routed experts work on, behind a projection down to it; absent: that of the model. */
  readonly latent?: number;
  /** Share of a token's experts that are among those of the token before it in its text; absent: the default. */
  readonly share?: number;
  /** The popularity of experts falls as their rank to this power; absent: the default. */
  readonly skew?: number;
  readonly alike?: number;
}

export type FeedForward = DenseBlock | Experts;

/** So many layers of a kind. */
export type Layers<T> = T & { readonly layers: number };

/** What layers have that a whole model and a draft head are made of. */
export interface Stack {
  readonly layers: number;
  readonly hidden: number;
  readonly mixers: readonly Layers<Mixer>[];
  readonly feedForwards: readonly Layers<FeedForward>[];
}

/** Number formats that a checkpoint keeps its weights and its KV cache in; what is absent is bf16. */
export interface Quantization {
  /** Of attention with a KV cache. */
  readonly attention?: WeightFormat;
  /** Of layers with a state. */
  readonly linear?: WeightFormat;
  readonly dense?: WeightFormat;
  readonly shared?: WeightFormat;
  readonly experts?: WeightFormat;
  readonly outputMatrix?: WeightFormat;
  readonly kv?: 'fp8';
  /** What the checkpoint says and nobody follows. */
  readonly ignored?: string;
}

/** A whole model: a target, or a draft model. Widths are numbers of elements. */
export interface Transformer extends Stack {
  readonly kind: 'transformer';
  readonly name: string;
  readonly vocab: number;
  readonly tiedEmbeddings: boolean;
  /** Extra layers trained to predict further tokens (MTP); they are not part of `layers`. */
  readonly mtpLayers: number;
  /** Most tokens of prompt and output; absent: nobody said. */
  readonly maxContext?: number;
  readonly quantization?: Quantization;
  /** The model of the same shapes whose draft heads fit this one too. */
  readonly headsOf?: string;
  /** A diffusion language model: the tokens of the blocks it writes in. */
  readonly diffusion?: { readonly block: number };
  readonly source: string;
}

/** Heads of layers that attend to the context. */
export const LAYERED_HEADS = ['eagle', 'eagle3', 'p-eagle', 'mtp', 'dflash', 'dspark', 'domino'] as const;

export const HEAD_KINDS = [...LAYERED_HEADS, 'medusa'] as const;

/**
 * A draft head: a few layers that read the target's hidden states and share its embedding. A DFlash head drafts a block
 * in one pass: its layers run over the block alone, and of the context see keys and values made from fused hidden states.
 */
export interface DraftHead extends Stack {
  readonly kind: (typeof HEAD_KINDS)[number];
  readonly name: string;
  /** The model card it was trained for. */
  readonly target: string;
  /** Width of the input of the query, key and value projections (2 x hidden for EAGLE-3). */
  readonly attentionInput: number;
  /** The matrix that fuses hidden states to `hidden`: its input width, and whether only the first pass runs it. */
  readonly fusion: { readonly input: number; readonly firstPassOnly: boolean };
  /** Rows of the output matrix: a reduced vocabulary (EAGLE-3) or the target's. */
  readonly vocab: number;
  /** True when the output matrix is the target's own, so that it takes no further memory. */
  readonly sharesOutputMatrix: boolean;
  /** Matrices of a small head that runs once a drafted token behind the block, outputs by inputs (DSpark, Domino). */
  readonly sequential?: readonly { readonly n: number; readonly k: number }[];
  /**
   * Heads that each draft another token further on, all in one pass over the last token (Medusa): a residual product and
   * an output matrix each. They have no layers, and read nothing of the context.
   */
  readonly heads?: number;
  /** Modules of its shape that a target brings along, one for each further token (MTP); absent: one. */
  readonly modules?: number;
  readonly source: string;
}

/** The experts of a model, of which there is at most one kind; null for a dense one. */
export function expertsOf({ feedForwards }: Stack): Layers<Experts> | null {
  return feedForwards.find((one): one is Layers<Experts> => one.kind === 'experts') ?? null;
}
