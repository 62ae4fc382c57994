/**
 * How sure a measure is, as far as the choice of requests goes: whole requests are drawn again with
 * replacement, never single rounds, since requests differ more than rounds do.
 */
import { stream } from '../random/streams.ts';

/** A measure that is a sum over requests divided by another: element r of each belongs to request r. */
export interface RatioOfSums {
  readonly over: Float64Array;
  readonly under: Float64Array;
}

export const DRAWS = 400;

/** Matrices of draws: a run and its pages have one, a sweep with several traces a few. */
const KEPT = 4;

/** Beyond so many requests they are drawn in groups, each request with the same others in every draw. */
const MOST_UNITS = 2_000;

/**
 * Resamples of one set of requests. All measures of it see the same draws, so that differences are paired.
 *
 * What is drawn is a request, or of very many a group of them: groups of independent requests are as independent, and
 * the spread of 2,000 of them is known to 1.6 %, an interval of 400 draws to 7 %.
 */
export class Bootstrap {
  static #kept: { readonly key: string; readonly drawn: Int32Array }[] = [];

  /** Requests, or groups of them: request r is in unit r modulo their number. */
  readonly #units: number;
  /** Unit of draw d at place i: element `d * units + i`. */
  readonly #drawn: Int32Array;

  constructor(requests: number, seed: number) {
    const units = Math.min(requests, MOST_UNITS);
    this.#units = units;
    this.#drawn = Bootstrap.#draws(requests, units, seed);
  }

  /** The same requests and seed have the same draws: those asked for last are kept. */
  static #draws(requests: number, units: number, seed: number): Int32Array {
    const key = `${requests} ${units} ${seed}`;
    const known = Bootstrap.#kept.find((one) => one.key === key);
    const drawn = known?.drawn ?? new Int32Array(DRAWS * units);
    if (known === undefined) {
      const draw = stream(seed, 'bootstrap', requests);
      for (let i = 0; i < drawn.length; i++) drawn[i] = Math.floor(draw() * units);
      Bootstrap.#kept = [{ key, drawn }, ...Bootstrap.#kept].slice(0, KEPT);
    }
    return drawn;
  }

  /** Logarithm of the measure in each draw. */
  logMeasures({ over, under }: RatioOfSums): Float64Array {
    const logs = new Float64Array(DRAWS);
    const overOf = this.#byUnit(over);
    const underOf = this.#byUnit(under);
    const each = underOf[0]!;
    const even = underOf.every((value) => value === each);
    for (let d = 0; d < DRAWS; d++) {
      logs[d] = Math.log(this.#sum(overOf, d) / (even ? this.#units * each : this.#sum(underOf, d)));
    }
    return logs;
  }

  /** Of what draw `d` drew. */
  #sum(values: Float64Array, d: number): number {
    const drawn = this.#drawn;
    let sum = 0;
    for (let at = d * this.#units, end = at + this.#units; at < end; at++) sum += values[drawn[at]!]!;
    return sum;
  }

  #byUnit(values: Float64Array): Float64Array {
    if (values.length === this.#units) return values;
    const sums = new Float64Array(this.#units);
    for (let r = 0; r < values.length; r++) sums[r % this.#units]! += values[r]!;
    return sums;
  }
}

/** The sum of all values. */
export function total(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}

/** The value below which a share `p` of `sorted` lies, between neighbours in proportion. */
export function quantile(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}
