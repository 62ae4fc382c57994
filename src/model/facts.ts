/** What there is to know of a model or head before anything runs: how large it is, and what it keeps of a context. */

import { KV_BYTES, type KvFormat } from '../number-formats.ts';
import type { DraftHead, Mixer, Transformer } from './architecture.ts';
import type { Gemm } from './layer.ts';
import { mixerWork } from './mixers.ts';
import { type ForwardShape, forwardShape, headPass } from './shape.ts';

export interface LayerKind {
  /** Such as `attention, window 128`, `mamba2`, `128 experts, 8 a token`. */
  readonly kind: string;
  readonly layers: number;
  /** Bytes of KV cache a token of context, over these layers, and of states a sequence. */
  readonly kvBytesPerToken: number;
  readonly stateBytes: number;
}

export interface ModelFacts {
  readonly kind: 'model' | 'head';
  readonly name: string;
  /** MTP layers and encoders of other media left out; of a head, what it adds to its target. */
  readonly parameters: number;
  /** Weights read for one token; the embedding is a gather. */
  readonly activeParameters: number;
  readonly weightBytes: number;
  /** The same by number format. */
  readonly bytesByFormat: Readonly<Record<string, number>>;
  readonly kvBytesPerToken: number;
  readonly stateBytes: number;
  readonly maxContext: number | null;
  readonly layers: readonly LayerKind[];
  readonly source: string;
}

/** On one GPU, in the formats that the checkpoint states. */
export function modelFacts(card: Transformer | DraftHead): ModelFacts {
  const kv: KvFormat = card.kind === 'transformer' ? (card.quantization?.kv ?? 'bf16') : 'bf16';
  const shape =
    card.kind === 'transformer'
      ? forwardShape(card, { tp: 1, dtype: 'auto', kvDtype: kv })
      : headPass(card, { tp: 1 });
  const ownsOutput = card.kind === 'transformer' ? !card.tiedEmbeddings : !card.sharesOutputMatrix;
  const embedding = card.kind === 'transformer' ? card.vocab * card.hidden : 0;
  const fusion = shape.firstPassGemms.filter(({ name }) => name === 'fusion');
  const own = [...shape.gemms, ...fusion, ...(ownsOutput ? [shape.lmHead] : [])];
  const { experts } = shape;
  const expertWeights = experts === null ? 0 : experts.layers * weights(experts.gemms);
  return {
    kind: card.kind === 'transformer' ? 'model' : 'head',
    name: card.name,
    parameters: weights(own) + expertWeights * (experts?.count ?? 0) + embedding,
    activeParameters:
      weights([...shape.gemms, ...fusion, shape.lmHead]) + expertWeights * (experts?.perToken ?? 0),
    weightBytes: shape.weightBytes,
    bytesByFormat: bytesByFormat(own, shape, 2 * embedding),
    kvBytesPerToken: shape.kvBytesPerToken,
    stateBytes: shape.stateBytes,
    maxContext: card.kind === 'transformer' ? (card.maxContext ?? null) : null,
    layers: layerKinds(card, KV_BYTES[kv]),
    source: card.source,
  };
}

function weights(gemms: readonly Gemm[]): number {
  return gemms.reduce((sum, { n, k, count }) => sum + n * k * count, 0);
}

function bytesByFormat(
  own: readonly Gemm[],
  { experts }: ForwardShape,
  embedding: number,
): Record<string, number> {
  const sums: Record<string, number> = embedding > 0 ? { bf16: embedding } : {};
  const add = ({ format, n, k, count, bytesPerWeight }: Gemm, copies: number) => {
    sums[format] = (sums[format] ?? 0) + copies * n * k * count * bytesPerWeight;
  };
  for (const one of own) add(one, 1);
  for (const one of experts?.gemms ?? []) add(one, experts!.layers * experts!.count);
  return sums;
}

function layerKinds({ mixers, feedForwards, hidden }: Transformer | DraftHead, kvBytes: number): LayerKind[] {
  return [
    ...mixers.map(({ layers, ...mixer }) => {
      const { reads, stateBytes } = mixerWork(mixer, { hidden, input: hidden, gpus: 1, kvBytes });
      const perToken = reads.reduce((sum, read) => sum + read.bytesPerToken, 0);
      return {
        kind: mixerName(mixer),
        layers,
        kvBytesPerToken: layers * perToken,
        stateBytes: layers * stateBytes,
      };
    }),
    ...feedForwards.map((one) => ({
      kind: one.kind === 'dense' ? `dense, ${one.ffn} wide` : `${one.count} experts, ${one.perToken} a token`,
      layers: one.layers,
      kvBytesPerToken: 0,
      stateBytes: 0,
    })),
  ];
}

function mixerName(mixer: Mixer): string {
  switch (mixer.kind) {
    case 'gqa':
      if (mixer.sparse) return `attention, at most ${mixer.sparse.tokens} tokens`;
      return mixer.window === undefined ? 'attention' : `attention, window ${mixer.window}`;
    case 'mla':
      return mixer.sparse ? `latent attention, at most ${mixer.sparse.tokens} tokens` : 'latent attention';
    case 'compressed':
      return mixer.ratio === 0
        ? `latent attention, window ${mixer.window}`
        : `latent attention, 1 of ${mixer.ratio} tokens kept`;
    case 'linear':
      return 'linear attention';
    case 'mamba2':
      return 'Mamba 2';
  }
}
