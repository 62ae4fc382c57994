/**
 * What is known to fall into the steps that come: how many requests get how many tokens, the KV blocks that they take, and
 * who ends. What adding a round costs is the arrays that it touches: requests and their blocks are counted in one.
 */
import { wider } from '../columns.ts';
import type { RoundStream } from '../drafter/known-rounds.ts';

/** Bytes that a processor reads at once. */
const CACHE_LINE = 64;

export class ComingSteps {
  /** Number of the next step; what falls into step n stands at n modulo `#steps`, a power of two. */
  next = 0;
  /** Tokens that the last rounds added end with. */
  lastTokens = 0;
  #steps = 256;
  /** At `step * #width + t - 1`: requests that get t tokens, and `#block` for each KV block that they take. */
  #counts: Int32Array | Float64Array;
  readonly #longest: number;
  /** A power of two, as is `#steps`. */
  readonly #width: number;
  readonly #block: number;
  readonly #blockTokens: number;
  /** What models catch up on beside what follows from the step before: of who begins, less of who has ended. */
  #catchUp = new Int32Array(256);
  /** The last slot that ends in a step, plus one; and by slot the one before it. */
  #ending = new Int32Array(256);
  #endsBefore = new Int32Array(16);
  /** Of no use but that what is touched is read. */
  #touched = 0;

  /**
   * @param longest tokens that a round emits
   * @param most requests that decode at once; may be infinite
   */
  constructor(longest: number, most: number, blockTokens: number) {
    const small = most * Math.ceil(longest / blockTokens + 1) < 2 ** 15;
    this.#longest = longest;
    this.#width = 1 << Math.ceil(Math.log2(longest));
    this.#block = small ? 2 ** 16 : 2 ** 26;
    this.#counts = new (small ? Int32Array : Float64Array)(256 * this.#width);
    this.#blockTokens = blockTokens;
  }

  /** The last slot that ends in the next step; -1 for none. */
  get ending(): number {
    return this.#ending[this.next & (this.#steps - 1)]! - 1;
  }

  /** The slot that ends in the same step before another; -1 for none. */
  endsBefore(slot: number): number {
    return this.#endsBefore[slot]! - 1;
  }

  /**
   * Adds the rounds of a request from the next step on, and returns the number of the last.
   *
   * @param room tokens that its KV blocks still hold beside what its first round needs; negative where that needs more
   */
  add(slot: number, stream: RoundStream, room: number): number {
    while (stream.end - stream.start >= this.#steps) this.#widen();
    while (slot >= this.#endsBefore.length) this.#endsBefore = wider(this.#endsBefore);
    const last = this.#addRounds(stream, room);
    const at = last & (this.#steps - 1);
    this.#endsBefore[slot] = this.#ending[at]!;
    this.#ending[at] = slot + 1;
    return last;
  }

  #addRounds({ lengths, start, end, byPosition }: RoundStream, room: number): number {
    const counts = this.#counts;
    // Whole numbers for certain: where other drafters verify means, what follows from `Verified` is fractions to V8.
    const width = this.#width | 0;
    const longest = this.#longest | 0;
    const block = this.#block | 0;
    const blockTokens = this.#blockTokens | 0;
    const mask = counts.length - 1;
    if (byPosition) this.#touched ^= touch(lengths, start, end);
    const first = (this.next & (this.#steps - 1)) * width;
    let row = first;
    let free = room | 0;
    let tokens = 0;
    let at = start | 0;
    for (; at < end; row = (row + width) & mask) {
      // Written out: a call of `lesser` would make each round look for sums beyond whole numbers, a sixth of its time.
      const length = lengths[at]!;
      const more = (longest - length) | 0;
      tokens = (length + (more & (more >> 31))) | 0;
      const cell = (row + tokens - 1) | 0;
      // A block or none, which is what rounds mostly take, without a branch that nobody could foresee.
      const lacks = free >> 31;
      counts[cell]! += 1 + (lacks & block);
      free = (free + (lacks & blockTokens)) | 0;
      if (free < 0) {
        const further = Math.ceil(-free / blockTokens);
        counts[cell]! += further * block;
        free = (free + further * blockTokens) | 0;
      }
      free = (free - tokens) | 0;
      at = (at + (byPosition ? tokens : 1)) | 0;
    }
    // The last round ends with the output.
    const last = (row - width) & mask;
    this.lastTokens = tokens - (at - end);
    counts[last + tokens - 1]!--;
    counts[last + this.lastTokens - 1]!++;
    return this.next + ((((last - first) & mask) / width) | 0);
  }

  /** A model catches up on so many more tokens in a step than follows from the step before. */
  addCatchUp(number: number, tokens: number): void {
    this.#catchUp[number & (this.#steps - 1)]! += tokens;
  }

  get catchUp(): number {
    return this.#catchUp[this.next & (this.#steps - 1)]!;
  }

  /** Sets element t to the requests that get t tokens in the next step, and returns the KV blocks that they take: once. */
  read(requests: Int32Array): number {
    const [counts, width, longest, block] = [this.#counts, this.#width, this.#longest, this.#block];
    const first = (this.next & (this.#steps - 1)) * width - 1;
    // Of a power of two it is exact, and no division.
    const perBlock = 1 / block;
    let blocks = 0;
    for (let tokens = 1; tokens <= longest; tokens++) {
      const count = counts[first + tokens]!;
      const taken = (count * perBlock) | 0;
      requests[tokens] = count - taken * block;
      blocks += taken;
      counts[first + tokens] = 0;
    }
    return blocks;
  }

  /** Goes on to the step after the next, which was read. */
  pass(): void {
    const at = this.next++ & (this.#steps - 1);
    this.#catchUp[at] = 0;
    this.#ending[at] = 0;
  }

  /** Forgets whatever was to come. */
  clear(): void {
    for (const column of [this.#counts, this.#catchUp, this.#ending]) column.fill(0);
  }

  /** Twice as many steps, each where its number says. */
  #widen(): void {
    const steps = this.#steps;
    // Those to the end of the columns, and those from their start.
    const cut = this.next % steps;
    const spread = <T extends Int32Array | Float64Array>(column: T, width = 1): T => {
      const wide = wider(column).fill(0) as T;
      wide.set(column.subarray(cut * width), (this.next % (2 * steps)) * width);
      wide.set(column.subarray(0, cut * width), ((this.next - cut + steps) % (2 * steps)) * width);
      return wide;
    };
    this.#counts = spread(this.#counts, this.#width);
    this.#catchUp = spread(this.#catchUp);
    this.#ending = spread(this.#ending);
    this.#steps = 2 * steps;
  }
}

/**
 * Reads something of every line of some lengths, all at once: where a round starts is known when the one before it has been
 * read, so that each line would be waited for alone.
 */
function touch(lengths: Uint8Array, start: number, end: number): number {
  let some = 0;
  for (let at = start; at < end; at += CACHE_LINE) some ^= lengths[at]!;
  return some;
}
