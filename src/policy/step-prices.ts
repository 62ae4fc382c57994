/** Prices of steps that lengths are weighed with. */
import type { StepPrice } from './policy.ts';

/** Contexts that are priced as one. */
export function contextOf(sequences: number, contextTokens: number): number {
  return Math.round(4 * Math.log2(contextTokens / sequences));
}

/** Prices of steps, kept by size, by drafts a sequence and by context, each in steps that change a price by little. */
export class Prices {
  readonly #price: StepPrice;
  readonly #maxK: number;
  /** By size and context: by drafts asked for and verified, NaN where nobody asked. */
  readonly #known = new Map<number, Float64Array>();
  #sequences = 1;
  #contextTokens = 0;
  #own: Float64Array = new Float64Array();

  constructor(price: StepPrice, maxK: number) {
    this.#price = price;
    this.#maxK = maxK;
  }

  /** Says which steps are asked about next. */
  of(sequences: number, contextTokens: number): void {
    const context = contextOf(sequences, contextTokens);
    const key = context * 2 ** 21 + sequences;
    let own = this.#known.get(key);
    if (own === undefined) {
      own = new Float64Array((this.#maxK + 1) * (4 * this.#maxK + 1)).fill(Number.NaN);
      this.#known.set(key, own);
    }
    this.#own = own;
    this.#sequences = sequences;
    this.#contextTokens = Math.round(sequences * 2 ** (context / 4));
  }

  /** Seconds of such a step that drafts up to `asked` and verifies `verified` drafts a sequence in the mean. */
  seconds(asked: number, verified: number): number {
    const quarters = Math.round(4 * verified);
    const at = asked * (4 * this.#maxK + 1) + quarters;
    const known = this.#own[at]!;
    if (!Number.isNaN(known)) return known;
    const seconds = this.#price(this.#sequences, this.#contextTokens, asked, quarters / 4, 1 + quarters / 8);
    this.#own[at] = seconds;
    return seconds;
  }
}
