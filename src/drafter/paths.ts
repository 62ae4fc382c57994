/**
 * Ways through a request, a column each: millions are tried, so that none is an object. Those to one position are a list,
 * in the order in which they were added.
 */
import { wider } from '../columns.ts';

export class Paths {
  /** What it takes that somebody else drafts than the last time. */
  switchS = 0;
  /** The path that is added next, whose seconds are written to their column before: passed on they would be an object. */
  next = 0;
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
    this.next = 0;
    if (end >= this.first.length) this.first = new Int32Array(2 * end);
    this.first.fill(-1, 0, end + 1);
  }

  /**
   * Adds the next path to a position, unless one there is as good in all respects, and drops those that it is as good as.
   * Ways to other positions stay as they are.
   */
  addNext(
    to: number,
    first: number,
    second: number,
    own: number,
    before: number,
    from: number,
    choice: number,
  ): void {
    const { next, switchS, beside, seconds, firstUnread, secondUnread, last } = this;
    const ownS = seconds[next]!;
    for (let path = this.first[to]!; path >= 0; path = beside[path]!) {
      if (firstUnread[path]! > first || secondUnread[path]! > second) continue;
      if (seconds[path]! + (last[path] === own ? 0 : switchS) <= ownS) return;
    }
    let kept = -1;
    for (let path = this.first[to]!; path >= 0; path = beside[path]!) {
      const asGood = first <= firstUnread[path]! && second <= secondUnread[path]!;
      if (!asGood || ownS + (last[path] === own ? 0 : switchS) > seconds[path]!) kept = path;
      else if (kept < 0) this.first[to] = beside[path]!;
      else beside[kept] = beside[path]!;
    }
    if (kept < 0) this.first[to] = next;
    else beside[kept] = next;
    beside[next] = -1;
    firstUnread[next] = first;
    secondUnread[next] = second;
    last[next] = own;
    this.before[next] = before;
    this.from[next] = from;
    this.choice[next] = choice;
    this.next++;
    if (this.next === seconds.length) this.#grow();
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
