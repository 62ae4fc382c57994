/** Serving a load: when requests arrive, the run, and what is kept of it to measure. */
import { totalSeconds } from '../cost/work.ts';
import { Engine, type EngineParts } from '../engine/engine.ts';
import { Closed, Conversing, type Load, Open } from '../engine/load.ts';
import type { EngineStep, FinishedRecord, FinishedRecords, StepObserver } from '../engine/records.ts';
import type { LongestGapOf, ServedRun, ServingMeasures } from '../metrics/serving.ts';
import { type Arrivals, arrivalTimes } from '../workload/arrivals.ts';
import type { Turns } from '../workload/turns.ts';
import type { Inputs } from './inputs.ts';
import { parseLoad } from './load.ts';

/** Requests, or conversations, kept in the system, or at once and no more of them, or times at which they come. */
export type Coming =
  | { readonly concurrency: number; readonly drains?: boolean }
  | { readonly arrivalS: Float64Array };

/** When the first `count` requests of an open load arrive, or their conversations begin, in seconds, ascending. */
export function arrivalsOf(
  { scenario, recordedArrivalS, recordedTurns }: Inputs,
  count: number,
): Float64Array {
  const load = parseLoad(scenario.load);
  if (load?.kind === 'open') return startsOf(load.arrivals, count, scenario.turns, scenario.seed);
  if (recordedTurns !== null) return startsRecorded(recordedArrivalS!, recordedTurns);
  return recordedArrivalS!.slice(0, count);
}

/** When recorded sessions began, ascending. */
export function startsRecorded(arrivalS: Float64Array, { first }: Turns): Float64Array {
  return Float64Array.from(first, (r) => arrivalS[r]!);
}

/** When so many requests arrive; of conversations their beginnings, so that as many requests come in the mean. */
export function startsOf(
  arrivals: Arrivals,
  requests: number,
  turns: number | null,
  seed: number,
): Float64Array {
  const each = turns ?? 1;
  return arrivalTimes({ ...arrivals, ratePerS: arrivals.ratePerS / each }, Math.ceil(requests / each), seed);
}

/** @param turns where requests go on with one another: what comes are conversations */
export function loadOf(coming: Coming, requests: number, turns: Turns | null = null): Load {
  if (turns !== null) return new Conversing(loadOf(coming, turns.first.length), turns);
  if ('arrivalS' in coming) return new Open(coming.arrivalS.subarray(0, requests));
  const { concurrency, drains } = coming;
  return new Closed(drains ? Math.min(concurrency, requests) : requests, concurrency);
}

/** What a run is to keep beside its records. */
export interface Kept {
  /** Gaps between tokens. */
  readonly gaps?: boolean;
  /** The longest gap of each request. */
  readonly longestGaps?: boolean;
  /** Warnings of what its policy was not made for. */
  readonly remarks?: boolean;
  readonly observer?: StepObserver;
  /** Asked when requests have ended: whether the run may end. */
  readonly until?: (finished: FinishedRecords, longestGapOf: LongestGapOf) => boolean;
}

export interface Served {
  readonly engine: Engine;
  readonly makespanS: number;
  readonly longestGapOf: LongestGapOf;
}

/** Runs the engine to the end of the load, or until nobody wants to know more. */
export function serve(parts: Omit<EngineParts, 'gaps' | 'observer'>, kept: Kept = {}): Served {
  const replicas = (parts.replicas ?? 1) + (parts.split?.prefillReplicas ?? 0);
  const clock = kept.longestGaps === true ? new StepClock(replicas) : null;
  const observers = [clock, kept.observer].filter((one) => one !== null && one !== undefined);
  const longestGapOf: LongestGapOf = (finished, i) => clock?.longestGapOf(finished.at(i)) ?? Number.NaN;
  const { until } = kept;
  const engine = new Engine({
    ...parts,
    gaps: kept.gaps === true,
    ...(until !== undefined && { until: (finished) => until(finished, longestGapOf) }),
    ...(observers.length > 0 && {
      observer: {
        onStep(step) {
          for (const observer of observers) observer.onStep(step);
        },
      },
    }),
  });
  const makespanS = engine.run();
  return { engine, makespanS, longestGapOf };
}

/** Arrivals should last so many times as long as a request; else the system is filling or draining all the time. */
export const SETTLED = 10;

/** Whether an open load went on for too short a time to settle. */
export function unsettled(
  { offered_req_per_s: rate, e2e_s: e2e }: ServingMeasures,
  requests: number,
): boolean {
  return rate !== null && e2e !== null && requests / rate < SETTLED * e2e.mean;
}

/** What measures need of a run. */
export function servedRun(
  { engine, makespanS, longestGapOf }: Served,
  kvBlocks: number,
  split: { readonly prefill: number; readonly decode: number } | null = null,
): ServedRun {
  const { totals } = engine;
  return {
    finished: engine.finished,
    longestGapOf,
    unfinished: engine.unfinished,
    makespanS,
    gaps: engine.gaps!,
    kvPeakShare: kvBlocks === Number.POSITIVE_INFINITY ? null : totals.kvPeakBlocks / kvBlocks,
    stepS: totalSeconds(totals.all) - totals.prefillSideS,
    sequenceS: totals.sequenceSeconds,
    split: split === null ? null : { ...totals, ...split },
  };
}

/**
 * When the steps of each replica ended. A request that was not preempted emits in every step from its first
 * token to its end, so that its longest gap is the longest time between their ends. One that was preempted
 * waited and was computed again: its gap counts as endless.
 */
class StepClock implements StepObserver {
  readonly #endS: readonly number[][];

  constructor(replicas: number) {
    this.#endS = Array.from({ length: replicas }, () => []);
  }

  onStep({ startS, replica, parts }: EngineStep): void {
    this.#endS[replica]!.push(startS + totalSeconds(parts));
  }

  longestGapOf({ replica, tokens, firstTokenS, endS, preemptions }: FinishedRecord): number {
    if (tokens < 2) return Number.NaN;
    if (preemptions > 0) return Number.POSITIVE_INFINITY;
    const ends = this.#endS[replica]!;
    let before = firstTokenS;
    let longest = 0;
    for (let i = firstAfter(ends, firstTokenS); i < ends.length && ends[i]! <= endS; i++) {
      longest = Math.max(longest, ends[i]! - before);
      before = ends[i]!;
    }
    return longest;
  }
}

/** Index of the first of ascending values above a limit. */
function firstAfter(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}
