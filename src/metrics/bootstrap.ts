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

/** Resamples of one set of requests. All measures of it see the same draws, so that differences are paired. */
export class Bootstrap {
  readonly #requests: number;
  /** Request of draw d at place i: element `d * requests + i`. */
  readonly #drawn: Int32Array;

  constructor(requests: number, seed: number) {
    this.#requests = requests;
    this.#drawn = new Int32Array(DRAWS * requests);
    const draw = stream(seed, 'bootstrap', requests);
    for (let i = 0; i < this.#drawn.length; i++) this.#drawn[i] = Math.floor(draw() * requests);
  }

  /** Logarithm of the measure in each draw. */
  logMeasures({ over, under }: RatioOfSums): Float64Array {
    const logs = new Float64Array(DRAWS);
    const drawn = this.#drawn;
    for (let d = 0, at = 0; d < DRAWS; d++) {
      let overSum = 0;
      let underSum = 0;
      for (const end = at + this.#requests; at < end; at++) {
        const request = drawn[at]!;
        overSum += over[request]!;
        underSum += under[request]!;
      }
      logs[d] = Math.log(overSum / underSum);
    }
    return logs;
  }
}

/** The value below which a share `p` of `sorted` lies, between neighbours in proportion. */
export function quantile(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}
