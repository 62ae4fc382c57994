/** Told rounds of two proposers, and who has told ones at all. The page goes through them one by one, for want of room. */
import { type StepWork, Verified } from '../cost/work.ts';
import type { Choice } from './choice.ts';
import type { TellingProposer } from './drafter.ts';
import type { Method } from './methods.ts';
import { ToldAlone } from './told-alone.ts';
import type { ToldColumns, ToldRounds } from './told-rounds.ts';

/** Rounds of methods that always ask the same of whole drafts, where they depend on their request alone and on one model at most. */
export function toldOf({ kind }: Method, choices: readonly Choice[]): ToldRounds | undefined {
  if (kind === 'parallel') return undefined;
  const [first, second] = choices.map(({ proposer }) => proposer as TellingProposer);
  if (second === undefined) return new ToldAlone(first!);
  if (choices.every(({ model }) => model !== null)) return undefined;
  if (kind === 'hybrid') return new ToldPair(first!, second, 'second where first has none');
  return new ToldPair(first!, second, kind === 'combined' ? 'both' : 'longer');
}

/**
 * Who drafts: both, of which the longer is kept, the first where they are equal; of these only the longer; or the second
 * where the first finds nothing.
 */
type Pairing = 'both' | 'longer' | 'second where first has none';

class ToldPair implements ToldRounds {
  readonly #verified = new Verified();
  readonly #first: TellingProposer;
  readonly #second: TellingProposer;
  readonly #pairing: Pairing;
  /** Lengths of drafts that each may have. */
  readonly #firstLengths: number;
  readonly #secondLengths: number;

  constructor(first: TellingProposer, second: TellingProposer, pairing: Pairing) {
    this.#first = first;
    this.#second = second;
    this.#pairing = pairing;
    this.#firstLengths = first.replay.longest + 1;
    this.#secondLengths = second.replay.longest + 1;
  }

  tell(request: number, outputTokens: number, to: ToldColumns): number {
    const first = this.#first;
    const second = this.#second;
    const inTurn = this.#pairing === 'second where first has none';
    /** Who drafted last: nobody yet, the first or the second. */
    let last = 0;
    let round = 0;
    for (let position = 1; position < outputTokens; round++) {
      const left = outputTokens - position;
      first.replay.round(request, position, left);
      const falls = !inTurn || first.replay.drafted === 0;
      if (falls) second.replay.round(request, position, left);
      const firstWins = inTurn ? !falls : first.replay.emitted >= second.replay.emitted;
      const { drafted, emitted } = firstWins ? first.replay : second.replay;
      const winner = drafted === 0 ? last : firstWins ? 1 : 2;
      const switched = last !== 0 && winner !== last;
      last = winner;
      const firstRuns = this.#firstRuns(firstWins);
      const secondRuns = this.#secondRuns(firstWins);
      const firstDrafts = firstRuns ? first.replay.drafted : 0;
      const secondDrafts = secondRuns ? second.replay.drafted : 0;
      const catchUp =
        (firstDrafts > 0 ? first.nextCatchUp(request, position) : 0) +
        (secondDrafts > 0 ? second.nextCatchUp(request, position) : 0);
      const drafts = (catchUp * this.#secondLengths + secondDrafts) * this.#firstLengths + firstDrafts;
      to.number[round] = 4 * drafts + (firstWins ? 2 : 0) + (switched ? 1 : 0);
      to.emitted[round] = emitted;
      first.see(request, position, emitted, firstRuns);
      second.see(request, position, emitted, secondRuns);
      position += emitted;
    }
    return round;
  }

  state(number: number, context: number, work: StepWork): Verified {
    const firstWins = number % 4 >= 2;
    const drafts = Math.floor(number / 4);
    const firstDrafts = drafts % this.#firstLengths;
    const rest = Math.floor(drafts / this.#firstLengths);
    const secondDrafts = rest % this.#secondLengths;
    const catchUp = Math.floor(rest / this.#secondLengths);
    if (firstWins) this.#first.verify(firstDrafts, this.#verified);
    else this.#second.verify(secondDrafts, this.#verified);
    work.switches += number % 2;
    if (this.#firstRuns(firstWins)) this.#first.state(firstDrafts, context, catchUp, work);
    if (this.#secondRuns(firstWins)) this.#second.state(secondDrafts, context, catchUp, work);
    return this.#verified;
  }

  #firstRuns(firstWins: boolean): boolean {
    return firstWins || this.#pairing !== 'longer';
  }

  #secondRuns(firstWins: boolean): boolean {
    return !firstWins || this.#pairing === 'both';
  }
}
