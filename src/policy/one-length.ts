/** One length for the batch, the one that brings the most expected tokens per second of these very rounds. */
import { LEVELS, wordsFor } from '../trace/survival-levels.ts';
import { LengthChanges } from './length-changes.ts';
import { PaidChanges } from './paid-changes.ts';
import { PricedLengths } from './shared-lengths.ts';

export class OneLength extends PricedLengths {
  /** By depth: levels of survival, summed over the rounds of the step. */
  readonly #levels = new Int32Array(4 * wordsFor(this.parts.signal.depths));
  #k = 0;
  readonly #paid = new PaidChanges(this.parts.signal.depths);
  /** Least length that a step may have. */
  readonly #floor = Math.min(this.parts.limits.lengthFloor, this.parts.signal.depths);
  #begun = false;
  readonly #changes = new LengthChanges(this.parts.limits, this.parts.maxK);

  override get stepLength(): number {
    return this.#k;
  }

  protected set(starts: Int32Array, rounds: number, contextTokens: number, copies: number): void {
    const { prices, outlook, places } = this;
    const { draftsAll, maxK, signal } = this.parts;
    const levels = this.#levels.fill(0);
    signal.places(starts, rounds, places);
    addLevels(signal.words, places, rounds, levels);
    const scale = 1 / ((LEVELS - 1) * rounds);
    outlook.begin(this.#k);
    const looked = outlook.depth;
    if (looked > 0) outlook.see(places, rounds);
    prices.of(rounds * copies, contextTokens * copies);
    const wanted =
      this.#begun && prices.switchS > 0 ? this.#worthIt(levels, scale) : this.#fastest(levels, scale);
    this.#begun = true;
    this.#k = this.#changes.next(wanted);
    this.verified.fill(this.#k, 0, rounds);
    const drafted = draftsAll && (this.#k > 0 || looked > 0) ? maxK : Math.max(this.#k, looked);
    this.drafted.fill(drafted);
  }

  /** Seconds of a step in which all draft so many. */
  #seconds(k: number): number {
    const { draftsAll, maxK } = this.parts;
    return this.prices.seconds(k > 0 && draftsAll ? maxK : k, k);
  }

  /** The fastest length, found draft by draft, where changes are free. */
  #fastest(levels: Int32Array, scale: number): number {
    const { outlook } = this;
    const { draftsAll, signal } = this.parts;
    let best = 1 / this.#seconds(0);
    let emitted = 1;
    let wanted = 0;
    for (let k = 1; k <= signal.depths; k++) {
      const before = k === 1 ? 1 : levels[k - 2]! * scale;
      const known = draftsAll || k <= outlook.depth;
      const own = known ? levels[k - 1]! * scale : before * outlook.goesOn(k - 1);
      const tokensPerS = (emitted + own) / this.#seconds(k);
      if (tokensPerS > best) {
        best = tokensPerS;
        wanted = k;
      } else if (!draftsAll) break;
      emitted += levels[k - 1]! * scale;
    }
    return wanted;
  }

  /** The length of the step before, or one whose change has paid; of drafts that it does not make the usual is known. */
  #worthIt(levels: Int32Array, scale: number): number {
    const { outlook } = this;
    const { draftsAll, signal } = this.parts;
    const { seconds, emitted } = this.#paid;
    const made = draftsAll ? signal.depths : Math.max(this.#k, outlook.depth);
    let survives = 1;
    emitted[0] = 1;
    seconds[0] = this.#seconds(0);
    for (let k = 1; k <= signal.depths; k++) {
      survives = k <= made ? levels[k - 1]! * scale : survives * outlook.goesOn(k - 1);
      emitted[k] = emitted[k - 1]! + survives;
      seconds[k] = this.#seconds(k);
    }
    return this.#paid.best(this.#k, this.prices.switchS, this.#floor);
  }
}

/** Rounds whose levels add up to less than two bytes. */
const ROUNDS_AT_ONCE = 512;

/** Adds the levels of a step's rounds to sums by depth, of which there are four a word. */
function addLevels(words: Int32Array, places: Int32Array, rounds: number, sums: Int32Array): void {
  for (let depth = 0; depth < sums.length; depth += 4) {
    const ahead = depth >> 2;
    for (let from = 0; from < rounds; from += ROUNDS_AT_ONCE) {
      const upTo = Math.min(from + ROUNDS_AT_ONCE, rounds);
      // Of the first and third draft of the word, and of the second and fourth.
      let odd = 0;
      let even = 0;
      for (let i = from; i < upTo; i++) {
        const word = words[places[i]! + ahead]!;
        odd = (odd + (word & 0x7f007f)) | 0;
        even = (even + ((word >>> 8) & 0x7f007f)) | 0;
      }
      sums[depth]! += odd & 0xffff;
      sums[depth + 1]! += even & 0xffff;
      sums[depth + 2]! += odd >>> 16;
      sums[depth + 3]! += even >>> 16;
    }
  }
}
