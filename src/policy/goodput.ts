/**
 * Goodput-adaptive: before every step the k with the most expected tokens per second, from a moving estimate of
 * acceptance and the price of the step (SmartSpec: Liu et al. 2024, arXiv:2406.14066; TurboSpec). It learns nothing of
 * positions beyond its k, and an unlucky start would keep it short for ever, so now and then it drafts one token more; so
 * rarely that to change the length for it and back takes a hundredth of the time at most.
 */
import { AcceptanceEstimate } from './acceptance-estimate.ts';
import { PaidChanges } from './paid-changes.ts';
import type { Policy, StepPrice } from './policy.ts';

/** Every so many steps one token more than seems best is drafted, to learn what comes of it. */
const PROBE_EVERY = 16;
/** Share of the time that its two changes of length may take. */
const PROBE_SHARE = 0.01;

export class Goodput implements Policy {
  readonly #price: StepPrice;
  readonly #maxK: number;
  readonly #estimate: AcceptanceEstimate;
  readonly #paid: PaidChanges;
  #steps = 0;
  #k = 0;
  #probes = false;
  /** Length of the last step that tried nothing; -1 at first. */
  #last = -1;

  constructor(price: StepPrice, maxK: number) {
    this.#price = price;
    this.#maxK = maxK;
    this.#estimate = new AcceptanceEstimate(maxK);
    this.#paid = new PaidChanges(maxK);
  }

  stepBegins(sequences: number, contextTokens: number): void {
    const { emitted, seconds } = this.#paid;
    this.#estimate.emittedByLength(emitted);
    const price = (k: number, switches: number) =>
      this.#price(sequences, contextTokens, k, this.#estimate.proposed(k), emitted[k]!, switches);
    for (let k = 0; k <= this.#maxK; k++) seconds[k] = price(k, 0);
    const changeS = price(this.#maxK, 1) - seconds[this.#maxK]!;
    this.#k = this.#paid.best(this.#last, changeS);
    this.#probes = false;
    this.#steps++;
    if (this.#steps % PROBE_EVERY > 0 || this.#k === this.#maxK) return;
    const rarer = Math.ceil((2 * changeS) / (PROBE_EVERY * PROBE_SHARE * seconds[this.#k]!));
    if (this.#steps % (PROBE_EVERY * Math.max(1, rarer)) > 0) return;
    this.#probes = true;
    this.#k++;
  }

  get stepLength(): number {
    return this.#k;
  }

  choose(): number {
    return this.#k;
  }

  see(_request: number, _position: number, asked: number, proposed: number, accepted: number): void {
    if (!this.#probes) this.#last = asked;
    this.#estimate.see(asked, proposed, accepted);
  }
}
