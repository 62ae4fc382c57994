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
  /**
   * The chances that drafts of some rounds survive, all before them included.
   *
   * @param starts of the rounds, the first `rounds` of them
   * @param into element `round * depths + depth`
   */
  survival(starts: Int32Array, rounds: number, depths: number, into: Float64Array): void;
  /** How many of the first drafts of each round, `most` at most, survive with a chance of at least `least`. */
  reaching(starts: Int32Array, rounds: number, most: number, least: number, into: Uint8Array): void;
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

  survival(starts: Int32Array, rounds: number, depths: number, into: Float64Array): void {
    for (let round = 0; round < rounds; round++) {
      let survives = 1;
      for (let depth = 0; depth < depths; depth++) {
        survives *= this.chance(starts[round]!, depth);
        into[round * depths + depth] = survives;
      }
    }
  }

  reaching(starts: Int32Array, rounds: number, most: number, least: number, into: Uint8Array): void {
    for (let round = 0; round < rounds; round++) {
      let depth = 0;
      for (let survives = 1; depth < most; depth++) {
        survives *= this.chance(starts[round]!, depth);
        if (survives < least) break;
      }
      into[round] = depth;
    }
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
  /** By depth: 16-bit draws below it are right, as many as of those drafts whose predecessors are. */
  readonly #drawn: Int32Array;
  /** Chances by outcome (wrong, right), depth and quantile; small, as every draft looks one up. */
  readonly #table: Float32Array;

  /** @param auc 0.5, which tells nothing, to 1, which knows */
  constructor(lengths: Pick<PositionLengths, 'emitted' | 'offsets' | 'maxK'>, auc: number, seed: number) {
    this.depths = lengths.maxK;
    this.#emitted = lengths.emitted;
    this.#salt = Math.floor(stream(seed, 'confidence')() * 2 ** 32);
    const shares = SHARES.get([lengths.emitted], '', () => sharesRight(lengths));
    this.#drawn = Int32Array.from(shares, (share) => Math.ceil(0x10000 * share));
    this.#table = new Float32Array(2 * this.depths * STEPS);
    const apart = auc === 1 ? Number.POSITIVE_INFINITY : Math.SQRT2 * inverseNormal(auc);
    for (let depth = 0; depth < this.depths; depth++) {
      const share = shares[depth]!;
      for (let step = 0; step < STEPS; step++) {
        const noise = inverseNormal((step + 0.5) / STEPS);
        this.#table[depth * STEPS + step] = chanceOf(share, apart, noise - apart / 2);
        this.#table[(this.depths + depth) * STEPS + step] = chanceOf(share, apart, noise + apart / 2);
      }
    }
  }

  chance(at: number, depth: number): number {
    if (depth >= this.depths) return 0;
    const place = placeOf(at ^ this.#salt, depth, this.#emitted[at]! - 1, this.depths, this.#drawn);
    return this.#table[place]!;
  }

  survival(starts: Int32Array, rounds: number, depths: number, into: Float64Array): void {
    const table = this.#table;
    const drawn = this.#drawn;
    const emitted = this.#emitted;
    const salt = this.#salt;
    const own = this.depths;
    const known = Math.min(depths, own);
    let to = 0;
    for (let round = 0; round < rounds; round++) {
      const at = starts[round]!;
      const salted = at ^ salt;
      const accepted = emitted[at]! - 1;
      let survives = 1;
      for (let depth = 0; depth < known; depth++) {
        survives *= table[placeOf(salted, depth, accepted, own, drawn)]!;
        into[to++] = survives;
      }
      for (let depth = known; depth < depths; depth++) into[to++] = 0;
    }
  }

  reaching(starts: Int32Array, rounds: number, most: number, least: number, into: Uint8Array): void {
    const table = this.#table;
    const drawn = this.#drawn;
    const emitted = this.#emitted;
    const salt = this.#salt;
    const { depths } = this;
    const known = Math.min(most, depths);
    for (let round = 0; round < rounds; round++) {
      const at = starts[round]!;
      const salted = at ^ salt;
      const accepted = emitted[at]! - 1;
      let depth = 0;
      for (let survives = 1; depth < known; depth++) {
        survives *= table[placeOf(salted, depth, accepted, depths, drawn)]!;
        if (survives < least) break;
      }
      into[round] = depth;
    }
  }
}

/** Where the chance of a draft stands in the table; whether it is right is a sign, as a branch would not be foreseen. */
function placeOf(salted: number, depth: number, accepted: number, depths: number, drawn: Int32Array): number {
  let hash = Math.imul(salted + (depth << 20), 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  const behind = accepted - depth;
  // Behind a wrong draft nobody knows the outcome; it is drawn like any other.
  const right = (-behind >>> 31) | ((behind & ((hash & 0xffff) - drawn[depth]!)) >>> 31);
  return (right * depths + depth) * STEPS + (hash >>> 24);
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
