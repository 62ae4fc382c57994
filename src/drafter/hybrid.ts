/**
 * Look-up first, a second proposer where it finds nothing. The search is paid in every round; a model that did not
 * run has to catch up when it next does, and a change of who drafts is a switch. One policy says how far either drafts.
 */
import { type StepWork, Verified } from '../cost/work.ts';
import type { Policy } from '../policy/policy.ts';
import { type Drafter, mostVerified, type Proposer } from './drafter.ts';
import type { ToldRounds } from './told-rounds.ts';
import { Turns } from './turns.ts';

export class Hybrid implements Drafter {
  readonly #lookUp: Proposer;
  readonly #fallback: Proposer;
  readonly #policy: Policy;
  readonly #turns: Turns;
  readonly told: ToldRounds | undefined;
  readonly most: Verified;
  readonly verified = new Verified();
  emitted = 0;

  constructor(lookUp: Proposer, fallback: Proposer, policy: Policy, requests: number, told?: ToldRounds) {
    this.told = told;
    this.#lookUp = lookUp;
    this.#fallback = fallback;
    this.#policy = policy;
    this.#turns = new Turns(requests);
    this.most = mostVerified([lookUp, fallback]);
  }

  stepBegins(sequences: number, contextTokens: number): void {
    this.#policy.stepBegins(sequences, contextTokens);
  }

  get stepLength(): number | undefined {
    return this.#policy.stepLength;
  }

  round(request: number, position: number, left: number, context: number, work: StepWork): void {
    const lookUp = this.#lookUp;
    const fallback = this.#fallback;
    const asked = this.#policy.choose(request, position);
    lookUp.replay.round(request, position, left, asked);
    const fallsBack = asked > 0 && lookUp.replay.drafted === 0;
    if (asked > 0) lookUp.draft(request, position, context, work);
    if (fallsBack) {
      fallback.replay.round(request, position, left, asked);
      fallback.draft(request, position, context, work);
    }
    const used = fallsBack ? fallback : lookUp;
    const { drafted, emitted } = used.replay;
    used.verify(drafted, this.verified);
    this.emitted = emitted;
    if (drafted > 0) this.#turns.take(request, position, fallsBack ? 1 : 0, work);
    lookUp.see(request, position, emitted, asked > 0);
    fallback.see(request, position, emitted, fallsBack);
    this.#policy.see(request, position, asked, drafted, emitted - 1);
  }

  sitOut(request: number, position: number): void {
    this.#lookUp.see(request, position, 1, false);
    this.#fallback.see(request, position, 1, false);
  }

  reread(request: number): void {
    this.#lookUp.reread(request);
    this.#fallback.reread(request);
  }
}
