/**
 * The better of two proposers at every position, each drafting exactly what would be accepted: the study's
 * "Oracle Combine". Both are charged, since both had to run to choose; told to, only the winner is. At equal
 * lengths the first named wins. A change of winner is a switch.
 */
import { type StepWork, Verified } from '../cost/work.ts';
import { type Drafter, mostVerified, type Proposer } from './drafter.ts';
import type { ToldRounds } from './told-rounds.ts';
import { Turns } from './turns.ts';

export class Combined implements Drafter {
  readonly #first: Proposer;
  readonly #second: Proposer;
  readonly #chargesLoser: boolean;
  readonly #turns: Turns;
  readonly told: ToldRounds | undefined;
  readonly most: Verified;
  readonly verified = new Verified();
  emitted = 0;

  constructor(first: Proposer, second: Proposer, chargesLoser: boolean, requests: number, told?: ToldRounds) {
    this.told = told;
    this.#first = first;
    this.#second = second;
    this.#chargesLoser = chargesLoser;
    this.#turns = new Turns(requests);
    this.most = mostVerified([first, second]);
  }

  stepBegins(): void {}

  round(request: number, position: number, left: number, context: number, work: StepWork): void {
    const first = this.#first;
    const second = this.#second;
    first.replay.round(request, position, left);
    second.replay.round(request, position, left);
    const firstWins = first.replay.emitted >= second.replay.emitted;
    const winner = firstWins ? first : second;
    const { drafted, emitted } = winner.replay;
    winner.verify(drafted, this.verified);
    this.emitted = emitted;
    if (drafted > 0) this.#turns.take(request, position, firstWins ? 0 : 1, work);
    const firstRuns = this.#chargesLoser || firstWins;
    const secondRuns = this.#chargesLoser || !firstWins;
    if (firstRuns) first.draft(request, position, context, work);
    if (secondRuns) second.draft(request, position, context, work);
    first.see(request, position, this.emitted, firstRuns);
    second.see(request, position, this.emitted, secondRuns);
  }

  sitOut(request: number, position: number): void {
    this.#first.see(request, position, 1, false);
    this.#second.see(request, position, 1, false);
  }

  reread(request: number): void {
    this.#first.reread(request);
    this.#second.reread(request);
  }
}
