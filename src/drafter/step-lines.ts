/**
 * Prices of steps whose sequences are alike, asked for millions of times. For given drafts a price is linear in the
 * context, but for attention that turns from memory-bound to compute-bound or outgrows a window: where it is linear over
 * all contexts asked about, two prices serve for all of them.
 */
import { wider } from '../columns.ts';

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
  /** By kind: over which contexts its line is known, and where prices are no line; those hold for one context. */
  #from = new Int32Array(256);
  #upTo = new Int32Array(256).fill(-1);
  #bends = new Int32Array(256);
  /** Seconds of a step of each kind, as far as they are known: at context 0, and for each token of context. */
  atZeroS = new Float64Array(256);
  perTokenS = new Float64Array(256);

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
    this.#upTo.fill(-1);
    this.#bends.fill(0);
  }

  /**
   * Makes the price of a kind known at a context. The two numbers of it are read from their columns: a function that returns
   * a fraction, and that V8 does not inline, makes an object of it.
   *
   * @param kind small whole number
   */
  know(kind: number, context: number): void {
    if (kind >= this.#upTo.length) this.#grow(kind);
    if (context < this.#from[kind]! || context > this.#upTo[kind]!) this.#draw(kind, context);
  }

  /** Finds the line through the prices of a kind, or that there is none and its price at one context. */
  #draw(kind: number, context: number): void {
    if (this.#bends[kind] === 0) {
      const least = this.#least;
      const greatest = this.#greatest;
      const between = Math.round(least + INTERIOR * (greatest - least));
      const lowS = this.#price(kind, least);
      const slope = greatest > least ? (this.#price(kind, greatest) - lowS) / (greatest - least) : 0;
      const atZeroS = lowS - least * slope;
      const exactS = this.#price(kind, between);
      if (Math.abs(atZeroS + between * slope - exactS) <= ROUNDING * exactS) {
        this.#hold(kind, least, greatest, atZeroS, slope);
        return;
      }
      this.#bends[kind] = 1;
    }
    this.#hold(kind, context, context, this.#price(kind, context), 0);
  }

  #hold(kind: number, from: number, upTo: number, atZeroS: number, perTokenS: number): void {
    this.#from[kind] = from;
    this.#upTo[kind] = upTo;
    this.atZeroS[kind] = atZeroS;
    this.perTokenS[kind] = perTokenS;
  }

  #grow(kind: number): void {
    const known = this.#upTo.length;
    while (kind >= this.#upTo.length) {
      this.#from = wider(this.#from);
      this.#upTo = wider(this.#upTo);
      this.#bends = wider(this.#bends);
      this.atZeroS = wider(this.atZeroS);
      this.perTokenS = wider(this.perTokenS);
    }
    this.#upTo.fill(-1, known);
  }
}
