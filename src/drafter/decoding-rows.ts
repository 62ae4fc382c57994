/**
 * Sequences that decode together, a row each, and what a round needs of one. All stands in one array: what serving
 * costs is the number of arrays that a round touches, since each is checked anew (docs/serving.md, "Speed").
 */
import { wider } from '../columns.ts';

const ROW = 8;
const REQUEST = 0;
const POSITION = 1;
const LEFT = 2;
const CONTEXT = 3;
const HELD = 4;
const EMITTED = 5;
/** Rows that are copied one by one. */
const FEW = 8;

export class DecodingRows {
  #rows = new Int32Array(16 * ROW);

  /** Index of the request in the trace. */
  request(n: number): number {
    return this.#rows[n * ROW + REQUEST]!;
  }

  /** Output tokens that exist. */
  position(n: number): number {
    return this.#rows[n * ROW + POSITION]!;
  }

  /** Output tokens still wanted. */
  left(n: number): number {
    return this.#rows[n * ROW + LEFT]!;
  }

  /** Tokens of prompt and output that exist. */
  context(n: number): number {
    return this.#rows[n * ROW + CONTEXT]!;
  }

  /** Tokens that its KV blocks hold. */
  held(n: number): number {
    return this.#rows[n * ROW + HELD]!;
  }

  /** Tokens that its last round emitted. */
  emitted(n: number): number {
    return this.#rows[n * ROW + EMITTED]!;
  }

  setHeld(n: number, tokens: number): void {
    this.#rows[n * ROW + HELD] = tokens;
  }

  setEmitted(n: number, tokens: number): void {
    this.#rows[n * ROW + EMITTED] = tokens;
  }

  /** Takes row n on by the tokens its round emitted, and returns them. */
  advance(n: number): number {
    const rows = this.#rows;
    const row = n * ROW;
    const tokens = rows[row + EMITTED]!;
    rows[row + POSITION]! += tokens;
    rows[row + LEFT]! -= tokens;
    rows[row + CONTEXT]! += tokens;
    return tokens;
  }

  /** Has room for so many rows, at most one more than before. */
  open(count: number): void {
    if (count * ROW > this.#rows.length) this.#rows = wider(this.#rows);
  }

  /** Fills row n, which is the first free one or one in use. */
  set(n: number, request: number, position: number, left: number, context: number, held: number): void {
    this.open(n + 1);
    const row = n * ROW;
    this.#rows[row + REQUEST] = request;
    this.#rows[row + POSITION] = position;
    this.#rows[row + LEFT] = left;
    this.#rows[row + CONTEXT] = context;
    this.#rows[row + HELD] = held;
  }

  /** Copies the rows from one up to another to where `to` and those after it stand. */
  move(to: number, from: number, upTo: number): void {
    const rows = this.#rows;
    // `copyWithin` is a call out of compiled code, which takes as long as some ten rows.
    if (upTo - from > FEW || to > from) rows.copyWithin(to * ROW, from * ROW, upTo * ROW);
    else for (let at = from * ROW, into = to * ROW; at < upTo * ROW; at++, into++) rows[into] = rows[at]!;
  }
}
