/** Ways through a request, a column each: millions are tried, so that none is an object. */
import { wider } from '../columns.ts';

export class Paths {
  #count = 0;
  seconds = new Float64Array(256);
  /** Tokens the model of each choice has not read; 0 for look-up. */
  firstUnread = new Int32Array(256);
  secondUnread = new Int32Array(256);
  /** Who drafted last, -1 for nobody yet. */
  last = new Int32Array(256);
  /** The way that it goes on from; -1 for none. */
  before = new Int32Array(256);
  /** The round that led here: where it started, who drafted (-1 for nobody), and how many tokens. */
  from = new Int32Array(256);
  choice = new Int32Array(256);
  drafted = new Int32Array(256);

  clear(): void {
    this.#count = 0;
  }

  /** The index of one more, whose columns are to be set. */
  next(): number {
    if (this.#count === this.seconds.length) this.#grow();
    return this.#count++;
  }

  #grow(): void {
    this.seconds = wider(this.seconds);
    this.firstUnread = wider(this.firstUnread);
    this.secondUnread = wider(this.secondUnread);
    this.last = wider(this.last);
    this.before = wider(this.before);
    this.from = wider(this.from);
    this.choice = wider(this.choice);
    this.drafted = wider(this.drafted);
  }
}
