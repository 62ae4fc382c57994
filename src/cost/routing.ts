/**
 * Which experts tokens visit: how many distinct ones, and from how many tokens on nearly all.
 *
 * Tokens of different requests are routed independently, by the popularity of experts, which falls as their rank to the
 * power of `skew`. Of a token's experts a `share` is among those of the token before it in its text, so that q tokens of a
 * sequence count as 1 + (q - 1)(1 - share). Copies of one request are routed `alike`: s sequences count as 1 + (s - 1)(1 - alike).
 */
import type { ExpertShape } from '../model/layer.ts';
import type { ForwardShape } from '../model/shape.ts';
import type { Machine } from './fields.ts';

/** Tokens are counted in parts of so many, as shares make broken numbers of them. */
const GRID = 4;
/** Above it, every count is computed each time. */
const TABLE_TOKENS = 4096;

export class Routing {
  readonly #chances: Float64Array;
  readonly #known = new Float64Array(GRID * TABLE_TOKENS).fill(Number.NaN);
  readonly #share: number;
  readonly #alike: number;

  constructor({
    count,
    perToken,
    skew,
    share,
    alike,
  }: Pick<ExpertShape, 'count' | 'perToken' | 'skew' | 'share' | 'alike'>) {
    this.#chances = visitChances(count, perToken, skew);
    this.#share = share;
    this.#alike = alike;
  }

  /** Tokens that are routed independently, of so many tokens of some sequences. */
  independent(tokens: number, sequences: number): number {
    const apart = sequences + (tokens - sequences) * (1 - this.#share);
    return this.#alike === 0 ? apart : (apart / sequences) * (1 + (sequences - 1) * (1 - this.#alike));
  }

  /** Distinct experts that so many independent tokens visit in one layer. */
  distinct(tokens: number): number {
    const at = Math.round(tokens * GRID);
    const known = this.#known[at];
    if (known !== undefined && !Number.isNaN(known)) return known;
    let visited = 0;
    for (const chance of this.#chances) visited += 1 - (1 - chance) ** (at / GRID);
    this.#known[at] = visited;
    return visited;
  }

  /** Independent tokens from which on so much of the experts is visited. */
  saturatesAt(share = SATURATED): number {
    const enough = share * this.#chances.length;
    let [less, more] = [0, 1];
    while (this.distinct(more) < enough) [less, more] = [more, 2 * more];
    while (more - less > 1) {
      const middle = Math.ceil((less + more) / 2);
      if (this.distinct(middle) < enough) less = middle;
      else more = middle;
    }
    return more;
  }
}

/** The share of experts at which they are called saturated (MoESD, arXiv 2505.19645). */
export const SATURATED = 0.95;

/** Distinct experts that tokens visit which are routed independently and evenly: E (1 - (1 - K/E)^m). */
export function activatedExperts(count: number, perToken: number, tokens: number): number {
  return count * (1 - (1 - perToken / count) ** tokens);
}

/** Chances that a token visits each expert: they add up to `perToken`, and none is above 1. */
function visitChances(count: number, perToken: number, skew: number): Float64Array {
  const weights = Float64Array.from({ length: count }, (_, e) => (e + 1) ** -skew);
  let certain = 0;
  let rest = weights.reduce((sum, weight) => sum + weight, 0);
  while (certain < perToken && ((perToken - certain) * weights[certain]!) / rest >= 1) {
    rest -= weights[certain]!;
    certain++;
  }
  return weights.map((weight, e) => (e < certain ? 1 : ((perToken - certain) * weight) / rest));
}

/** A shape whose tokens are routed as a machine says; the same one where that is how they are. */
export function routed(shape: ForwardShape, routing: Machine['routing']): ForwardShape {
  const { experts } = shape;
  if (experts === null || routing === undefined) return shape;
  if (experts.share === routing.share && experts.skew === routing.skew) return shape;
  return { ...shape, experts: { ...experts, ...routing } };
}
