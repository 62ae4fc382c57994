/** Prices of steps that lengths are weighed with. */
import type { StepPrice } from './policy.ts';

/** Contexts that are priced as one. */
export function contextOf(sequences: number, contextTokens: number): number {
  return Math.round(4 * Math.log2(contextTokens / sequences));
}

/** Of one size and context: by drafts asked for and verified, NaN where nobody asked; and what a change of length adds. */
interface Steps {
  readonly seconds: Float64Array;
  readonly switchS: number;
}

/** Prices of steps, kept by size, by drafts a sequence and by context, each in steps that change a price by little. */
export class Prices {
  readonly #price: StepPrice;
  readonly #maxK: number;
  readonly #known = new Map<number, Steps>();
  #sequences = 1;
  #contextTokens = 0;
  #own: Steps = { seconds: new Float64Array(), switchS: 0 };

  constructor(price: StepPrice, maxK: number) {
    this.#price = price;
    this.#maxK = maxK;
  }

  /** Says which steps are asked about next. */
  of(sequences: number, contextTokens: number): void {
    const context = contextOf(sequences, contextTokens);
    const tokens = Math.round(sequences * 2 ** (context / 4));
    const key = context * 2 ** 21 + sequences;
    let own = this.#known.get(key);
    if (own === undefined) {
      const seconds = new Float64Array((this.#maxK + 1) * (4 * this.#maxK + 1)).fill(Number.NaN);
      const price = (switches: number) => this.#price(sequences, tokens, 0, 0, 1, switches);
      own = { seconds, switchS: price(1) - price(0) };
      this.#known.set(key, own);
    }
    this.#own = own;
    this.#sequences = sequences;
    this.#contextTokens = tokens;
  }

  /** What a change of the draft length adds to one. */
  get switchS(): number {
    return this.#own.switchS;
  }

  /** Seconds of such a step that drafts up to `asked` and verifies `verified` drafts a sequence in the mean. */
  seconds(asked: number, verified: number): number {
    const quarters = Math.round(4 * verified);
    const at = asked * (4 * this.#maxK + 1) + quarters;
    const known = this.#own.seconds[at]!;
    if (!Number.isNaN(known)) return known;
    const seconds = this.#price(this.#sequences, this.#contextTokens, asked, quarters / 4, 1 + quarters / 8);
    this.#own.seconds[at] = seconds;
    return seconds;
  }
}
