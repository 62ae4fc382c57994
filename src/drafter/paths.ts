/**
 * Ways through a request, a column each: millions are tried, so that none is an object. Those to one position are a list,
 * in the order in which they were added.
 */
import { wider } from '../columns.ts';

export class Paths {
  /** What it takes that somebody else drafts than the last time. */
  switchS = 0;
  #count = 0;
  seconds = new Float64Array(256);
  /** Tokens the model of each choice has not read; 0 for look-up. */
  firstUnread = new Int32Array(256);
  secondUnread = new Int32Array(256);
  /** Who drafted last, -1 for nobody yet. */
  last = new Int32Array(256);
  /** The way that it goes on from; -1 for none. */
  before = new Int32Array(256);
  /** The round that led here: where it started, and who drafted (-1 for nobody). */
  from = new Int32Array(256);
  choice = new Int32Array(256);
  /** The next to the same position, -1 for none; and by position the first of them. */
  beside = new Int32Array(256);
  first = new Int32Array(256);

  /** Starts anew, on positions up to `end`. */
  clear(end: number): void {
    this.#count = 0;
    if (end >= this.first.length) this.first = new Int32Array(2 * end);
    this.first.fill(-1, 0, end + 1);
  }

  /**
   * Adds one to a position, unless one there is as good in all respects, and drops those that it is as good as. Ways to
   * other positions stay as they are.
   */
  add(
    to: number,
    seconds: number,
    firstUnread: number,
    secondUnread: number,
    last: number,
    before: number,
    from: number,
    choice: number,
  ): void {
    const { switchS, beside, seconds: secondsOf, firstUnread: firstOf, secondUnread: secondOf } = this;
    const lastOf = this.last;
    for (let path = this.first[to]!; path >= 0; path = beside[path]!) {
      if (firstOf[path]! > firstUnread || secondOf[path]! > secondUnread) continue;
      if (secondsOf[path]! + (lastOf[path] === last ? 0 : switchS) <= seconds) return;
    }
    let kept = -1;
    for (let path = this.first[to]!; path >= 0; path = beside[path]!) {
      const asGood = firstUnread <= firstOf[path]! && secondUnread <= secondOf[path]!;
      if (asGood && seconds + (lastOf[path] === last ? 0 : switchS) <= secondsOf[path]!) {
        if (kept < 0) this.first[to] = beside[path]!;
        else beside[kept] = beside[path]!;
      } else kept = path;
    }
    if (this.#count === secondsOf.length) this.#grow();
    const path = this.#count++;
    if (kept < 0) this.first[to] = path;
    else this.beside[kept] = path;
    this.beside[path] = -1;
    this.seconds[path] = seconds;
    this.firstUnread[path] = firstUnread;
    this.secondUnread[path] = secondUnread;
    this.last[path] = last;
    this.before[path] = before;
    this.from[path] = from;
    this.choice[path] = choice;
  }

  #grow(): void {
    this.seconds = wider(this.seconds);
    this.firstUnread = wider(this.firstUnread);
    this.secondUnread = wider(this.secondUnread);
    this.last = wider(this.last);
    this.before = wider(this.before);
    this.from = wider(this.from);
    this.choice = wider(this.choice);
    this.beside = wider(this.beside);
  }
}
