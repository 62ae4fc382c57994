/**
 * What a drafter says of its drafts before they are verified: of each the chance that it is right, given those before it.
 * Recorded, or else assumed to be calibrated and to tell right drafts from wrong ones so well as the area under its ROC
 * curve (AUC) says: what it is built on is normal, with a mean that lies `d` standard deviations higher for right
 * drafts, `AUC = Phi(d / sqrt 2)`, and the chance follows by Bayes from the share of right drafts at that depth.
 *
 * Left out: any relation between the confidences of neighbouring drafts beyond that between their outcomes.
 */
import { Memo } from '../memo.ts';
import { inverseNormal } from '../random/inverse-normal.ts';
import { stream } from '../random/streams.ts';
import type { TokenConfidence } from './token-confidence.ts';
import type { PositionLengths } from './trace.ts';

/**
 * Of a trained confidence head: DeepSpec's evaluator has 0.87, 0.87 and 0.91 for the first draft of DSpark heads of
 * Gemma-4-12B on three data sets, 0.78 to 0.82 after a 50th of the training. EAGLE-2 (arXiv 2406.16858, fig. 6) found
 * the probabilities of its drafts calibrated: 4 % of those below 0.05 are right, 98 % of those above 0.95.
 */
export const ASSUMED_AUC = 0.87;
/** Standard error of it: those measurements lie within two. */
export const ASSUMED_AUC_ERROR = 0.04;

export interface Signal {
  /** Drafts of a round that it speaks of; further ones have no chance. */
  readonly depths: number;
  /** @param at element of the flat lengths at which the round starts; @param depth drafts before this one */
  chance(at: number, depth: number): number;
}

/** The recorded signal of some lengths, or else one of this AUC. */
export function signalOf(lengths: PositionLengths, auc: number | null, seed: number): Signal {
  const { confidence } = lengths;
  return confidence !== undefined && auc === null
    ? new RecordedSignal(confidence)
    : new AssumedSignal(lengths, auc ?? ASSUMED_AUC, seed);
}

export class RecordedSignal implements Signal {
  readonly depths: number;
  readonly #list: Uint8Array;

  constructor({ depths, list }: TokenConfidence) {
    this.depths = depths;
    this.#list = list;
  }

  chance(at: number, depth: number): number {
    return depth < this.depths ? this.#list[at * this.depths + depth]! / 255 : 0;
  }
}

/** They are those of all settings. */
const SHARES = new Memo<Float64Array>();

/** Values of a table for one depth and outcome: quantiles in equal steps. */
const STEPS = 256;

export class AssumedSignal implements Signal {
  readonly depths: number;
  readonly #emitted: Uint8Array;
  readonly #salt: number;
  /** Share of drafts at a depth that are right, of those whose predecessors are. */
  readonly #right: Float64Array;
  /** Chances by outcome (wrong, right), depth and quantile; small, as every draft looks one up. */
  readonly #table: Float32Array;

  /** @param auc 0.5, which tells nothing, to 1, which knows */
  constructor(lengths: Pick<PositionLengths, 'emitted' | 'offsets' | 'maxK'>, auc: number, seed: number) {
    this.depths = lengths.maxK;
    this.#emitted = lengths.emitted;
    this.#salt = Math.floor(stream(seed, 'confidence')() * 2 ** 32);
    this.#right = SHARES.get([lengths.emitted], '', () => sharesRight(lengths));
    this.#table = new Float32Array(2 * this.depths * STEPS);
    const apart = auc === 1 ? Number.POSITIVE_INFINITY : Math.SQRT2 * inverseNormal(auc);
    for (let depth = 0; depth < this.depths; depth++) {
      for (let step = 0; step < STEPS; step++) {
        const noise = inverseNormal((step + 0.5) / STEPS);
        this.#table[depth * STEPS + step] = chanceOf(this.#right[depth]!, apart, noise - apart / 2);
        this.#table[(this.depths + depth) * STEPS + step] = chanceOf(
          this.#right[depth]!,
          apart,
          noise + apart / 2,
        );
      }
    }
  }

  chance(at: number, depth: number): number {
    if (depth >= this.depths) return 0;
    let hash = Math.imul((at ^ this.#salt) + (depth << 20), 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    const accepted = this.#emitted[at]! - 1;
    // Behind a wrong draft nobody knows the outcome; it is drawn like any other.
    const right =
      depth < accepted || (depth > accepted && (hash & 0xffff) < 0x10000 * this.#right[depth]!) ? 1 : 0;
    return this.#table[(right * this.depths + depth) * STEPS + (hash >>> 24)]!;
  }
}

/** By Bayes, from the share that is right and how far the reading speaks for it. */
function chanceOf(share: number, apart: number, reading: number): number {
  if (share === 0 || share === 1) return share;
  if (apart === Number.POSITIVE_INFINITY) return reading > 0 ? 1 : 0;
  return 1 / (1 + ((1 - share) / share) * Math.exp(-apart * reading));
}

/** Draft length of the rounds that the shares are of: where rounds start depends on it, and where they start on how they go on. */
const USUAL_LENGTH = 4;

/** Element d: of the rounds that would accept at least d drafts, the share that accept one more. */
function sharesRight({
  emitted,
  offsets,
  maxK,
}: Pick<PositionLengths, 'emitted' | 'offsets' | 'maxK'>): Float64Array {
  const ending = new Float64Array(maxK + 1);
  for (let r = 0; r + 1 < offsets.length; r++) {
    for (let at = offsets[r]! + 1; at < offsets[r + 1]!; at += Math.min(emitted[at]!, USUAL_LENGTH + 1)) {
      ending[emitted[at]! - 1]!++;
    }
  }
  const shares = new Float64Array(maxK);
  let beyond = ending[maxK]!;
  for (let d = maxK - 1; d >= 0; d--) {
    const reached = beyond + ending[d]!;
    shares[d] = reached === 0 ? 0 : beyond / reached;
    beyond = reached;
  }
  return shares;
}
