/**
 * A calendar of what comes (ends of steps, of transfers, next turns): one order, by time and then by sequence of
 * scheduling, defined here alone. What comes at the same time in several is ordered in engine.ts.
 */

import { wider } from '../columns.ts';

/** A binary heap in typed arrays; an entry is a time, its place in the sequence, and a number: the replica whose step ends, a request. */
export class Calendar {
  #timeS = new Float64Array(8);
  #sequence = new Float64Array(8);
  #of = new Int32Array(8);
  #count = 0;
  #scheduled = 0;
  #nowS = 0;

  /** Virtual time: the time of the last event taken or reached. */
  get nowS(): number {
    return this.#nowS;
  }

  /** Time of the next entry; infinity when there is none. */
  get nextS(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : this.#timeS[0]!;
  }

  /** Moves the time on to an event that stands elsewhere. Time never goes back: that is a defect and throws. */
  reach(timeS: number): void {
    if (!(timeS >= this.#nowS)) throw new Error(`event at ${timeS} s, before ${this.#nowS} s`);
    this.#nowS = timeS;
  }

  /** Schedules an entry; before now is a defect and throws. */
  schedule(timeS: number, of: number): void {
    if (!(timeS >= this.#nowS)) throw new Error(`entry at ${timeS} s, before ${this.#nowS} s`);
    if (this.#count === this.#timeS.length) this.#grow();
    let at = this.#count++;
    const sequence = this.#scheduled++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(timeS, sequence, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, timeS, sequence, of);
  }

  /** Takes the next entry, moves the time to it and returns its number; -1 when there is none. */
  take(): number {
    if (this.#count === 0) return -1;
    const first = this.#of[0]!;
    this.#nowS = this.#timeS[0]!;
    const last = --this.#count;
    const timeS = this.#timeS[last]!;
    const sequence = this.#sequence[last]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#before(this.#timeS[child + 1]!, this.#sequence[child + 1]!, child))
        child++;
      if (this.#before(timeS, sequence, child)) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, timeS, sequence, this.#of[last]!);
    return first;
  }

  #before(timeS: number, sequence: number, entry: number): boolean {
    const other = this.#timeS[entry]!;
    return timeS < other || (timeS === other && sequence < this.#sequence[entry]!);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#timeS[from]!, this.#sequence[from]!, this.#of[from]!);
  }

  #put(at: number, timeS: number, sequence: number, of: number): void {
    this.#timeS[at] = timeS;
    this.#sequence[at] = sequence;
    this.#of[at] = of;
  }

  #grow(): void {
    this.#timeS = wider(this.#timeS);
    this.#sequence = wider(this.#sequence);
    this.#of = wider(this.#of);
  }
}
