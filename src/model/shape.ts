/**
 * From an architecture to the work of one forward pass on one of `tp` GPUs: matrix shapes, KV bytes,
 * attention FLOPs, all-reduces, memory. The cost model sees nothing else of a model.
 *
 * Tensor parallelism as vLLM does it: query, key, value, gate, up and output matrices are split by columns, the
 * matrices that follow them by rows; every GPU keeps the whole router, latent projections and fusion matrix.
 */
import { UserError } from '../errors.ts';
import { KV_BYTES, type KvFormat, type WeightFormat } from '../number-formats.ts';
import {
  type DraftHead,
  expertsOf,
  type Quantization,
  type Stack,
  type Transformer,
} from './architecture.ts';
import {
  activationElements,
  expertShape,
  type FeedForwardOptions,
  feedForwardGemms,
} from './feed-forward.ts';
import { type ContextRead, type ExpertShape, type Gemm, gemm, split } from './layer.ts';
import { headCounts, mixerWork } from './mixers.ts';

/** One forward pass of a model or draft head on one GPU. */
export interface ForwardShape {
  readonly name: string;
  /** Layers that are launched; of a model whose layers only mix or only feed forward, two of them count as one. */
  readonly layers: number;
  /** Products over all tokens of the pass. */
  readonly gemms: readonly Gemm[];
  /** Those beyond the four a layer that a dense model has, whose launches times of an engine hold; 0 of a head. */
  readonly furtherProducts: number;
  /** Whether one pass drafts a whole block (DFlash); else a pass drafts a token. */
  readonly block: boolean;
  /** Whether it runs over the last token of each sequence alone, and over no prompts (Medusa). */
  readonly lastTokenOnly?: true;
  /** So many of it, each with a KV cache of its own: pass j runs the j-th, over all that was emitted; absent: one. */
  readonly modules?: number;
  /** Whether one pass drafts all tokens, over what was emitted and a blank for each but the first. */
  readonly blanks?: true;
  /** Whether it is the target's first layers, whose activations of tokens that it drafted from verification takes over. */
  readonly firstLayers?: true;
  /** Whether it drafts while the target verifies, on GPUs of its own; it reads no prompts. */
  readonly ahead?: true;
  /** Bytes that a draft model has to be told of a token of context: its id, or states of the target. */
  readonly readBytesPerToken: number;
  /**
   * Products over the tokens of a round's first pass only (EAGLE-3's fusion). Of a block drafter: over the context it has
   * not read yet, which the layers themselves never run over.
   */
  readonly firstPassGemms: readonly Gemm[];
  /** Products of a small head that runs once for each token of a block, in turn, behind it. */
  readonly sequential?: readonly Gemm[];
  /** The output matrix, over the rows whose logits are wanted. */
  readonly lmHead: Gemm;
  readonly experts: ExpertShape | null;
  /** Whether tokens of a prompt see those behind them too. */
  readonly bidirectional?: true;
  /** What attention reads of the context, by kind of layer. */
  readonly reads: readonly ContextRead[];
  /** Query heads that read the same keys; 1 for latent attention, whose kernels are not bound by reading. */
  readonly queriesPerKey: number;
  /** Bytes of KV cache a token adds, over all layers that keep one. */
  readonly kvBytesPerToken: number;
  /** Bytes a sequence keeps however long it is (states of linear attention), and FLOPs a token updates them with. */
  readonly stateBytes: number;
  readonly stateFlopsPerToken: number;
  /** Bytes of activations read and written per token outside the matrix products, over all layers. */
  readonly activationBytesPerToken: number;
  /** Copies of all but the experts, which see the tokens of them all; the pass is that of one. */
  readonly copies: number;
  /** Times a pass that tokens are gathered from all copies and their sums scattered again; 0 for one copy. */
  readonly exchanges: number;
  /** All-reduces a pass (0 for one GPU), each of `allReduceBytesPerToken` a token. */
  readonly allReduces: number;
  readonly allReduceBytesPerToken: number;
  /**
   * Bytes of weights resident on the GPU. A model counts its embedding, and its output matrix unless that is the
   * embedding; a draft head counts only what it adds to its target.
   */
  readonly weightBytes: number;
}

/** How a model is laid out: over how many GPUs, in which formats. */
export interface Layout {
  readonly tp: number;
  /** Format of the linear weights; router and embedding stay bf16. `auto`: what the checkpoint says. */
  readonly dtype: WeightFormat | 'auto';
  /** Of the KV cache; default: bf16. */
  readonly kvDtype?: KvFormat;
  /** Groups of GPUs that share out the experts; default: 1, every GPU has a slice of every expert. */
  readonly ep?: number;
  /** Copies of attention, each on `tp` GPUs, that share the experts; default: 1. */
  readonly copies?: number;
}

