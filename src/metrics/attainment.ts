/**
 * How a run of an open load stands to an objective, told as its requests end: those that come last are not measured
 * (serving.ts), so that the run can end before they do.
 */
import type { FinishedRecords } from '../engine/records.ts';
import { type LongestGapOf, latencyOf, leftOut, limitsOf, measuredRequests, shareOf } from './serving.ts';
import type { Slo, SloLimit } from './slo.ts';

export interface Attainment {
  /** Measured requests that meet every limit; 1 for no requests. */
  readonly share: number;
  /** Whether that is the share asked for. */
  readonly held: boolean;
  /** How many times as long every limit would have to be for that to be just so; endless where no length is enough. */
  readonly stretch: number;
  /** The limit that most of them miss; null when none does. */
  readonly tightest: SloLimit | null;
}

export class Judge {
  readonly #share: number;
  readonly #limits: readonly { readonly of: SloLimit; readonly mostS: number; missed: number }[];
  readonly #first: number;
  readonly #end: number;
  /** Of the requests judged, how many times as long every limit would have to be for it to meet them. */
  readonly #stretches: Float64Array;
  #seen = 0;
  #judged = 0;
  #met = 0;

  /** @param requests of the run, numbered as they arrive */
  constructor(slo: Slo, requests: number) {
    this.#share = slo.share;
    this.#limits = limitsOf(slo).map((limit) => ({ ...limit, missed: 0 }));
    this.#first = leftOut(requests);
    this.#end = requests - leftOut(requests);
    this.#stretches = new Float64Array(this.#end - this.#first);
  }

  /** Takes in the requests that ended since it was called before. */
  see(finished: FinishedRecords, longestGapOf: LongestGapOf): void {
    for (; this.#seen < finished.length; this.#seen++) {
      const request = finished.request[this.#seen]!;
      if (request >= this.#first && request < this.#end) this.#judge(finished, this.#seen, longestGapOf);
    }
  }

  /** Takes in a whole run at once, whose requests may have come in another order than they are numbered in. */
  seeWhole(finished: FinishedRecords, longestGapOf: LongestGapOf): void {
    for (const i of measuredRequests(finished)) this.#judge(finished, i, longestGapOf);
  }

  #judge(finished: FinishedRecords, i: number, longestGapOf: LongestGapOf): void {
    let met = true;
    let stretch = 0;
    for (const limit of this.#limits) {
      const latencyS = latencyOf(limit.of, finished, i, longestGapOf);
      if (latencyS > limit.mostS) {
        limit.missed++;
        met = false;
      }
      if (latencyS / limit.mostS > stretch) stretch = latencyS / limit.mostS;
    }
    this.#stretches[this.#judged++] = stretch;
    if (met) this.#met++;
  }

  /** Whether every measured request was seen. */
  get complete(): boolean {
    return this.#judged === this.#stretches.length;
  }

  /** Of all measured requests, which have to be seen. */
  get attainment(): Attainment {
    const measured = this.#stretches.length;
    const share = shareOf(this.#met, measured);
    let tightest: SloLimit | null = null;
    let most = 0;
    for (const { of, missed } of this.#limits) {
      if (missed > most) {
        tightest = of;
        most = missed;
      }
    }
    let needed = Math.floor(this.#share * measured);
    while (shareOf(needed, measured) < this.#share) needed++;
    const stretch = needed === 0 ? 0 : this.#stretches.toSorted()[needed - 1]!;
    return { share, held: share >= this.#share, stretch, tightest };
  }
}
