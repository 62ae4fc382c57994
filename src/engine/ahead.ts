/**
 * Steps whose rounds are known ahead: where the rounds of a request depend on nothing else, all of them are added to the
 * steps in which they will fall when it begins to decode, so that a step costs no more for many requests than for one.
 * That holds while nothing binds. Where the budget or the memory of a step is short, rows are brought to where they
 * stand and go on one by one for a while.
 */
import { lesser, wider } from '../columns.ts';
import type { Verified } from '../cost/work.ts';
import type { KnownRounds } from '../drafter/known-rounds.ts';
import { ComingSteps } from './coming-steps.ts';
import type { KvMemory } from './kv-memory.ts';
import type { Limits } from './replica-parts.ts';
import type { Running } from './running.ts';
import type { StepUnderWay } from './step-under-way.ts';

/** Steps taken one by one after one in which something was short: adding all rounds again costs about as much. */
const PAUSE = 32;

export class Ahead {
  readonly #known: KnownRounds;
  readonly #most: Verified;
  readonly #blockTokens: number;
  readonly #coming: ComingSteps;
  /** Element t: requests that get t tokens in the step that is taken. */
  readonly #requests: Int32Array;
  /** Tokens that models catch up on in the step after it, by what it emitted alone. */
  #catchUp = 0;
  /** By slot: the step of its first known round, and what it holds at its end. */
  #from = new Int32Array(16);
  #heldAtEnd = new Int32Array(16);
  /** Steps left to be taken one by one; 0 while rounds are known ahead. */
  #pause = 0;

  constructor(known: KnownRounds, most: Verified, { maxSequences, blockTokens }: Limits) {
    this.#known = known;
    this.#most = most;
    this.#blockTokens = blockTokens;
    this.#coming = new ComingSteps(known.longest, maxSequences, blockTokens);
    this.#requests = new Int32Array(known.longest + 1);
  }

  /** Whether it takes steps, for all that it knows. */
  get inForce(): boolean {
    return this.#pause === 0;
  }

  /** A request begins to decode in the next step. */
  begin({ rows, slots }: Running, place: number): void {
    if (this.#pause > 0) return;
    const [request, position, left] = [rows.request(place), rows.position(place), rows.left(place)];
    if (left <= 0) return;
    const slot = slots[place]!;
    while (slot >= this.#from.length) {
      this.#from = wider(this.#from);
      this.#heldAtEnd = wider(this.#heldAtEnd);
    }
    const known = this.#known;
    const coming = this.#coming;
    const needed = rows.context(place) + this.#most.keys;
    const held = rows.held(place);
    const end = coming.add(slot, known.stream(request, position, left), held - needed);
    coming.addCatchUp(coming.next, known.nextCatchUp(request, position));
    coming.addCatchUp(end + 1, -known.catchUpAfter[coming.lastTokens]!);
    this.#from[slot] = coming.next;
    this.#heldAtEnd[slot] = this.#holding(held, needed + left - coming.lastTokens);
  }

  /** What a request holds when it needs so many tokens, in whole blocks beside those it has. */
  #holding(held: number, needed: number): number {
    return held + Math.max(0, Math.ceil((needed - held) / this.#blockTokens)) * this.#blockTokens;
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
    const { decoding, decodingContext } = running;
    const coming = this.#coming;
    const requests = this.#requests;
    const blocks = coming.read(requests);
    if (!free || decoding * this.#most.queries > budget || !kv.take(blocks)) {
      this.#leave(running);
      return false;
    }
    for (let slot = coming.ending; slot >= 0; slot = coming.endsBefore(slot)) {
      this.#end(running, running.placeOf(slot), step);
    }
    const { catchUpAfter } = this.#known;
    const catchUp = coming.catchUp + this.#catchUp;
    coming.pass();
    let emitted = 0;
    let catchUpNext = 0;
    for (let tokens = 1; tokens < requests.length; tokens++) {
      const count = requests[tokens]!;
      step.yields[tokens]! += count;
      emitted += count * tokens;
      catchUpNext += count * catchUpAfter[tokens]!;
    }
    step.emitted += emitted;
    this.#catchUp = catchUpNext;
    if (decoding > 0) this.#known.state(decoding, decodingContext, catchUp, step.work);
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
    running.closeGaps();
    const { rows, slots, decoding } = running;
    this.#pause = PAUSE;
    const known = this.#known;
    for (let place = 0; place < decoding; place++) {
      const request = rows.request(place);
      const rounds = this.#coming.next - this.#from[slots[place]!]!;
      if (rounds === 0) continue;
      const { lengths, start, byPosition } = known.stream(request, rows.position(place), rows.left(place));
      let at = start;
      for (let round = 0; round < rounds; round++) {
        const tokens = lesser(lengths[at]!, known.longest);
        rows.setHeld(place, this.#holding(rows.held(place), rows.context(place) + this.#most.keys));
        rows.setEmitted(place, tokens);
        rows.advance(place);
        at += byPosition ? tokens : 1;
      }
      known.resume(request, rows.emitted(place));
    }
    this.#coming.clear();
    this.#catchUp = 0;
  }
}
