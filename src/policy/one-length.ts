/** One length for the batch, the one that brings the most expected tokens per second of these very rounds. */
import { LEVELS, wordsFor } from '../trace/survival-levels.ts';
import { LengthChanges } from './length-changes.ts';
import { STAYS } from './policy.ts';
import { PricedLengths } from './shared-lengths.ts';

export class OneLength extends PricedLengths {
  /** By depth: levels of survival, summed over the rounds of the step. */
  readonly #levels = new Int32Array(4 * wordsFor(this.parts.signal.depths));
  #k = 0;
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
    const last = this.#k;
    const switchS = prices.switchS / STAYS;
    const rate = (k: number, emitted: number): number =>
      emitted / (prices.seconds(k > 0 && draftsAll ? maxK : k, k) + (k === last ? 0 : switchS));
    let best = rate(0, 1);
    let emitted = 1;
    let wanted = 0;
    for (let k = 1; k <= signal.depths; k++) {
      const before = k === 1 ? 1 : levels[k - 2]! * scale;
      const known = draftsAll || k <= looked;
      const own = known ? levels[k - 1]! * scale : before * outlook.goesOn(k - 1);
      const tokensPerS = rate(k, emitted + own);
      if (tokensPerS > best) {
        best = tokensPerS;
        wanted = k;
      } else if (!draftsAll) break;
      emitted += levels[k - 1]! * scale;
    }
    this.#k = this.#changes.next(wanted);
    this.verified.fill(this.#k, 0, rounds);
    const drafted = draftsAll && (this.#k > 0 || looked > 0) ? maxK : Math.max(this.#k, looked);
    this.drafted.fill(drafted);
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
