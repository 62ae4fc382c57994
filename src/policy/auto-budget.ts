/**
 * The budget that brings the most expected tokens per second: a threshold of survival, and the longest draft of a chain
 * (DSpark, arXiv 2607.05147).
 */
import { LEVELS } from '../trace/survival-levels.ts';
import { PricedLengths } from './shared-lengths.ts';
import { contextOf } from './step-prices.ts';

/** Thresholds that are tried are so many levels apart. */
const APART = 8;

export class AutoBudget extends PricedLengths {
  #threshold = LEVELS >> 2;
  #longest = this.parts.signal.depths;
  /** By threshold: drafts a sequence, and tokens, up to one of the longest drafts. */
  readonly #drafts = new Float64Array(LEVELS);
  readonly #tokens = new Float64Array(LEVELS);
  /** What the choice was made for, in steps of a tenth. */
  #size = -1;
  #context = 0;

  protected set(starts: Int32Array, rounds: number, contextTokens: number, copies: number): void {
    const { outlook, drafted, places, verified } = this;
    const { maxK, draftsAll, signal } = this.parts;
    const size = rounds * copies;
    const context = contextOf(size, contextTokens * copies);
    const about = Math.round(8 * Math.log2(size));
    const moved = about !== this.#size || context !== this.#context || outlook.depth > 0;
    if (outlook.known && moved) this.#choose(size, contextTokens * copies);
    this.#size = about;
    this.#context = context;
    const most = this.#longest;
    outlook.begin(most);
    const looked = outlook.depth;
    if (looked > 0) {
      signal.places(starts, rounds, places);
      outlook.see(places, rounds);
    }
    signal.reaching(starts, rounds, this.#threshold, most, verified);
    const all = draftsAll && (most > 0 || looked > 0) ? maxK : looked;
    if (all > 0) drafted.fill(all);
    else this.draftOneMore(most);
  }

  #choose(sequences: number, contextTokens: number): void {
    const { prices } = this;
    const { draftsAll, maxK, signal } = this.parts;
    const { shares } = this.outlook;
    const drafts = this.#drafts.fill(0);
    const tokens = this.#tokens.fill(0);
    prices.of(sequences, contextTokens);
    let best = 1 / prices.seconds(0, 0);
    this.#longest = 0;
    for (let k = 1; k <= signal.depths; k++) {
      let [above, emitted] = [0, 0];
      for (let level = LEVELS - 1, at = k * LEVELS - 1; level > 0; level--, at--) {
        above += shares[at]!;
        emitted += (shares[at]! * level) / (LEVELS - 1);
        drafts[level]! += above;
        tokens[level]! += emitted;
      }
      if (draftsAll && k < signal.depths) continue;
      const made = draftsAll ? maxK : k;
      for (let threshold = LEVELS - APART; threshold > 0; threshold -= APART) {
        const tokensPerS = (1 + tokens[threshold]!) / prices.seconds(made, drafts[threshold]!);
        // Of equals the lowest: what is as likely as what was seen is not left out.
        if (tokensPerS < best) continue;
        best = tokensPerS;
        this.#threshold = threshold;
        this.#longest = k;
      }
    }
  }
}
