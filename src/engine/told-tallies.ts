/**
 * Tallies of rounds that are told by a number. A request is a call, as V8 keeps what it has compiled of a function and
 * not of a loop; and who tells its rounds is not asked from here, so that one function serves whoever does.
 */
import { wider } from '../columns.ts';
import type { StepWork } from '../cost/work.ts';
import type { ToldColumns, ToldRounds } from '../drafter/told-rounds.ts';
import type { RoundKinds } from './round-kinds.ts';
import { TallyColumns } from './tally-columns.ts';

/** Numbers whose kind is kept; of others, which are rare, it is found anew. */
const MOST_NUMBERS = 2 ** 18;

export class ToldTallies {
  readonly tallies = new TallyColumns(16);
  /** The rounds of one request. */
  readonly columns: ToldColumns;
  readonly #told: ToldRounds;
  readonly #kinds: RoundKinds;
  readonly #work: StepWork;
  /** By number: index of the kind plus one, 0 where none was met. */
  #kindOf = new Int32Array(16);
  /** By kind: tokens at which the last round of it started. */
  #last = new Int32Array(16);

  /** @param longest output, in tokens */
  constructor(told: ToldRounds, kinds: RoundKinds, longest: number) {
    this.columns = { number: new Float64Array(longest), emitted: new Uint8Array(longest) };
    this.#told = told;
    this.#kinds = kinds;
    this.#work = kinds.work();
  }

  /**
   * Counts the rounds of the request that `columns` has.
   *
   * @returns tokens that they emit
   */
  add(rounds: number, promptTokens: number): number {
    const kinds = this.#kinds;
    const { tallies } = this;
    const { number, emitted } = this.columns;
    const first = tallies.length;
    tallies.reserve(rounds);
    const { kind, count, context } = tallies;
    let { place } = tallies;
    let kindOf = this.#kindOf;
    let last = this.#last;
    let tokens = promptTokens + 1;
    for (let i = 0; i < rounds; i++) {
      const what = number[i]!;
      let own = what < kindOf.length ? kindOf[what]! - 1 : -1;
      if (own < 0) {
        own = this.#kindAt(what, tokens);
        ({ place } = tallies);
        kindOf = this.#kindOf;
        last = this.#last;
      }
      if (place[own] === 0) {
        tallies.begin(own);
        kinds.meet(own, tokens);
      }
      const at = place[own]! - 1;
      count[at]!++;
      context[at]! += tokens;
      last[own] = tokens;
      tokens += emitted[i]!;
    }
    for (let at = first; at < tallies.length; at++) {
      const own = kind[at]!;
      kinds.meet(own, last[own]!);
      place[own] = 0;
    }
    return tokens - promptTokens - 1;
  }

  /** Writes them one by one, from an element on. */
  write(rounds: number, promptTokens: number, from: number, kind: Uint16Array, context: Int32Array): void {
    const { number, emitted } = this.columns;
    let tokens = promptTokens + 1;
    for (let i = 0; i < rounds; i++) {
      kind[from + i] = this.#kindAt(number[i]!, tokens);
      context[from + i] = tokens;
      tokens += emitted[i]!;
    }
  }

  #kindAt(number: number, context: number): number {
    const known = number < this.#kindOf.length ? this.#kindOf[number]! - 1 : -1;
    if (known >= 0) return known;
    const work = this.#work;
    work.clear();
    this.#told.state(number, context, work);
    const own = this.#kinds.of(this.#told.verified, work, context);
    if (number < MOST_NUMBERS) {
      while (number >= this.#kindOf.length) this.#kindOf = wider(this.#kindOf);
      this.#kindOf[number] = own + 1;
    }
    while (own >= this.#last.length) {
      this.#last = wider(this.#last);
      this.tallies.place = wider(this.tallies.place);
    }
    return own;
  }
}
