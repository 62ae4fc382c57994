/**
 * From an architecture to the work of one forward pass on one of `tp` GPUs: matrix shapes, KV bytes,
 * attention FLOPs, all-reduces, memory. The cost model sees nothing else of a model.
 *
 * Tensor parallelism as vLLM does it: query, key, value, gate, up and output matrices are split by columns, the
 * matrices that follow them by rows; every GPU keeps the whole router, latent projections and fusion matrix.
 */
import { UserError } from '../errors.ts';
import type { DraftHead, Dtype, Transformer } from './architecture.ts';
import {
  type AttentionCost,
  activationBytesPerToken,
  attentionCost,
  type ExpertShape,
  expertShape,
  type Gemm,
  gemm,
  type Layers,
  layerGemms,
  PRECISION,
  type Precision,
  split,
} from './layer.ts';

/** One forward pass of a model or draft head on one GPU. */
export interface ForwardShape extends AttentionCost {
  readonly name: string;
  readonly layers: number;
  /** Products over all tokens of the pass. */
  readonly gemms: readonly Gemm[];
  /** Whether one pass drafts a whole block (DFlash); else a pass drafts a token. */
  readonly block: boolean;
  /**
   * Products over the tokens of a round's first pass only (EAGLE-3's fusion). Of a block drafter: over the context it has
   * not read yet, which the layers themselves never run over.
   */
  readonly firstPassGemms: readonly Gemm[];
  /** The output matrix, over the rows whose logits are wanted. */
  readonly lmHead: Gemm;
  readonly experts: ExpertShape | null;
  /** Bytes of activations read and written per token outside the matrix products, over all layers. */
  readonly activationBytesPerToken: number;
  /** All-reduces a pass (0 for one GPU), each of `allReduceBytesPerToken` a token. */
  readonly allReduces: number;
  readonly allReduceBytesPerToken: number;
  /**
   * Bytes of weights resident on the GPU. A model counts its embedding, and its output matrix unless that is the
   * embedding; a draft head counts only what it adds to its target.
   */
  readonly weightBytes: number;
}

/**
 * The forward pass of a whole model on one of `tp` GPUs.
 *
 * @param options.dtype number format of the linear weights; router, embedding and output matrix stay bf16
 * @throws UserError when the attention heads cannot be split over `tp` GPUs
 */
export function forwardShape(
  model: Transformer,
  options: { readonly tp: number; readonly dtype: Dtype },
): ForwardShape {
  const { tp, dtype } = options;
  const pass = layerPass(model, { ...model, attentionInput: model.hidden }, tp, PRECISION[dtype]);
  const lmHead = outputMatrix(model, tp);
  const vocabularyBytes = bytes(lmHead) * (model.tiedEmbeddings ? 1 : 2);
  return {
    ...pass,
    block: false,
    firstPassGemms: [],
    lmHead,
    weightBytes: layerBytes(pass) + vocabularyBytes,
  };
}

/**
 * One pass of a draft head, in bf16, split like its target.
 *
 * @throws UserError when the head does not fit `target`, or cannot be split over `tp` GPUs
 */
export function headShape(
  head: DraftHead,
  target: Transformer,
  options: { readonly tp: number },
): ForwardShape {
  checkFits(head, target);
  const { tp } = options;
  const pass = layerPass(head, head, tp, PRECISION.bf16);
  const fusion = gemm('fusion', head.hidden, head.fusion.input, 1, PRECISION.bf16);
  const lmHead = outputMatrix(head, tp);
  const block = head.kind === 'dflash';
  // All layers' keys and values of the context in one product, as in vLLM; its weights are those of the layers.
  const context = gemm('context_kv', pass.kvBytesPerToken / 2, head.hidden, 1, PRECISION.bf16);
  return {
    ...pass,
    block,
    gemms: head.fusion.firstPassOnly ? pass.gemms : [fusion, ...pass.gemms],
    firstPassGemms: head.fusion.firstPassOnly ? [fusion, ...(block ? [context] : [])] : [],
    lmHead,
    weightBytes: layerBytes(pass) + bytes(fusion) + (head.sharesOutputMatrix ? 0 : bytes(lmHead)),
  };
}

type LayerPass = Omit<ForwardShape, 'block' | 'firstPassGemms' | 'lmHead' | 'weightBytes'>;

function layerPass(of: Transformer | DraftHead, layers: Layers, tp: number, precision: Precision): LayerPass {
  checkSplit(of, tp);
  return {
    name: of.name,
    layers: of.layers,
    gemms: layerGemms(layers, tp, precision),
    experts: expertShape(layers, tp, precision),
    ...attentionCost(layers, tp),
    activationBytesPerToken: activationBytesPerToken(layers, tp),
    allReduces: tp > 1 ? 2 * of.layers : 0,
    allReduceBytesPerToken: 2 * of.hidden,
  };
}

function outputMatrix(of: Transformer | DraftHead, tp: number): Gemm {
  return gemm('lm_head', split(of.vocab, tp), of.hidden, 1, PRECISION.bf16);
}

function bytes(one: Gemm): number {
  return one.n * one.k * one.count * one.bytesPerWeight;
}

function layerBytes({ gemms, experts }: LayerPass): number {
  const sum = (of: readonly Gemm[]) => of.reduce((total, one) => total + bytes(one), 0);
  return sum(gemms) + (experts ? experts.layers * experts.count * sum(experts.gemms) : 0);
}

function checkSplit({ name, attention }: Transformer | DraftHead, tp: number): void {
  const { heads } = attention;
  const kvHeads = attention.kind === 'gqa' ? attention.kvHeads : 1;
  const splits = (gpus: number) => heads % gpus === 0 && (kvHeads % gpus === 0 || gpus % kvHeads === 0);
  if (Number.isInteger(tp) && tp >= 1 && splits(tp)) return;
  const valid = Array.from({ length: heads }, (_, i) => i + 1).filter(splits);
  const shape = attention.kind === 'gqa' ? `${heads} query and ${kvHeads} key-value heads` : `${heads} heads`;
  throw new UserError(`tp ${tp}: ${name} has ${shape}, so expected tp to be one of ${valid.join(', ')}`);
}

/** A head shares the target's embedding, and some share its output matrix: the widths must agree. */
function checkFits(head: DraftHead, target: Transformer): void {
  const misfit = (what: string, got: number, expected: number) =>
    new UserError(
      `draft head ${head.name} (trained for ${head.target}) does not fit ${target.name}: ${what} is ${got}, expected ${expected}`,
    );
  if (head.hidden !== target.hidden) throw misfit('hidden', head.hidden, target.hidden);
  if (head.sharesOutputMatrix && head.vocab !== target.vocab) {
    throw misfit('vocab', head.vocab, target.vocab);
  }
}
