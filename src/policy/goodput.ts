/**
 * Goodput-adaptive: before every step the k with the most expected tokens per second, from a moving estimate of
 * acceptance and the price of the step (SmartSpec: Liu et al. 2024, arXiv:2406.14066; TurboSpec). It learns nothing of
 * positions beyond its k, and an unlucky start would keep it short for ever, so now and then it drafts one token more; so
 * rarely that to change the length for it and back takes a hundredth of the time at most.
 */
import { AcceptanceEstimate } from './acceptance-estimate.ts';
import { type Policy, STAYS, type StepPrice } from './policy.ts';

/** Every so many steps one token more than seems best is drafted, to learn what comes of it. */
const PROBE_EVERY = 16;
/** Share of the time that its two changes of length may take. */
const PROBE_SHARE = 0.01;

export class Goodput implements Policy {
  readonly #price: StepPrice;
  readonly #maxK: number;
  readonly #estimate: AcceptanceEstimate;
  readonly #emitted: Float64Array;
  #steps = 0;
  #k = 0;
  /** Length of the step before; -1 at first. */
  #last = -1;

  constructor(price: StepPrice, maxK: number) {
    this.#price = price;
    this.#maxK = maxK;
    this.#estimate = new AcceptanceEstimate(maxK);
    this.#emitted = new Float64Array(maxK + 1);
  }

  stepBegins(sequences: number, contextTokens: number): void {
    const emitted = this.#emitted;
    this.#estimate.emittedByLength(emitted);
    const last = this.#last;
    let best = 0;
    let bestS = 0;
    this.#k = 0;
    for (let k = 0; k <= this.#maxK; k++) {
      const switches = last < 0 || k === last ? 0 : 1 / STAYS;
      const proposed = this.#estimate.proposed(k);
      const seconds = this.#price(sequences, contextTokens, k, proposed, emitted[k]!, switches);
      const tokensPerS = emitted[k]! / seconds;
      if (tokensPerS > best) {
        best = tokensPerS;
        bestS = seconds;
        this.#k = k;
      }
    }
    this.#steps++;
    if (this.#steps % PROBE_EVERY > 0 || this.#k === this.#maxK) return;
    const k = this.#k + 1;
    const price = (switches: number) =>
      this.#price(sequences, contextTokens, k, this.#estimate.proposed(k), emitted[k]!, switches);
    const rarer = Math.ceil((price(2) - price(0)) / (PROBE_EVERY * PROBE_SHARE * bestS));
    if (this.#steps % (PROBE_EVERY * Math.max(1, rarer)) === 0) this.#k = k;
  }

  get stepLength(): number {
    return this.#k;
  }

  choose(): number {
    return this.#k;
  }

  see(_request: number, _position: number, asked: number, proposed: number, accepted: number): void {
    this.#last = asked;
    this.#estimate.see(asked, proposed, accepted);
  }
}
