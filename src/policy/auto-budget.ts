/**
 * The budget that brings the most expected tokens per second: a threshold of survival, and the longest draft of a chain
 * (DSpark, arXiv 2607.05147).
 */
import { LEVELS } from './outlook.ts';
import { PricedLengths } from './shared-lengths.ts';
import { contextOf } from './step-prices.ts';

/** Thresholds that are tried are so many levels apart. */
const APART = 8;

export class AutoBudget extends PricedLengths {
  #threshold = LEVELS >> 2;
  #longest = this.parts.maxK;
  /** By threshold: drafts a sequence, and tokens, up to one of the longest drafts. */
  readonly #drafts = new Float64Array(LEVELS);
  readonly #tokens = new Float64Array(LEVELS);
  /** What the choice was made for, in steps of a tenth. */
  #size = -1;
  #context = 0;

  protected set(starts: Int32Array, rounds: number, contextTokens: number, copies: number): void {
    const { outlook, verified, drafted } = this;
    const { signal, maxK, draftsAll } = this.parts;
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
    if (looked > 0) outlook.see(this.survivalOf(starts, rounds, looked), rounds, looked);
    signal.reaching(starts, rounds, most, this.#threshold / (LEVELS - 1), verified);
    const all = draftsAll && (most > 0 || looked > 0) ? maxK : looked;
    for (let i = 0; i < rounds; i++) drafted[i] = all > 0 ? all : Math.min(verified[i]! + 1, most);
  }

  #choose(sequences: number, contextTokens: number): void {
    const { prices } = this;
    const { draftsAll, maxK } = this.parts;
    const { shares } = this.outlook;
    const drafts = this.#drafts.fill(0);
    const tokens = this.#tokens.fill(0);
    prices.of(sequences, contextTokens);
    let best = 1 / prices.seconds(0, 0);
    this.#longest = 0;
    for (let k = 1; k <= maxK; k++) {
      let [above, emitted] = [0, 0];
      for (let level = LEVELS - 1, at = k * LEVELS - 1; level > 0; level--, at--) {
        above += shares[at]!;
        emitted += (shares[at]! * level) / (LEVELS - 1);
        drafts[level]! += above;
        tokens[level]! += emitted;
      }
      if (draftsAll && k < maxK) continue;
      for (let threshold = LEVELS - APART; threshold > 0; threshold -= APART) {
        const tokensPerS = (1 + tokens[threshold]!) / prices.seconds(k, drafts[threshold]!);
        // Of equals the lowest: what is as likely as what was seen is not left out.
        if (tokensPerS < best) continue;
        best = tokensPerS;
        this.#threshold = threshold;
        this.#longest = k;
      }
    }
  }
}
