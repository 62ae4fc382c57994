/**
 * Of two proposers the one that has been faster for this request: a bandit with two arms. An arm's worth is the tokens
 * its rounds emitted over the seconds they cost by the price of a step; a round long past counts less, since texts
 * change. Which arm is pulled follows discounted UCB (Garivier and Moulines 2008, arXiv:0805.3415): the worth, and more
 * the less often the arm was pulled of late, so that none is forgotten. Only the one that drafts is paid; a model that
 * did not has to catch up when it next does, and a change of who drafts is a switch.
 */
import { type StepWork, Verified } from '../cost/work.ts';
import type { Policy, StepPrice } from '../policy/policy.ts';
import { type Drafter, mostVerified, type Proposer } from './drafter.ts';
import { Turns } from './turns.ts';

/** What a round counts after one more of the same request: a memory of some 20 rounds. */
const DISCOUNT = 0.95;

/** How much an arm pulled rarely is favoured, as a share of its worth: times the root of ln(all pulls) / own pulls. */
const EXPLORATION = 0.25;

/** An arm: a proposer, and the price of a step in which it alone runs. */
interface Arm {
  readonly proposer: Proposer;
  readonly price: StepPrice;
}

export class Bandit implements Drafter {
  readonly #arms: readonly Arm[];
  readonly #policy: Policy;
  readonly #turns: Turns;
  /** By request and arm, discounted: rounds, tokens and seconds. */
  readonly #pulls: Float64Array;
  readonly #tokens: Float64Array;
  readonly #seconds: Float64Array;
  #sequences = 1;
  #contextTokens = 0;
  readonly most: Verified;
  readonly verified = new Verified();
  emitted = 0;

  constructor(arms: readonly Arm[], policy: Policy, requests: number) {
    this.#arms = arms;
    this.#policy = policy;
    this.#turns = new Turns(requests);
    this.most = mostVerified(arms.map(({ proposer }) => proposer));
    this.#pulls = new Float64Array(requests * arms.length);
    this.#tokens = new Float64Array(requests * arms.length);
    this.#seconds = new Float64Array(requests * arms.length);
  }

  stepBegins(sequences: number, contextTokens: number): void {
    this.#sequences = sequences;
    this.#contextTokens = contextTokens;
    this.#policy.stepBegins(sequences, contextTokens);
  }

  get stepLength(): number | undefined {
    return this.#policy.stepLength;
  }

  round(request: number, position: number, left: number, context: number, work: StepWork): void {
    const first = request * this.#arms.length;
    if (position === 1) this.#forget(first);
    const pulled = this.#choose(first);
    const { proposer, price } = this.#arms[pulled]!;
    const { replay } = proposer;
    const asked = this.#policy.choose(request, position, pulled);
    replay.round(request, position, left, asked);
    const { drafted, emitted } = replay;
    proposer.verify(drafted, this.verified);
    this.emitted = emitted;
    if (asked > 0) {
      proposer.draft(request, position, context, work);
      if (drafted > 0) this.#turns.take(request, position, pulled, work);
    }
    const seconds = price(this.#sequences, this.#contextTokens, asked, drafted, emitted);
    this.#learn(first, pulled, emitted, seconds);
    for (const [a, arm] of this.#arms.entries()) {
      arm.proposer.see(request, position, emitted, a === pulled && asked > 0);
    }
    this.#policy.see(request, position, asked, drafted, emitted - 1);
  }

  sitOut(request: number, position: number): void {
    for (const { proposer } of this.#arms) proposer.see(request, position, 1, false);
  }

  reread(request: number): void {
    for (const { proposer } of this.#arms) proposer.reread(request);
  }

  /** The arm with the highest bound; one that was never pulled comes first. */
  #choose(first: number): number {
    const all = this.#pulls[first]! + this.#pulls[first + 1]!;
    let best = 0;
    let highest = 0;
    for (let a = 0; a < this.#arms.length; a++) {
      const pulls = this.#pulls[first + a]!;
      if (pulls === 0) return a;
      const worth = this.#tokens[first + a]! / this.#seconds[first + a]!;
      const bound = worth * (1 + EXPLORATION * Math.sqrt(Math.log(1 + all) / pulls));
      if (bound > highest) {
        highest = bound;
        best = a;
      }
    }
    return best;
  }

  #learn(first: number, pulled: number, emitted: number, seconds: number): void {
    for (let i = first; i < first + this.#arms.length; i++) {
      this.#pulls[i]! *= DISCOUNT;
      this.#tokens[i]! *= DISCOUNT;
      this.#seconds[i]! *= DISCOUNT;
    }
    this.#pulls[first + pulled]!++;
    this.#tokens[first + pulled]! += emitted;
    this.#seconds[first + pulled]! += seconds;
  }

  #forget(first: number): void {
    for (const of of [this.#pulls, this.#tokens, this.#seconds]) of.fill(0, first, first + this.#arms.length);
  }
}
