/**
 * Figures that are kept by a whole number, such as seconds by tokens, in pages that are made when they are asked for. A run
 * of static batches meets a few numbers on each of many machines: columns as long as the largest of them took more time to
 * get, and to be collected, than what stands in them.
 */

/** Figures of a page. */
const PAGE = 64;

/** In place of pages that nobody has asked for. */
const NONE = new Float64Array(PAGE).fill(Number.NaN);

export class FiguresByCount {
  readonly #shift: number;
  #pages: Float64Array[] = [NONE];

  /** @param each figures of a number: 1, 2, 4 or so on to 64 */
  constructor(each: number) {
    this.#shift = Math.log2(PAGE / each);
  }

  /** The page that a number stands in, to be read; figures that were not set are not numbers. */
  of(count: number): Float64Array {
    const page = count >> this.#shift;
    return page < this.#pages.length ? this.#pages[page]! : NONE;
  }

  /** The same, to be written. */
  toSet(count: number): Float64Array {
    const page = count >> this.#shift;
    while (this.#pages.length <= page) this.#pages.push(NONE);
    if (this.#pages[page] === NONE) this.#pages[page] = NONE.slice();
    return this.#pages[page]!;
  }
}

/** Where figures stand in a page, of numbers that have `each` of them. */
export function placeOf(count: number, each: number): number {
  return (count * each) & (PAGE - 1);
}
