/** One length for the batch, the one that brings the most expected tokens per second of these very rounds. */
import { LengthChanges } from './length-changes.ts';
import { STAYS } from './policy.ts';
import { PricedLengths } from './shared-lengths.ts';

export class OneLength extends PricedLengths {
  /** By depth: survival, summed over the rounds of the step. */
  readonly #survives = new Float64Array(this.parts.maxK);
  readonly #changes = new LengthChanges(this.parts.limits, this.parts.maxK);
  #k = 0;

  override get stepLength(): number {
    return this.#k;
  }

  protected set(starts: Int32Array, rounds: number, contextTokens: number, copies: number): void {
    const { prices, outlook } = this;
    const { draftsAll, maxK } = this.parts;
    const survives = this.#survives.fill(0);
    const survival = this.survivalOf(starts, rounds, maxK);
    for (let i = 0; i < rounds; i++) {
      for (let d = 0; d < maxK; d++) survives[d]! += survival[i * maxK + d]!;
    }
    outlook.begin(this.#k);
    const looked = outlook.depth;
    outlook.see(survival, rounds, maxK);
    prices.of(rounds * copies, contextTokens * copies);
    const last = this.#k;
    const switchS = prices.switchS / STAYS;
    const rate = (k: number, emitted: number): number =>
      emitted / (prices.seconds(k > 0 && draftsAll ? maxK : k, k) + (k === last ? 0 : switchS));
    let best = rate(0, 1);
    let emitted = 1;
    let wanted = 0;
    for (let k = 1; k <= maxK; k++) {
      const before = k === 1 ? 1 : survives[k - 2]! / rounds;
      const known = draftsAll || k <= looked;
      const own = known ? survives[k - 1]! / rounds : before * outlook.goesOn(k - 1);
      const tokensPerS = rate(k, emitted + own);
      if (tokensPerS > best) {
        best = tokensPerS;
        wanted = k;
      } else if (!draftsAll) break;
      emitted += known ? own : survives[k - 1]! / rounds;
    }
    this.#k = this.#changes.next(wanted);
    this.verified.fill(this.#k, 0, rounds);
    const drafted = draftsAll && (this.#k > 0 || looked > 0) ? maxK : Math.max(this.#k, looked);
    this.drafted.fill(drafted, 0, rounds);
  }
}
