/**
 * Prices of steps whose sequences are alike, asked for millions of times. For given drafts a price is linear in the
 * context, but for attention that turns from memory-bound to compute-bound or outgrows a window: where it is linear over
 * all contexts asked about, two prices serve for all of them.
 */
import { wider } from '../columns.ts';

const UNKNOWN = 0;
const LINE = 1;
const BENT = 2;

/** Where between two contexts a third price is taken; a bend between them shows there, wherever it is. */
const INTERIOR = 0.382;
const ROUNDING = 1e-12;

/** Seconds of a step of a kind at a context. */
type Price = (kind: number, context: number) => number;

export class StepLines {
  readonly #price: Price;
  /** Contexts that requests so far have. */
  #least = Number.POSITIVE_INFINITY;
  #greatest = 0;
  /** By kind: whether it is a line, over which contexts, and the line; of others the last price and its context. */
  #form = new Int32Array(256);
  #from = new Int32Array(256);
  #upTo = new Int32Array(256);
  #atZeroS = new Float64Array(256);
  #perTokenS = new Float64Array(256);

  constructor(price: Price) {
    this.#price = price;
  }

  /** Says which contexts will be asked about. */
  cover(least: number, greatest: number): void {
    this.#least = Math.min(this.#least, least);
    this.#greatest = Math.max(this.#greatest, greatest);
  }

  /** Forgets all prices, since something else than the kind and the context has changed. */
  clear(): void {
    this.#form.fill(UNKNOWN);
  }

  /** @param kind small whole number */
  at(kind: number, context: number): number {
    while (kind >= this.#form.length) this.#grow();
    if (
      this.#form[kind] !== BENT &&
      !(this.#form[kind] === LINE && context >= this.#from[kind]! && context <= this.#upTo[kind]!)
    ) {
      this.#draw(kind);
    }
    if (this.#form[kind] === LINE) return this.#atZeroS[kind]! + context * this.#perTokenS[kind]!;
    if (this.#from[kind] !== context) {
      this.#from[kind] = context;
      this.#atZeroS[kind] = this.#price(kind, context);
    }
    return this.#atZeroS[kind]!;
  }

  /** Finds the line through the prices of a kind, or that there is none. */
  #draw(kind: number): void {
    const least = this.#least;
    const greatest = this.#greatest;
    const between = Math.round(least + INTERIOR * (greatest - least));
    const lowS = this.#price(kind, least);
    const slope = greatest > least ? (this.#price(kind, greatest) - lowS) / (greatest - least) : 0;
    const atZeroS = lowS - least * slope;
    const exactS = this.#price(kind, between);
    const bends = Math.abs(atZeroS + between * slope - exactS) > ROUNDING * exactS;
    this.#form[kind] = bends ? BENT : LINE;
    this.#from[kind] = bends ? between : least;
    this.#upTo[kind] = greatest;
    this.#atZeroS[kind] = bends ? exactS : atZeroS;
    this.#perTokenS[kind] = slope;
  }

  #grow(): void {
    this.#form = wider(this.#form);
    this.#from = wider(this.#from);
    this.#upTo = wider(this.#upTo);
    this.#atZeroS = wider(this.#atZeroS);
    this.#perTokenS = wider(this.#perTokenS);
  }
}
