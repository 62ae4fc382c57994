/** Who waits in a replica: preempted sequences in front, the last preempted first; then newcomers as they came. */
import { wider } from '../columns.ts';

export class Waiting {
  #slots = new Int32Array(16);
  #preempted = 0;
  #requests = new Int32Array(16);
  #arrivalsS = new Float64Array(16);
  #first = 0;
  #end = 0;

  get count(): number {
    return this.#preempted + this.#end - this.#first;
  }

  /** Slot of the preempted sequence in front; -1 when none waits. */
  get slot(): number {
    return this.#preempted === 0 ? -1 : this.#slots[this.#preempted - 1]!;
  }

  /** The newcomer next in line, where no preempted sequence waits. */
  get request(): number {
    return this.#requests[this.#first]!;
  }

  get arrivalS(): number {
    return this.#arrivalsS[this.#first]!;
  }

  /** A newcomer queues up. */
  add(request: number, arrivalS: number): void {
    if (this.#end === this.#requests.length) this.#makeRoom();
    this.#requests[this.#end] = request;
    this.#arrivalsS[this.#end++] = arrivalS;
  }

  /** A preempted sequence goes to the front. */
  prepend(slot: number): void {
    if (this.#preempted === this.#slots.length) this.#slots = wider(this.#slots);
    this.#slots[this.#preempted++] = slot;
  }

  /** Removes the one in front. */
  shift(): void {
    if (this.#preempted > 0) this.#preempted--;
    else this.#first++;
  }

  /** Moves the newcomers to the start of the columns, or widens these where they are more than half full. */
  #makeRoom(): void {
    if (this.#first < this.#requests.length / 2) {
      this.#requests = wider(this.#requests);
      this.#arrivalsS = wider(this.#arrivalsS);
      return;
    }
    this.#requests.copyWithin(0, this.#first, this.#end);
    this.#arrivalsS.copyWithin(0, this.#first, this.#end);
    this.#end -= this.#first;
    this.#first = 0;
  }
}
