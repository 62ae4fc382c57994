/** Rounds of requests, counted by kind: a tally for each kind that a request has. */
import { wider } from '../columns.ts';

export class TallyColumns {
  kind = new Int32Array(16);
  count = new Int32Array(16);
  /** Tokens at which its rounds start, summed. */
  context = new Float64Array(16);
  length = 0;
  /** By kind: where its tally of the request under way is, plus one; 0 where it has none. */
  place: Int32Array;

  constructor(kinds: number) {
    this.place = new Int32Array(kinds);
  }

  /** Counts the rounds of one request. */
  add(kind: Uint16Array, context: Int32Array, from: number, upTo: number): void {
    const first = this.length;
    this.reserve(upTo - from);
    const { place, count, context: sums } = this;
    for (let i = from; i < upTo; i++) {
      const own = kind[i]!;
      if (place[own] === 0) this.begin(own);
      const at = place[own]! - 1;
      count[at]!++;
      sums[at]! += context[i]!;
    }
    for (let at = first; at < this.length; at++) place[this.kind[at]!] = 0;
  }

  /** Makes room for a request of so many rounds, whose tallies then stay where they are. */
  reserve(rounds: number): void {
    while (this.length + rounds > this.kind.length) {
      this.kind = wider(this.kind);
      this.count = wider(this.count);
      this.context = wider(this.context);
    }
  }

  begin(kind: number): void {
    this.kind[this.length] = kind;
    this.place[kind] = ++this.length;
  }
}
