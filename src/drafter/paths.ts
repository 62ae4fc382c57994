/**
 * Ways through a request, a column each: millions are tried, so that none is an object. Those to one position are a list,
 * in the order in which they were added.
 */
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
  /** The next to the same position, -1 for none; and by position the first and the last of them. */
  beside = new Int32Array(256);
  first = new Int32Array(256);
  #last = new Int32Array(256);

  /** Starts anew, on positions up to `end`. */
  clear(end: number): void {
    this.#count = 0;
    if (end >= this.first.length) {
      this.first = new Int32Array(2 * end);
      this.#last = new Int32Array(2 * end);
    }
    this.first.fill(-1, 0, end + 1);
  }

  /** Adds one to a position and returns its index; its other columns are to be set. */
  addTo(position: number): number {
    if (this.#count === this.seconds.length) this.#grow();
    const path = this.#count++;
    this.beside[path] = -1;
    if (this.first[position]! < 0) this.first[position] = path;
    else this.beside[this.#last[position]!] = path;
    this.#last[position] = path;
    return path;
  }

  /** @param before the one before it in the list, -1 for none */
  removeFrom(position: number, path: number, before: number): void {
    const next = this.beside[path]!;
    if (before < 0) this.first[position] = next;
    else this.beside[before] = next;
    if (next < 0) this.#last[position] = before;
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
    this.beside = wider(this.beside);
  }
}
