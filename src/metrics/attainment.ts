/**
 * How a run of an open load stands to an objective, told as its requests end: those that come last are not measured
 * (serving.ts), and whether the objective holds is often known long before.
 */
import type { FinishedRecord, FinishedRecords } from '../engine/records.ts';
import { latenciesOf, leftOut, measuredRequests, type ServedRun, shareOf } from './serving.ts';
import { meets, SLO_LIMITS, type Slo, type SloLimit } from './slo.ts';

export interface Attainment {
  /** Measured requests that meet every limit; 1 for no requests. */
  readonly share: number;
  /** The limit that most of them miss; null when none does. */
  readonly tightest: SloLimit | null;
}

export class Judge {
  readonly #slo: Slo;
  readonly #first: number;
  readonly #end: number;
  readonly #missed = new Map<SloLimit, number>();
  #seen = 0;
  #judged = 0;
  #met = 0;

  /** @param requests of the run, numbered as they arrive */
  constructor(slo: Slo, requests: number) {
    this.#slo = slo;
    this.#first = leftOut(requests);
    this.#end = requests - leftOut(requests);
  }

  /** Takes in the requests that ended since it was called before. */
  see(finished: FinishedRecords, longestGapOf: ServedRun['longestGapOf']): void {
    for (; this.#seen < finished.length; this.#seen++) {
      const request = finished.request[this.#seen]!;
      if (request >= this.#first && request < this.#end) this.#judge(finished.at(this.#seen)!, longestGapOf);
    }
  }

  /** Takes in a whole run at once, whose requests may have come in another order than they are numbered in. */
  seeWhole(finished: FinishedRecords, longestGapOf: ServedRun['longestGapOf']): void {
    for (const i of measuredRequests(finished)) this.#judge(finished.at(i), longestGapOf);
  }

  #judge(one: FinishedRecord, longestGapOf: ServedRun['longestGapOf']): void {
    const latencies = latenciesOf(one, longestGapOf);
    const missed = SLO_LIMITS.filter((limit) => !meets(this.#slo, limit, latencies));
    for (const limit of missed) this.#missed.set(limit, (this.#missed.get(limit) ?? 0) + 1);
    this.#judged++;
    if (missed.length === 0) this.#met++;
  }

  get #measured(): number {
    return this.#end - this.#first;
  }

  /** Whether every measured request was seen. */
  get complete(): boolean {
    return this.#judged === this.#measured;
  }

  /** Whether those that are to come cannot change that the objective is held, or missed. */
  get decided(): boolean {
    const best = this.#met + this.#measured - this.#judged;
    return (
      shareOf(this.#met, this.#measured) >= this.#slo.share || shareOf(best, this.#measured) < this.#slo.share
    );
  }

  /** As far as was seen: the share is too low then, and on the same side of the objective once that is decided. */
  get attainment(): Attainment {
    let tightest: SloLimit | null = null;
    let most = 0;
    for (const limit of SLO_LIMITS) {
      const missed = this.#missed.get(limit) ?? 0;
      if (missed > most) {
        tightest = limit;
        most = missed;
      }
    }
    return { share: shareOf(this.#met, this.#measured), tightest };
  }
}
