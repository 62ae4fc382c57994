/** The calendar of events: one order, by time and then by sequence of scheduling, defined here alone. */

export type Event = { readonly kind: 'arrival'; readonly request: number } | { readonly kind: 'step-end' };

interface Entry {
  readonly timeS: number;
  readonly sequence: number;
  readonly event: Event;
}

export class Calendar {
  readonly #heap: Entry[] = [];
  #scheduled = 0;
  #nowS = 0;

  /** Virtual time: the time of the last event taken. */
  get nowS(): number {
    return this.#nowS;
  }

  /** Time of the next event; infinity when there is none. */
  get nextS(): number {
    return this.#heap[0]?.timeS ?? Number.POSITIVE_INFINITY;
  }

  /** Schedules an event. Time never goes back: an earlier time than now is a defect and throws. */
  schedule(timeS: number, event: Event): void {
    if (!(timeS >= this.#nowS)) throw new Error(`event ${event.kind} at ${timeS} s, before ${this.#nowS} s`);
    const entry = { timeS, sequence: this.#scheduled++, event };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Takes the next event and moves the time to it; undefined when there is none. */
  take(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return undefined;
    this.#nowS = first.timeS;
    const last = heap.pop()!;
    if (heap.length > 0) {
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
        if (!before(heap[child]!, last)) break;
        heap[at] = heap[child]!;
        at = child;
      }
      heap[at] = last;
    }
    return first.event;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.timeS < b.timeS || (a.timeS === b.timeS && a.sequence < b.sequence);
}
