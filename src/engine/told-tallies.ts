/**
 * Rounds that are told by a number, counted by kind: a tally for each kind that a request has. A request is a call, as V8
 * keeps what it has compiled of a function and not of a loop; and who tells its rounds is not asked from here, so that
 * one function serves whoever does.
 */
import { wider } from '../columns.ts';
import type { StepWork } from '../cost/work.ts';
import type { ToldColumns, ToldRounds } from '../drafter/told-rounds.ts';
import type { RoundKinds } from './round-kinds.ts';

/** Numbers whose kind is kept; of others, which are rare, it is found anew. */
const MOST_NUMBERS = 2 ** 18;

export class ToldTallies {
  /** By tally. */
  tallyKind = new Int32Array(16);
  tallyCount = new Int32Array(16);
  /** Tokens at which its rounds start, summed. */
  tallyContext = new Float64Array(16);
  length = 0;
  readonly #told: ToldRounds;
  readonly #kinds: RoundKinds;
  readonly #work: StepWork;
  /** By number: index of the kind plus one, 0 where none was met. */
  #kindOf = new Int32Array(16);
  /** By kind: where its tally of the request under way is, plus one; 0 where it has none. */
  #place = new Int32Array(16);

  constructor(told: ToldRounds, kinds: RoundKinds) {
    this.#told = told;
    this.#kinds = kinds;
    this.#work = kinds.work();
  }

  /**
   * Counts the first so many rounds of columns, which are those of a request.
   *
   * @returns tokens that they emit
   */
  add(rounds: number, { number, emitted }: ToldColumns, promptTokens: number): number {
    const kinds = this.#kinds;
    const first = this.length;
    while (first + rounds > this.tallyKind.length) {
      this.tallyKind = wider(this.tallyKind);
      this.tallyCount = wider(this.tallyCount);
      this.tallyContext = wider(this.tallyContext);
    }
    const { tallyKind, tallyCount, tallyContext } = this;
    let kindOf = this.#kindOf;
    let place = this.#place;
    let tokens = promptTokens + 1;
    for (let i = 0; i < rounds; i++) {
      const what = number[i]!;
      let own = what < kindOf.length ? kindOf[what]! - 1 : -1;
      if (own < 0) {
        own = this.kindAt(what, tokens);
        kindOf = this.#kindOf;
        place = this.#place;
      }
      if (place[own] === 0) {
        tallyKind[this.length] = own;
        place[own] = ++this.length;
      }
      const at = place[own]! - 1;
      tallyCount[at]!++;
      tallyContext[at]! += tokens;
      kinds.meet(own, tokens);
      tokens += emitted[i]!;
    }
    for (let at = first; at < this.length; at++) place[tallyKind[at]!] = 0;
    return tokens - promptTokens - 1;
  }

  /** The kind of rounds of a number, of which one starts at a context. */
  kindAt(number: number, context: number): number {
    const work = this.#work;
    work.clear();
    const own = this.#kinds.of(this.#told.state(number, context, work), work, context);
    while (own >= this.#place.length) this.#place = wider(this.#place);
    if (number < MOST_NUMBERS) {
      while (number >= this.#kindOf.length) this.#kindOf = wider(this.#kindOf);
      this.#kindOf[number] = own + 1;
    }
    return own;
  }
}
