/**
 * Steps whose rounds are known ahead: where the rounds of a request depend on nothing else, all of them are added to the
 * steps in which they will fall when it begins to decode, so that a step costs no more for many requests than for one.
 * That holds while nothing binds. Where the budget or the memory of a step is short, rows are brought to where they
 * stand and go on one by one for a while.
 */
import { wider } from '../columns.ts';
import type { Verified } from '../cost/work.ts';
import type { KnownRounds } from '../drafter/known-rounds.ts';
import type { KvMemory } from './kv-memory.ts';
import type { Running } from './running.ts';
import type { StepUnderWay } from './step-under-way.ts';

/** Steps taken one by one after one in which something was short: adding all rounds again costs about as much. */
const PAUSE = 32;

export class Ahead {
  readonly #known: KnownRounds;
  readonly #most: Verified;
  readonly #blockTokens: number;
  /** Number of the next step, and what falls into steps: element `number % steps`. */
  #next = 0;
  #steps = 256;
  /** Requests that get t tokens, at `step * width + t`; and those of the step before. */
  readonly #width: number;
  #yields: Int32Array;
  readonly #before: Int32Array;
  /** What models catch up on beside what follows from the step before: of who begins, less of who has ended. */
  #catchUp = new Int32Array(256);
  #blocks = new Int32Array(256);
  /** The last slot that ends in a step, plus one; and by slot the one before it. */
  #ending = new Int32Array(256);
  #endsBefore = new Int32Array(16);
  /** By slot: the step of its first known round, and what it holds at its end. */
  #from = new Int32Array(16);
  #heldAtEnd = new Int32Array(16);
  /** What the rounds of a request emit. */
  #emitted = new Int32Array(256);
  /** Steps left to be taken one by one; 0 while rounds are known ahead. */
  #pause = 0;

  constructor(known: KnownRounds, most: Verified, blockTokens: number) {
    this.#known = known;
    this.#most = most;
    this.#blockTokens = blockTokens;
    this.#width = most.queries + 1;
    this.#yields = new Int32Array(256 * this.#width);
    this.#before = new Int32Array(this.#width);
  }