/** Of a layer: queries, keys and values in one, output, gate and up in one, down. */
const DENSE_PRODUCTS = 4;

const BYTES = 2;
/** Of the id of a token. */
const TOKEN_BYTES = 4;

/**
 * The forward pass of a whole model on one of `tp` GPUs.
 *
 * @throws UserError when the attention heads cannot be split over `tp` GPUs, the experts over `ep` groups, or copies have no
 * experts to share
 */
export function forwardShape(model: Transformer, layout: Layout): ForwardShape {
  const formats = weightFormats(model, layout.dtype);
  const pass = layerPass(model, model.hidden, layout, formats);
  const lmHead = outputMatrix(model, layout.tp, formats.outputMatrix ?? 'bf16');
  const embeddingBytes = split(model.vocab, layout.tp) * model.hidden * BYTES;
  const products = pass.gemms.reduce((sum, { count }) => sum + count, 0);
  return {
    ...pass,
    furtherProducts: Math.max(0, products - DENSE_PRODUCTS * pass.layers),
    block: false,
    readBytesPerToken: TOKEN_BYTES,
    firstPassGemms: [],
    lmHead,
    weightBytes: layerBytes(pass) + (model.tiedEmbeddings ? 0 : bytes(lmHead)) + embeddingBytes,
  };
}

/**
 * One format for all linear weights, or those of the checkpoint. Checkpoints of mixtures in 4 bits keep attention in bf16,
 * and of those that are multiplied in bf16 all but the experts (NVIDIA's in nvfp4, Kimi-K2.5, gpt-oss).
 */
export function weightFormats(
  model: Stack & Pick<Transformer, 'quantization'>,
  dtype: WeightFormat | 'auto',
): Quantization {
  if (dtype === 'auto') return model.quantization ?? {};
  if (expertsOf(model) !== null) {
    if (dtype === 'nvfp4') return { dense: dtype, shared: dtype, experts: dtype };
    if (dtype === 'int4' || dtype === 'mxfp4') return { experts: dtype };
  }
  return { attention: dtype, linear: dtype, dense: dtype, shared: dtype, experts: dtype };
}

/** Like that of a whole model; its format is bf16 unless another is stated. */
type HeadLayout = Omit<Layout, 'dtype'> & { readonly dtype?: WeightFormat };

/**
 * One pass of a draft head beside `target`, split like it.
 *
 * @throws UserError when the head does not fit `target`, or cannot be split over `tp` GPUs
 */
export function headShape(head: DraftHead, target: Transformer, layout: HeadLayout): ForwardShape {
  checkFits(head, target);
  const pass = headPass(head, layout);
  if (!hasOwnWidth(head, target)) return pass;
  return { ...pass, weightBytes: pass.weightBytes + split(target.vocab, layout.tp) * head.hidden * BYTES };
}

/** One pass of a draft head beside any target. Throws a UserError when it cannot be split over `tp` GPUs. */
export function headPass(head: DraftHead, layout: HeadLayout): ForwardShape {
  const { tp, dtype = 'bf16', kvDtype } = layout;
  if (head.heads !== undefined) return medusaPass(head, head.heads, tp, dtype);
  const formats = { attention: dtype, dense: dtype, shared: dtype, experts: dtype };
  const pass = layerPass(head, head.attentionInput, { ...layout, dtype }, formats);
  const fusion = gemm('fusion', head.hidden, head.fusion.input, 1, dtype);
  const lmHead = outputMatrix(head, tp, 'bf16');
  const block = isBlock(head);
  const inTurn = (head.sequential ?? []).map(({ n, k }) => gemm('sequential', split(n, tp), k, 1, dtype));
  // All layers' keys and values of the context in one product, as in vLLM; its weights are those of the layers.
  const keysAndValues = pass.kvBytesPerToken / KV_BYTES[kvDtype ?? 'bf16'];
  const context = gemm('context_kv', keysAndValues, head.hidden, 1, dtype);
  return {
    ...pass,
    furtherProducts: 0,
    block,
    // A fusion that every pass runs takes the embedding of the token too.
    readBytesPerToken: BYTES * (head.fusion.input - (head.fusion.firstPassOnly ? 0 : head.hidden)),
    gemms: head.fusion.firstPassOnly ? pass.gemms : [fusion, ...pass.gemms],
    firstPassGemms: head.fusion.firstPassOnly ? [fusion, ...(block ? [context] : [])] : [],
    ...(inTurn.length > 0 && { sequential: inTurn }),
    lmHead,
    weightBytes:
      layerBytes(pass) +
      bytes(fusion) +
      inTurn.reduce((sum, one) => sum + bytes(one), 0) +
      (head.sharesOutputMatrix ? 0 : bytes(lmHead)),
  };
}

