/**
 * The better of two proposers at every position, each drafting exactly what would be accepted: the study's
 * "Oracle Combine". Both are charged, since both had to run to choose; told to, only the winner is. At equal
 * lengths the first named wins. A change of winner is a switch.
 */
import type { StepWork } from '../cost/work.ts';
import type { Drafter, Proposer } from './drafter.ts';
import { Turns } from './turns.ts';

export class Combined implements Drafter {
  readonly #first: Proposer;
  readonly #second: Proposer;
  readonly #chargesLoser: boolean;
  readonly #turns: Turns;
  drafted = 0;
  emitted = 0;

  constructor(first: Proposer, second: Proposer, chargesLoser: boolean, requests: number) {
    this.#first = first;
    this.#second = second;
    this.#chargesLoser = chargesLoser;
    this.#turns = new Turns(requests);
  }

  stepBegins(): void {}

  round(
    request: number,
    position: number,
    left: number,
    copies: number,
    context: number,
    work: StepWork,
  ): void {
    const first = this.#first;
    const second = this.#second;
    first.replay.round(request, position, left);
    second.replay.round(request, position, left);
    const firstWins = first.replay.emitted >= second.replay.emitted;
    const winner = firstWins ? first.replay : second.replay;
    this.drafted = winner.drafted;
    this.emitted = winner.emitted;
    if (winner.drafted > 0) this.#turns.take(request, position, firstWins ? 0 : 1, copies, work);
    const firstRuns = this.#chargesLoser || firstWins;
    const secondRuns = this.#chargesLoser || !firstWins;
    if (firstRuns) first.draft(request, position, copies, context, work);
    if (secondRuns) second.draft(request, position, copies, context, work);
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
