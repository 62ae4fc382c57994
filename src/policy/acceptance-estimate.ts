/**
 * A moving estimate of acceptance by draft position from what rounds showed: the chance that draft i is proposed
 * and accepted, given that all before it were. Positions never tried are taken to be like the last one tried.
 */

/** Weight of a new round in the mean: a memory of some 100 rounds. */
const WEIGHT = 0.01;

/** What is believed before anything was seen: enough to try. */
const PRIOR = 0.7;

export class AcceptanceEstimate {
  /** Element i: of draft i + 1, given those before. */
  readonly #accepted: Float64Array;
  readonly #rounds: Float64Array;
  /** Tokens proposed, as a share of those asked for. */
  #proposedShare = 1;

  constructor(maxK: number) {
    this.#accepted = new Float64Array(maxK).fill(PRIOR);
    this.#rounds = new Float64Array(maxK);
  }

  see(asked: number, proposed: number, accepted: number): void {
    if (asked === 0) return;
    this.#proposedShare += WEIGHT * (proposed / asked - this.#proposedShare);
    for (let i = 0; i < asked && i <= accepted; i++) {
      this.#rounds[i]!++;
      // A plain mean at first, so that the prior is soon forgotten.
      const weight = Math.max(WEIGHT, 1 / (this.#rounds[i]! + 1));
      this.#accepted[i]! += weight * ((accepted > i ? 1 : 0) - this.#accepted[i]!);
    }
  }

  /** Tokens that a round with k drafts emits, in the mean: element k of the result, for k of 0 to maxK. */
  emittedByLength(result: Float64Array): void {
    let survives = 1;
    let conditional = PRIOR;
    result[0] = 1;
    for (let i = 0; i < this.#accepted.length; i++) {
      if (this.#rounds[i]! > 0) conditional = this.#accepted[i]!;
      survives *= conditional;
      result[i + 1] = result[i]! + survives;
    }
  }

  proposed(asked: number): number {
    return asked * this.#proposedShare;
  }
}
