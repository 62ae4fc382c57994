/**
 * What a transformer is, as far as its cost goes: the shapes of its matrices and of its KV cache.
 *
 * Left out: norms, biases, rotary tables and router biases, which move no bytes worth counting.
 */

/** Attention with grouped queries: each of `kvHeads` key-value heads serves `heads / kvHeads` queries. */
export interface GroupedQueryAttention {
  readonly kind: 'gqa';
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** This many of the layers read only the last `tokens` of context, the others all of it; absent: all read all. */
  readonly slidingWindow?: { readonly tokens: number; readonly layers: number };
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
}

/** A mixture of experts in every layer but the first `denseLayers`. */
export interface Experts {
  readonly count: number;
  readonly perToken: number;
  readonly ffn: number;
  /** Width of the always-on expert, 0 when there is none. */
  readonly sharedFfn: number;
  readonly denseLayers: number;
}

/** A whole model: a target, or a draft model. Widths are numbers of elements. */
export interface Transformer {
  readonly kind: 'transformer';
  readonly name: string;
  readonly layers: number;
  readonly hidden: number;
  readonly ffn: number;
  readonly vocab: number;
  readonly tiedEmbeddings: boolean;
  readonly attention: GroupedQueryAttention | LatentAttention;
  readonly experts: Experts | null;
  /** Extra layers trained to predict further tokens (MTP); they are not part of `layers`. */
  readonly mtpLayers: number;
  /** The model of the same shapes whose draft heads fit this one too. */
  readonly headsOf?: string;
  readonly source: string;
}

/**
 * A draft head: a few layers that read the target's hidden states and share its embedding. A DFlash head drafts a block
 * in one pass: its layers run over the block alone, and of the context see keys and values made from fused hidden states.
 */
export interface DraftHead {
  readonly kind: 'eagle' | 'eagle3' | 'mtp' | 'dflash';
  readonly name: string;
  /** The model card it was trained for. */
  readonly target: string;
  readonly layers: number;
  readonly hidden: number;
  readonly ffn: number;
  readonly attention: GroupedQueryAttention | LatentAttention;
  readonly experts: Experts | null;
  /** Width of the input of the query, key and value projections (2 x hidden for EAGLE-3). */
  readonly attentionInput: number;
  /** The matrix that fuses hidden states to `hidden`: its input width, and whether only the first pass runs it. */
  readonly fusion: { readonly input: number; readonly firstPassOnly: boolean };
  /** Rows of the output matrix: a reduced vocabulary (EAGLE-3) or the target's. */
  readonly vocab: number;
  /** True when the output matrix is the target's own, so that it takes no further memory. */
  readonly sharesOutputMatrix: boolean;
  readonly source: string;
}

/** Number format of the target's linear weights. KV cache, embedding, output matrix and draft heads stay bf16. */
export type Dtype = 'bf16' | 'fp8' | 'int4';
