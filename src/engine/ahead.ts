/**
 * Steps whose rounds are known ahead: where the rounds of a request depend on nothing else, all of them are added to the
 * steps in which they will fall when it begins to decode, so that a step costs no more for many requests than for one.
 * That holds while nothing binds. Where the budget or the memory of a step is short, rows are brought to where they
 * stand and go on one by one for a while.
 */
import { lesser, wider } from '../columns.ts';
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
    const left = running.rows.left(place);
    if (left <= 0) return;
    while (left >= this.#steps) this.#widen();
    const slot = running.slots[place]!;
    while (slot >= this.#from.length) {
      this.#endsBefore = wider(this.#endsBefore);
      this.#from = wider(this.#from);
      this.#heldAtEnd = wider(this.#heldAtEnd);
    }
    this.#from[slot] = this.#next;
    const end = this.#addRounds(running, place, slot) & (this.#steps - 1);
    this.#endsBefore[slot] = this.#ending[end]!;
    this.#ending[end] = slot + 1;
  }

  /** Adds the rounds of a request to their steps, and returns the number of the last. */
  #addRounds({ rows }: Running, place: number, slot: number): number {
    const known = this.#known;
    const [request, position, left] = [rows.request(place), rows.position(place), rows.left(place)];
    const lengths = known.lengths(request, position, left);
    const start = known.start(request, position);
    const { longest, catchUpAfter } = known;
    const [blocks, yields, width, blockTokens] = [this.#blocks, this.#yields, this.#width, this.#blockTokens];
    const last = this.#steps - 1;
    this.#catchUp[this.#next & last]! += known.nextCatchUp(request, position);
    const ahead = rows.context(place) + this.#most.keys;
    let held = rows.held(place);
    let number = this.#next;
    let tokens = 0;
    let done = 0;
    for (; done < left; number++) {
      const at = number & last;
      tokens = lesser(lengths[start + done]!, longest);
      yields[at * width + tokens]!++;
      for (; ahead + done > held; held += blockTokens) blocks[at]!++;
      done += tokens;
    }
    // The last round ends with the output.
    const row = ((number - 1) & last) * width + tokens;
    yields[row]!--;
    yields[row - (done - left)]!++;
    this.#catchUp[number & last]! -= catchUpAfter[tokens - (done - left)]!;
    this.#heldAtEnd[slot] = held;
    return number - 1;
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
    const known = this.#known;
    for (let place = 0; place < running.decoding; place++) {
      const [request, position, left] = [rows.request(place), rows.position(place), rows.left(place)];
      const lengths = known.lengths(request, position, left);
      const start = known.start(request, position);
      let tokens = 0;
      let done = 0;
      for (let number = this.#from[slots[place]!]!; number < this.#next; number++) {
        const short = rows.context(place) + this.#most.keys - rows.held(place);
        if (short > 0) {
          rows.setHeld(place, rows.held(place) + Math.ceil(short / this.#blockTokens) * this.#blockTokens);
        }
        tokens = lesser(lengths[start + done]!, known.longest);
        rows.setEmitted(place, tokens);
        done += rows.advance(place);
      }
      if (done > 0) known.resume(request, tokens);
    }
    for (const column of [this.#catchUp, this.#blocks, this.#ending, this.#yields, this.#before])
      column.fill(0);
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
