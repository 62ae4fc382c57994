/**
 * A target that drafts for itself, cheaper: in another number format, on the last tokens of its KV cache, or with its first
 * layers alone. It writes to the target's own KV cache, which verification overwrites, so that it reads no prompts and has
 * nothing to catch up on.
 *
 * First layers keep their activations, so that verification runs them over the last draft alone (LayerSkip): it saves their
 * FLOPs and not their bytes.
 *
 * Left out: the search for the tokens that SnapKV keeps; which layers come first, where they are of several kinds; methods
 * that skip layers in between, which keep nothing (SWIFT).
 */
import { UserError } from '../errors.ts';
import type { WeightFormat } from '../number-formats.ts';
import type { Transformer } from './architecture.ts';
import { type ForwardShape, forwardShape, type Layout } from './shape.ts';

/** What of the target drafts; what is absent is as in the target. */
export interface SelfDraft {
  readonly dtype?: WeightFormat;
  /** The last so many tokens of context are read. */
  readonly kvTokens?: number;
  /** So many of the first layers run. */
  readonly layers?: number;
}

/**
 * One draft pass of `target` for itself, beside a target laid out so. Weights count where it has a copy of its own.
 *
 * @throws UserError for more layers than there are
 */
export function selfShape(target: Transformer, layout: Layout, self: SelfDraft): ForwardShape {
  const { dtype = layout.dtype, kvTokens, layers = target.layers } = self;
  if (layers > target.layers) {
    throw new UserError(
      `method self:layers${layers}: ${target.name} has ${target.layers} layers, expected at most that`,
    );
  }
  const whole = forwardShape(target, { ...layout, dtype });
  const shared = forwardShape({ ...target, mixers: [], feedForwards: [] }, { ...layout, dtype }).weightBytes;
  const share = layers / target.layers;
  const of = <T extends { readonly count: number }>(one: T): T => ({ ...one, count: share * one.count });
  return {
    ...whole,
    layers: share * whole.layers,
    gemms: whole.gemms.map(of),
    lastTokenOnly: true,
    ...(self.layers !== undefined && { firstLayers: true }),
    experts: whole.experts && { ...whole.experts, layers: share * whole.experts.layers },
    reads: whole.reads.map((read) => ({
      ...read,
      bytesPerToken: share * read.bytesPerToken,
      flopsPerPair: share * read.flopsPerPair,
      window: kvTokens === undefined ? read.window : Math.min(kvTokens, read.window ?? kvTokens),
    })),
    kvBytesPerToken: 0,
    stateBytes: share * whole.stateBytes,
    stateFlopsPerToken: share * whole.stateFlopsPerToken,
    activationBytesPerToken: share * whole.activationBytesPerToken,
    allReduces: share * whole.allReduces,
    weightBytes: dtype === layout.dtype ? 0 : whole.weightBytes - shared,
  };
}