  /** A request begins to decode in the next step. */
  begin(running: Running, place: number): void {
    if (this.#pause > 0) return;
    const { rows } = running;
    const slot = running.slots[place]!;
    const rounds = this.#rounds(running, place);
    if (rounds === 0) return;
    while (rounds >= this.#steps) this.#widen();
    while (slot >= this.#from.length) {
      this.#endsBefore = wider(this.#endsBefore);
      this.#from = wider(this.#from);
      this.#heldAtEnd = wider(this.#heldAtEnd);
    }
    const last = this.#steps - 1;
    const end = this.#next + rounds - 1;
    this.#from[slot] = this.#next;
    this.#heldAtEnd[slot] = this.#addRounds(rounds, rows.context(place), rows.held(place));
    this.#catchUp[this.#next & last]! += this.#known.nextCatchUp(rows.request(place), rows.position(place));
    this.#catchUp[(end + 1) & last]! -= this.#known.catchUpAfter[this.#emitted[rounds - 1]!]!;
    this.#endsBefore[slot] = this.#ending[end & last]!;
    this.#ending[end & last] = slot + 1;
  }

  /** Adds rounds to their steps, and returns the tokens that are held at the end. */
  #addRounds(rounds: number, context: number, held: number): number {
    const emitted = this.#emitted;
    const blocks = this.#blocks;
    const yields = this.#yields;
    const width = this.#width;
    const { keys } = this.#most;
    const last = this.#steps - 1;
    const next = this.#next;
    let tokens = context + keys;
    let holds = held;
    for (let i = 0; i < rounds; i++) {
      const at = (next + i) & last;
      const of = emitted[i]!;
      yields[at * width + of]!++;
      if (tokens > holds) {
        const more = Math.ceil((tokens - holds) / this.#blockTokens);
        blocks[at]! += more;
        holds += more * this.#blockTokens;
      }
      tokens += of;
    }
    return holds;
  }

  /**
   * Takes a step of all requests that decode, if nothing binds; else makes the rows what they are at this step.
   *
   * @param free whether nobody has fallen behind
   */
  take(running: Running, step: StepUnderWay, kv: KvMemory, budget: number, free: boolean): boolean {
    if (this.#pause > 0) {
      if (!free) this.#pause = PAUSE;
      if (--this.#pause > 0) return false;
      for (let place = 0; place < running.decoding; place++) this.begin(running, place);
    }
    const at = this.#next & (this.#steps - 1);
    const { decoding, decodingContext } = running;
    if (!free || decoding * this.#most.queries > budget || !kv.take(this.#blocks[at]!)) {
      this.#leave(running);
      return false;
    }
    const { catchUpAfter } = this.#known;
    let catchUp = this.#catchUp[at]!;
    for (let tokens = 1; tokens < this.#width; tokens++) {
      const requests = this.#yields[at * this.#width + tokens]!;
      step.yields[tokens]! += requests;
      step.emitted += requests * tokens;
      catchUp += this.#before[tokens]! * catchUpAfter[tokens]!;
      this.#before[tokens] = requests;
      this.#yields[at * this.#width + tokens] = 0;
    }
    if (decoding > 0) this.#known.state(decoding, decodingContext, catchUp, step.work);
    for (let slot = this.#ending[at]!; slot > 0; slot = this.#endsBefore[slot - 1]!) {
      this.#end(running, running.slots.indexOf(slot - 1), step);
    }
    this.#catchUp[at] = 0;
    this.#blocks[at] = 0;
    this.#ending[at] = 0;
    this.#next++;
    return true;
  }

  #end({ rows, slots }: Running, place: number, step: StepUnderWay): void {
    rows.setEmitted(place, rows.left(place));
    rows.advance(place);
    rows.setHeld(place, this.#heldAtEnd[slots[place]!]!);
    let at = step.endings++;
    for (; at > 0 && step.ending[at - 1]! > place; at--) step.ending[at] = step.ending[at - 1]!;
    step.ending[at] = place;
  }

  /** Brings rows to the step that comes. */
  #leave(running: Running): void {
    this.#pause = PAUSE;
    const { rows, slots } = running;
    for (let place = 0; place < running.decoding; place++) {
      this.#rounds(running, place);
      const done = this.#next - this.#from[slots[place]!]!;
      for (let i = 0; i < done; i++) {
        const short = rows.context(place) + this.#most.keys - rows.held(place);
        if (short > 0) {
          rows.setHeld(place, rows.held(place) + Math.ceil(short / this.#blockTokens) * this.#blockTokens);
        }
        rows.setEmitted(place, this.#emitted[i]!);
        rows.advance(place);
      }
      if (done > 0) this.#known.resume(rows.request(place), this.#emitted[done - 1]!);
    }
    for (const column of [this.#catchUp, this.#blocks, this.#ending, this.#yields, this.#before])
      column.fill(0);
  }

  #rounds({ rows }: Running, place: number): number {
    const left = rows.left(place);
    while (left > this.#emitted.length) this.#emitted = wider(this.#emitted);
    return this.#known.stream(rows.request(place), rows.position(place), left, this.#emitted);
  }

  /** Twice as many steps, each where its number says. */
  #widen(): void {
    const steps = this.#steps;
    const spread = (column: Int32Array, width = 1) => {
      const wide = new Int32Array(2 * column.length);
      for (let number = this.#next; number < this.#next + steps; number++) {
        const own = column.subarray((number % steps) * width, ((number % steps) + 1) * width);
        wide.set(own, (number % (2 * steps)) * width);
      }
      return wide;
    };
    this.#catchUp = spread(this.#catchUp);
    this.#blocks = spread(this.#blocks);
    this.#ending = spread(this.#ending);
    this.#yields = spread(this.#yields, this.#width);
    this.#steps = 2 * steps;
  }
}
