/**
 * Alea, the generator of Johannes Baagoe (2010, MIT licence), draw for draw that of the package seedrandom: three
 * fractions of 32 bits in turn, multiplied and carried over.
 */
const MULTIPLIER = 2091639;
const TWO_TO_32 = 2 ** 32;

export class Alea {
  #first: number;
  #second: number;
  #third: number;
  #carry = 1;

  constructor(seed: string) {
    const mash = new Mash();
    const [first, second, third] = [mash.of(' '), mash.of(' '), mash.of(' ')];
    this.#first = positive(first - mash.of(seed));
    this.#second = positive(second - mash.of(seed));
    this.#third = positive(third - mash.of(seed));
  }

  /** The next draw, uniform on [0, 1). */
  next(): number {
    const sum = MULTIPLIER * this.#first + this.#carry / TWO_TO_32;
    this.#first = this.#second;
    this.#second = this.#third;
    this.#carry = Math.floor(sum);
    this.#third = sum - this.#carry;
    return this.#third;
  }
}

/** Turns texts into fractions, each after those before. */
class Mash {
  #state = 0xefc8249d;

  of(text: string): number {
    let state = this.#state;
    for (let i = 0; i < text.length; i++) {
      state += text.charCodeAt(i);
      let high = 0.02519603282416938 * state;
      state = high >>> 0;
      high = (high - state) * state;
      state = high >>> 0;
      state += (high - state) * TWO_TO_32;
    }
    this.#state = state;
    return (state >>> 0) / TWO_TO_32;
  }
}

function positive(fraction: number): number {
  return fraction < 0 ? fraction + 1 : fraction;
}
