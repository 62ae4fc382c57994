/** The layers that feed forward, on one of the GPUs that share them: dense blocks and experts. */
import type { Experts, FeedForward, Layers, Quantization } from './architecture.ts';
import { type ExpertShape, type Gemm, gemm, split } from './layer.ts';

/** GPUs that share a dense block; experts are shared by groups that each hold some of them whole or in slices. */
export interface FeedForwardOptions {
  readonly hidden: number;
  readonly gpus: number;
  /** GPUs that share one expert, and groups of them. */
  readonly expertGpus: number;
  readonly expertGroups: number;
  /** Of all but the experts. */
  readonly copies: number;
  readonly formats: Quantization;
}

/** The products that every token goes through, the routed experts left out. */
export function feedForwardGemms(of: Layers<FeedForward>, options: FeedForwardOptions): Gemm[] {
  const { hidden, gpus, formats } = options;
  const { layers } = of;
  if (of.kind === 'dense') {
    return block('', of, { hidden, width: split(of.ffn, gpus), layers, format: formats.dense ?? 'bf16' });
  }
  const shared = formats.shared ?? 'bf16';
  return [
    gemm('router', of.count, hidden, layers, 'bf16'),
    ...block('shared_', of, { hidden, width: split(of.sharedFfn, gpus), layers, format: shared }),
    ...(of.latent === undefined
      ? []
      : [
          gemm('latent_in', of.latent, hidden, layers, shared),
          gemm('latent_out', hidden, of.latent, layers, shared),
        ]),
  ];
}

/**
 * How tokens are routed where a card does not say. `share` is assumed: between independence and the 0.4 to 0.6 of reports
 * of strong overlap. `skew` is fitted to the rows of plain serving that calibrate (docs/physics.md, experts); what kernel
 * tables visit under a power law is as few.
 */
export const DEFAULT_ROUTING = { share: 0.25, skew: 0.6, alike: 0 };

/** What a card says of it, or the default. */
export function routingOf({
  share = DEFAULT_ROUTING.share,
  skew = DEFAULT_ROUTING.skew,
  alike = DEFAULT_ROUTING.alike,
}: Experts): Pick<ExpertShape, 'share' | 'skew' | 'alike'> {
  return { share, skew, alike };
}

/** The routed experts that one GPU holds. */
export function expertShape(of: Layers<Experts>, options: FeedForwardOptions): ExpertShape {
  const { hidden, expertGpus, expertGroups, formats } = options;
  const { layers, count, perToken } = of;
  const width = split(of.ffn, expertGpus);
  return {
    layers,
    count,
    perToken,
    ffn: width,
    ...routingOf(of),
    groups: expertGroups,
    gemms: block('expert_', of, {
      hidden: of.latent ?? hidden,
      width,
      layers: 1,
      format: formats.experts ?? 'bf16',
    }),
  };
}

/**
 * Numbers that a token's activation functions read and write, a layer: silu-and-multiply reads 2 widths and writes 1,
 * without a gate it reads 1, for every feed-forward block that the token visits.
 */
export function activationElements(
  of: FeedForward,
  { gpus, expertGpus, expertGroups, copies }: FeedForwardOptions,
): number {
  const streams = of.gated ? 3 : 2;
  if (of.kind === 'dense') return streams * split(of.ffn, gpus);
  const visits = (of.perToken * copies) / expertGroups;
  return streams * (visits * split(of.ffn, expertGpus) + split(of.sharedFfn, gpus));
}

interface BlockOptions {
  readonly hidden: number;
  readonly width: number;
  readonly layers: number;
  readonly format: Gemm['format'];
}

function block(
  prefix: string,
  { gated }: FeedForward,
  { hidden, width, layers, format }: BlockOptions,
): Gemm[] {
  if (width === 0 || layers === 0) return [];
  return [
    gated
      ? gemm(`${prefix}gate_up`, 2 * width, hidden, layers, format)
      : gemm(`${prefix}up`, width, hidden, layers, format),
    gemm(`${prefix}down`, hidden, width, layers, format),
  ];
}