/**
 * All heads in one pass: a square product and an output matrix each. Every GPU keeps the products whole and a slice of the
 * output matrices (vLLM). A head is launched as a layer that only feeds forward is.
 */
function medusaPass(head: DraftHead, heads: number, tp: number, format: WeightFormat): ForwardShape {
  const { name, hidden, vocab } = head;
  const residual = gemm('residual', hidden, hidden, heads, format);
  const lmHead = gemm('lm_head', split(vocab, tp), hidden, heads, 'bf16');
  return {
    name,
    layers: heads / 2,
    gemms: [residual],
    furtherProducts: 0,
    block: false,
    lastTokenOnly: true,
    readBytesPerToken: BYTES * hidden,
    firstPassGemms: [],
    lmHead,
    experts: null,
    reads: [],
    queriesPerKey: 1,
    kvBytesPerToken: 0,
    stateBytes: 0,
    stateFlopsPerToken: 0,
    activationBytesPerToken: 2 * BYTES * heads * hidden,
    copies: 1,
    exchanges: 0,
    allReduces: 0,
    allReduceBytesPerToken: 0,
    weightBytes: bytes(residual) + bytes(lmHead),
  };
}

/** Heads that draft a block in one pass. */
export function isBlock({ kind }: DraftHead): boolean {
  return kind === 'dflash' || kind === 'dspark' || kind === 'domino';
}

type LayerPass = Omit<
  ForwardShape,
  'block' | 'furtherProducts' | 'readBytesPerToken' | 'firstPassGemms' | 'lmHead' | 'weightBytes'
>;

function layerPass(
  of: Stack & { readonly name: string },
  input: number,
  layout: Layout,
  formats: Quantization,
): LayerPass {
  const { tp, copies = 1 } = layout;
  checkSplit(of, tp);
  const { hidden } = of;
  const mixers = of.mixers.map(({ layers, ...mixer }) => ({
    layers,
    format: formats[hasState(mixer.kind) ? 'linear' : 'attention'] ?? 'bf16',
    work: mixerWork(mixer, { hidden, input, gpus: tp, kvBytes: KV_BYTES[layout.kvDtype ?? 'bf16'] }),
  }));
  const feeding: FeedForwardOptions = { hidden, gpus: tp, formats, ...expertGroups(of, layout) };
  const experts = expertsOf(of);
  const reads = mixers.flatMap(({ layers, work }) =>
    work.reads.map((read) => ({
      ...read,
      bytesPerToken: layers * read.bytesPerToken,
      flopsPerPair: layers * read.flopsPerPair,
    })),
  );
  const sum = <T>(items: readonly T[], of: (item: T) => number) =>
    items.reduce((total, item) => total + of(item), 0);
  const parts = sum(of.mixers, ({ layers }) => layers) + sum(of.feedForwards, ({ layers }) => layers);
  return {
    name: of.name,
    layers: parts / 2,
    gemms: [
      ...mixers.flatMap(({ layers, format, work }) =>
        work.products.map(([name, n, k]) => gemm(name, n, k, layers, format)),
      ),
      ...of.feedForwards.flatMap((one) => feedForwardGemms(one, feeding)),
    ],
    experts: experts === null ? null : expertShape(experts, feeding),
    reads,
    queriesPerKey: queriesPerKey(of),
    kvBytesPerToken: sum(reads, ({ bytesPerToken }) => bytesPerToken),
    stateBytes: sum(mixers, ({ layers, work }) => layers * work.stateBytes),
    stateFlopsPerToken: sum(mixers, ({ layers, work }) => layers * work.stateFlopsPerToken),
    activationBytesPerToken:
      // A residual add fused with a norm reads both inputs and writes residual and norm; small kernels work in place.
      BYTES *
      (parts * 4 * hidden +
        sum(mixers, ({ layers, work }) => layers * 2 * work.elements) +
        sum(of.feedForwards, (one) => one.layers * activationElements(one, feeding))),
    copies: experts === null ? 1 : copies,
    exchanges: copies > 1 && experts !== null ? experts.layers : 0,
    // Where copies share experts, their sums are scattered instead.
    allReduces: tp > 1 ? parts - (copies > 1 && experts !== null ? experts.layers : 0) : 0,
    allReduceBytesPerToken: BYTES * hidden,
  };
}

