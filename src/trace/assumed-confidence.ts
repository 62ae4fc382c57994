/**
 * Confidence where none was recorded: assumed to be calibrated and to tell right drafts from wrong ones so well as the
 * area under its ROC curve (AUC) says. What it is built on is normal, with a mean that lies `d` standard deviations higher
 * for right drafts, `AUC = Phi(d / sqrt 2)`, and the chance follows by Bayes from the share of right drafts at that depth.
 *
 * For each number of drafts that a round accepts 1,024 chains are drawn beforehand, in which every quantile of every depth
 * comes up equally often (a Latin hypercube; McKay et al. 1979); a hash of where a round starts says which is its own.
 * As the chains happen to lie, confidences of rounds so many tokens apart are correlated by up to 0.06 either way.
 *
 * Left out: any relation between the confidences of neighbouring drafts beyond that between their outcomes.
 */
import { lesser } from '../columns.ts';
import { Memo, once } from '../memo.ts';
import { inverseNormal } from '../random/inverse-normal.ts';
import { stream } from '../random/streams.ts';
import { RecordedSignal, type Signal } from './confidence-signal.ts';
import { reaches, survivalWords, wordsFor } from './survival-levels.ts';
import type { PositionLengths } from './trace.ts';

/**
 * Of a trained confidence head: DeepSpec's evaluator has 0.87, 0.87 and 0.91 for the first draft of DSpark heads of
 * Gemma-4-12B on three data sets, 0.78 to 0.82 after a 50th of the training. EAGLE-2 (arXiv 2406.16858, fig. 6) found
 * the probabilities of its drafts calibrated: 4 % of those below 0.05 are right, 98 % of those above 0.95.
 */
export const ASSUMED_AUC = 0.87;
/** Standard error of it: those measurements lie within two. */
export const ASSUMED_AUC_ERROR = 0.04;

const CHAIN_BITS = 10;
const CHAINS = 1 << CHAIN_BITS;
/** Quantiles of one depth and outcome. */
const STEP_BITS = 8;
const STEPS = 1 << STEP_BITS;

/** By depth and chain: a quantile of the confidence, and one by which a draft behind a wrong one is right or not. */
const QUANTILES = once(() => [] as Int32Array[]);

function quantiles(column: number): Int32Array {
  const known = QUANTILES();
  while (known.length <= column) known.push(shuffled(CHAINS, known.length));
  return known[column]!;
}

function shuffled(count: number, column: number): Int32Array {
  const draw = stream(1, 'chains of confidence', column);
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = Math.floor(draw() * (i + 1));
    const own = order[i]!;
    order[i] = order[other]!;
    order[other] = own;
  }
  return order;
}

/** The same for all seeds. */
interface Chains {
  /** By drafts accepted, chain and depth. */
  readonly chances: Float32Array;
  readonly words: Int32Array;
}

const KNOWN = new Memo<Chains>();

type Accepted = Pick<PositionLengths, 'emitted' | 'offsets' | 'maxK'>;

export class AssumedSignal implements Signal {
  readonly depths: number;
  readonly words: Int32Array;
  readonly #chances: Float32Array;
  readonly #emitted: Uint8Array;
  readonly #salt: number;

  /**
   * @param auc 0.5, which tells nothing, to 1, which knows
   * @param depths drafts that it is asked about, at most
   */
  constructor(lengths: Accepted, auc: number, seed: number, depths = lengths.maxK) {
    this.depths = Math.min(depths, lengths.maxK);
    this.#emitted = lengths.emitted;
    this.#salt = (stream(seed, 'confidence')() * 2 ** 32) | 0;
    const { chances, words } = KNOWN.get([lengths.emitted], `${auc}/${this.depths}`, () =>
      chainsOf(lengths, auc, this.depths),
    );
    this.#chances = chances;
    this.words = words;
  }

  chance(at: number, depth: number): number {
    const chain = chainOf(at ^ this.#salt, this.#emitted[at]! - 1, this.depths);
    return depth < this.depths ? this.#chances[chain * this.depths + depth]! : 0;
  }

  places(starts: Int32Array, rounds: number, into: Int32Array): void {
    const { depths } = this;
    const emitted = this.#emitted;
    const salt = this.#salt;
    const each = wordsFor(depths);
    for (let i = 0; i < rounds; i++) {
      const at = starts[i]!;
      into[i] = chainOf(at ^ salt, emitted[at]! - 1, depths) * each;
    }
  }

  reaching(starts: Int32Array, rounds: number, level: number, most: number, into: Uint8Array): void {
    const { depths, words } = this;
    const emitted = this.#emitted;
    const salt = this.#salt;
    const each = wordsFor(depths);
    for (let i = 0; i < rounds; i++) {
      const at = starts[i]!;
      const place = chainOf(at ^ salt, emitted[at]! - 1, depths) * each;
      into[i] = lesser(reaches(words, place, each, level), most);
    }
  }
}

/** The chain of a round: one of those that accept as many drafts. */
function chainOf(salted: number, accepted: number, depths: number): number {
  const chain = Math.imul(salted, 0x9e3779b1) >>> (32 - CHAIN_BITS);
  return (lesser(accepted, depths) << CHAIN_BITS) + chain;
}

/** The recorded signal of some lengths, or else one of this AUC, for so many drafts at most. */
export function signalOf(
  lengths: PositionLengths,
  auc: number | null,
  seed: number,
  depths = lengths.maxK,
): Signal {
  const { confidence } = lengths;
  return confidence !== undefined && auc === null
    ? new RecordedSignal(confidence, depths)
    : new AssumedSignal(lengths, auc ?? ASSUMED_AUC, seed, depths);
}

function chainsOf(lengths: Accepted, auc: number, depths: number): Chains {
  const shares = sharesRight(lengths);
  const apart = auc === 1 ? Number.POSITIVE_INFINITY : Math.SQRT2 * inverseNormal(auc);
  // By depth, outcome (wrong, right) and quantile.
  const values = new Float32Array(2 * depths * STEPS);
  for (let at = 0; at < values.length; at++) {
    const noise = inverseNormal(((at % STEPS) + 0.5) / STEPS);
    const right = (at >> STEP_BITS) & 1;
    values[at] = chanceOf(shares[at >> (STEP_BITS + 1)]!, apart, noise + (right - 0.5) * apart);
  }
  const chances = new Float32Array((depths + 1) * CHAINS * depths);
  for (let depth = 0; depth < depths; depth++) {
    const ownQuantile = quantiles(2 * depth);
    const outcome = quantiles(2 * depth + 1);
    for (let accepted = 0; accepted <= depths; accepted++) {
      for (let chain = 0; chain < CHAINS; chain++) {
        // Behind a wrong draft nobody knows the outcome; it is drawn like any other.
        const drawn = outcome[chain]! + 0.5 < CHAINS * shares[depth]!;
        const right = depth < accepted || (depth > accepted && drawn);
        const quantile = ownQuantile[chain]! >> (CHAIN_BITS - STEP_BITS);
        const at = (accepted * CHAINS + chain) * depths + depth;
        chances[at] = values[((2 * depth + Number(right)) << STEP_BITS) + quantile]!;
      }
    }
  }
  const rounds = (depths + 1) * CHAINS;
  return {
    chances,
    words: survivalWords((chain, depth) => chances[chain * depths + depth]!, rounds, depths),
  };
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
function sharesRight({ emitted, offsets, maxK }: Accepted): Float64Array {
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
