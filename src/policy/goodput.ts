/**
 * Goodput-adaptive: before every step the k with the most expected tokens per second, from a moving estimate of
 * acceptance and the price of the step (SmartSpec: Liu et al. 2024, arXiv:2406.14066; TurboSpec). It learns nothing of
 * positions beyond its k, and an unlucky start would keep it short for ever, so now and then it drafts one token more.
 */
import { AcceptanceEstimate } from './acceptance-estimate.ts';
import type { Policy, StepPrice } from './policy.ts';

/** Every so many steps one token more than seems best is drafted, to learn what comes of it. */
const PROBE_EVERY = 16;

export class Goodput implements Policy {
  readonly #price: StepPrice;
  readonly #maxK: number;
  readonly #estimate: AcceptanceEstimate;
  readonly #emitted: Float64Array;
  #steps = 0;
  #k = 0;

  constructor(price: StepPrice, maxK: number) {
    this.#price = price;
    this.#maxK = maxK;
    this.#estimate = new AcceptanceEstimate(maxK);
    this.#emitted = new Float64Array(maxK + 1);
  }

  stepBegins(sequences: number, contextTokens: number): void {
    const emitted = this.#emitted;
    this.#estimate.emittedByLength(emitted);
    let best = 0;
    this.#k = 0;
    for (let k = 0; k <= this.#maxK; k++) {
      const seconds = this.#price(sequences, contextTokens, k, this.#estimate.proposed(k), emitted[k]!);
      const tokensPerS = emitted[k]! / seconds;
      if (tokensPerS > best) {
        best = tokensPerS;
        this.#k = k;
      }
    }
    this.#steps++;
    if (this.#steps % PROBE_EVERY === 0 && this.#k < this.#maxK) this.#k++;
  }

  get stepLength(): number {
    return this.#k;
  }

  choose(): number {
    return this.#k;
  }

  see(_request: number, _position: number, asked: number, proposed: number, accepted: number): void {
    this.#estimate.see(asked, proposed, accepted);
  }
}