function queriesPerKey({ mixers }: Stack): number {
  const grouped = mixers.find((mixer) => mixer.kind === 'gqa');
  return grouped === undefined ? 1 : grouped.heads / grouped.kvHeads;
}

function hasState(kind: Stack['mixers'][number]['kind']): boolean {
  return kind === 'linear' || kind === 'mamba2';
}

/** @throws UserError for groups that do not divide the GPUs and the experts */
function expertGroups(
  of: Stack & { readonly name: string },
  { tp, ep = 1, copies = 1 }: Layout,
): Pick<FeedForwardOptions, 'expertGpus' | 'expertGroups' | 'copies'> {
  const experts = expertsOf(of);
  if (experts === null) {
    if (ep === 1 && copies === 1) return { expertGpus: tp, expertGroups: 1, copies: 1 };
    throw new UserError(
      `${ep > 1 ? `--ep ${ep}` : `--dp-attention ${copies}`}: ${of.name} has no experts to share, expected 1 (--replicas makes copies of a dense model)`,
    );
  }
  const gpus = tp * copies;
  if (gpus % ep !== 0 || experts.count % ep !== 0) {
    throw new UserError(
      `--ep ${ep}: ${of.name} has ${experts.count} experts on ${gpus} GPUs, expected a number that divides both`,
    );
  }
  return { expertGpus: gpus / ep, expertGroups: ep, copies };
}

function outputMatrix(of: Transformer | DraftHead, tp: number, format: WeightFormat): Gemm {
  return gemm('lm_head', split(of.vocab, tp), of.hidden, 1, format);
}

function bytes(one: Gemm): number {
  return one.n * one.k * one.count * one.bytesPerWeight;
}

function layerBytes({ gemms, experts }: LayerPass): number {
  const sum = (of: readonly Gemm[]) => of.reduce((total, one) => total + bytes(one), 0);
  return sum(gemms) + (experts ? (experts.layers * experts.count * sum(experts.gemms)) / experts.groups : 0);
}

function checkSplit({ name, mixers }: Stack & { readonly name: string }, tp: number): void {
  const counts = mixers.map(headCounts);
  const splits = (gpus: number) =>
    counts.every(({ heads, copied }) => heads % gpus === 0 && (copied % gpus === 0 || gpus % copied === 0));
  if (Number.isInteger(tp) && tp >= 1 && splits(tp)) return;
  const most = Math.max(...counts.map(({ heads }) => heads));
  const valid = Array.from({ length: most }, (_, i) => i + 1).filter(splits);
  const [first] = mixers;
  const shape =
    first?.kind === 'gqa'
      ? `${first.heads} query and ${first.kvHeads} key-value heads`
      : `${counts[0]!.heads} heads`;
  throw new UserError(`tp ${tp}: ${name} has ${shape}, so expected tp to be one of ${valid.join(', ')}`);
}

/**
 * Whether a head that is narrower than its target reads it all the same: it fuses the target's states to its own width,
 * and has an embedding and an output matrix of that width (EAGLE-3 of Llama-3.3-70B).
 */
export function hasOwnWidth(
  { hidden, fusion, sharesOutputMatrix }: DraftHead,
  target: Pick<Transformer, 'hidden'>,
): boolean {
  const states = fusion.input / target.hidden;
  const fuses = fusion.firstPassOnly && Number.isInteger(states) && states >= LEAST_FUSED;
  return hidden < target.hidden && fuses && !sharesOutputMatrix;
}

/** Hidden states of the target that a head fuses at least. */
const LEAST_FUSED = 3;

/** A head shares the target's embedding, and some share its output matrix: the widths must agree. */
function checkFits(head: DraftHead, target: Transformer): void {
  const misfit = (what: string, got: number, expected: number) =>
    new UserError(
      `draft head ${head.name} (trained for ${head.target}) does not fit ${target.name}: ${what} is ${got}, expected ${expected}`,
    );
  if (head.hidden !== target.hidden && !hasOwnWidth(head, target))
    throw misfit('hidden', head.hidden, target.hidden);
  if (head.sharesOutputMatrix && head.vocab !== target.vocab) {
    throw misfit('vocab', head.vocab, target.vocab);
  }
}
