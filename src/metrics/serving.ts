/**
 * Measures of a served load: how long requests waited, how many were served well enough, at what cost.
 * docs/metrics.md defines each from symbols.
 *
 * Throughputs and costs are of the whole run, first arrival to last end, as load generators report them.
 * Latencies leave out the first and the last tenth of the requests by arrival: the system fills and drains.
 */
import type { FinishedRecords } from '../engine/records.ts';
import { type Distribution, distributionOf } from './distribution.ts';
import { SLO_LIMITS, type Slo, type SloLimit } from './slo.ts';

/**
 * Time between two steps of a sequence that emitted, the tokens of the later one, and of how many sequences that is
 * so; `count` elements of each.
 */
export interface TokenGaps {
  readonly count: number;
  readonly gapS: Float64Array;
  readonly tokens: Int32Array;
  readonly requests: Int32Array;
}

/** Longest time between two steps in which the i-th request that ended emitted, for limits on it; NaN without a second. */
export type LongestGapOf = (finished: FinishedRecords, i: number) => number;

export interface ServedRun {
  /** In any order. */
  readonly finished: FinishedRecords;
  readonly longestGapOf: LongestGapOf;
  readonly unfinished: number;
  /** Virtual time at the end. */
  readonly makespanS: number;
  readonly gaps: TokenGaps;
  /** Largest share of a replica's KV blocks in use at once; null without a limit to them. */
  readonly kvPeakShare: number | null;
  /** Seconds of all steps but those of replicas that prefill apart, and the same times the sequences running in each. */
  readonly stepS: number;
  readonly sequenceS: number;
  /** Replicas that prefill apart and those that decode, and what was moved between; null where each does both. */
  readonly split: {
    readonly prefill: number;
    readonly decode: number;
    /** Seconds of steps of those that prefill. */
    readonly prefillSideS: number;
    /** KV caches moved, and seconds from room for them to their arrival, over all. */
    readonly transfers: number;
    readonly transferS: number;
  } | null;
}

/** What a run is judged and billed by. */
interface Terms {
  readonly open: boolean;
  /** Requests that started together and were not replaced; null under other loads. */
  readonly drained: number | null;
  readonly slo: Slo | null;
  readonly gpus: readonly Bill[];
}

/** So many GPUs of a kind; null where nobody said. */
interface Bill {
  readonly count: number;
  readonly powerW: number | null;
  readonly priceUsdPerH: number | null;
}

export interface ServingMeasures {
  readonly unfinished: number;
  /** Requests whose latencies count. */
  readonly measured_requests: number;
  /** Arrivals, for open loads. */
  readonly offered_req_per_s: number | null;
  readonly throughput_req_per_s: number;
  /** Requests that meet every limit; null without limits. */
  readonly goodput_req_per_s: number | null;
  readonly slo_share: number | null;
  /** Whether that is the share asked for. */
  readonly slo_held: boolean | null;
  readonly ttft_s: Distribution | null;
  readonly tpot_s: Distribution | null;
  /** Per token: a gap is shared by the tokens of its step. */
  readonly itl_s: Distribution | null;
  /** Per step, as streaming clients see it. */
  readonly itl_step_s: Distribution | null;
  readonly e2e_s: Distribution | null;
  readonly queue_s: Distribution | null;
  readonly preemptions: number;
  readonly kv_peak_share: number | null;
  /** Sequences running in a step, mean over the time of all steps. */
  readonly mean_batch: number;
  /** Prefill on replicas of its own: share of the time in which those prefill and the others decode, and mean time of a KV transfer. */
  readonly prefill_busy_share?: number;
  readonly decode_busy_share?: number;
  readonly kv_transfer_s?: number | null;
  /** Drained batches: until the last request ends, and the share of places times that in which nobody runs. */
  readonly makespan_s?: number;
  readonly idle_share?: number;
  readonly gpu_s_per_mtok: number;
  readonly joules_per_mtok: number | null;
  readonly usd_per_mtok: number | null;
}

const FILLS_AND_DRAINS = 0.1;

/** Requests left out at either end. */
export const leftOut = (requests: number): number => Math.floor(FILLS_AND_DRAINS * requests);

export function servingMeasures(run: ServedRun, { open, drained, slo, gpus }: Terms): ServingMeasures {
  const { finished, unfinished, makespanS } = run;
  const measured = measuredRequests(finished);
  const ttft = new Samples(measured.length);
  const tpot = new Samples(measured.length);
  const e2e = new Samples(measured.length);
  const queue = new Samples(measured.length);
  const limits = slo === null ? [] : limitsOf(slo);
  let good = 0;
  for (const i of measured) {
    const latency = (of: SloLimit) => latencyOf(of, finished, i, run.longestGapOf);
    ttft.add(latency('ttft'));
    tpot.add(latency('tpot'));
    e2e.add(latency('e2e'));
    queue.add(finished.admittedS[i]! - finished.arrivalS[i]!);
    if (limits.every(({ of, mostS }) => !(latency(of) > mostS))) good++;
  }
  const throughput = finished.length / makespanS;
  const share = slo === null ? null : shareOf(good, measured.length);
  let tokens = 0;
  let preemptions = 0;
  for (let i = 0; i < finished.length; i++) {
    tokens += finished.tokens[i]!;
    preemptions += finished.preemptions[i]!;
  }
  const secondsPerMtok = makespanS / (tokens / 1e6);
  /** Of all GPUs; null where one has no figure. */
  const rate = (of: (one: Bill) => number | null) =>
    gpus.reduce<number | null>((sum, one) => {
      const each = of(one);
      return sum === null || each === null ? null : sum + one.count * each;
    }, 0);
  const powerW = rate((one) => one.powerW);
  const usdPerH = rate((one) => one.priceUsdPerH);
  return {
    unfinished,
    measured_requests: measured.length,
    offered_req_per_s: open ? offeredRate(finished) : null,
    throughput_req_per_s: throughput,
    goodput_req_per_s: share === null ? null : throughput * share,
    slo_share: share,
    slo_held: share === null ? null : share >= slo!.share,
    ttft_s: ttft.distribution(),
    tpot_s: tpot.distribution(),
    ...gapDistributions(run.gaps),
    e2e_s: e2e.distribution(),
    queue_s: queue.distribution(),
    preemptions,
    kv_peak_share: run.kvPeakShare,
    mean_batch: run.sequenceS / run.stepS,
    ...(run.split !== null && splitMeasures(run.split, run.stepS, makespanS)),
    ...(drained !== null && {
      makespan_s: makespanS,
      idle_share: 1 - run.sequenceS / (drained * makespanS),
    }),
    gpu_s_per_mtok: rate(() => secondsPerMtok)!,
    joules_per_mtok: powerW === null ? null : powerW * secondsPerMtok,
    usd_per_mtok: usdPerH === null ? null : (usdPerH / 3600) * secondsPerMtok,
  };
}

function splitMeasures(
  { prefill, decode, prefillSideS, transfers, transferS }: NonNullable<ServedRun['split']>,
  decodeSideS: number,
  makespanS: number,
) {
  return {
    prefill_busy_share: prefillSideS / (prefill * makespanS),
    decode_busy_share: decodeSideS / (decode * makespanS),
    kv_transfer_s: transfers === 0 ? null : transferS / transfers,
  };
}

/** Values of a latency as they come, at most so many. */
class Samples {
  readonly #values: Float64Array;
  #count = 0;

  constructor(most: number) {
    this.#values = new Float64Array(most);
  }

  /** NaN is none. */
  add(value: number): void {
    if (!Number.isNaN(value)) this.#values[this.#count++] = value;
  }

  distribution(): Distribution | null {
    return distributionOf(this.#values.subarray(0, this.#count));
  }
}

/** Indices of the requests in order of arrival, without those that find the system filling or draining. */
export function measuredRequests({ length, arrivalS, request }: FinishedRecords): Uint32Array {
  const left = leftOut(length);
  const byRequest = inOrderOf(request, length);
  // Most loads number requests as they come, and sorting by two columns takes longer than the rest of the measures.
  const asTheyCome = byRequest.every((at, i) => i === 0 || arrivalS[byRequest[i - 1]!]! <= arrivalS[at]!);
  const order = asTheyCome
    ? byRequest
    : byRequest.sort((a, b) => arrivalS[a]! - arrivalS[b]! || request[a]! - request[b]!);
  return order.subarray(left, length - left);
}

/** Indices of the first `length` of some numbers, of which none is there twice, in ascending order of these. */
function inOrderOf(numbers: Int32Array, length: number): Uint32Array {
  let most = -1;
  for (let i = 0; i < length; i++) if (numbers[i]! > most) most = numbers[i]!;
  const place = new Int32Array(most + 1);
  for (let i = 0; i < length; i++) place[numbers[i]!] = i + 1;
  const order = new Uint32Array(length);
  let n = 0;
  for (const at of place) if (at > 0) order[n++] = at - 1;
  return order;
}

/** 1 where there is nobody. */
export function shareOf(good: number, requests: number): number {
  return requests === 0 ? 1 : good / requests;
}

/** The limits of an objective, in seconds. */
export function limitsOf({ limitsS }: Slo): { readonly of: SloLimit; readonly mostS: number }[] {
  return SLO_LIMITS.flatMap((of) => (limitsS[of] === undefined ? [] : [{ of, mostS: limitsS[of] }]));
}

/**
 * A latency of the i-th request that ended, in seconds; NaN for one that it does not have, which no limit is too short
 * for. An engine drafts on before it hands the tokens of a step over: the first ones come when the drafting that follows
 * the prefill is done, and all others as much later.
 */
export function latencyOf(
  of: SloLimit,
  finished: FinishedRecords,
  i: number,
  longestGapOf: LongestGapOf,
): number {
  const { tokens, arrivalS, firstTokenS, endS, draftedS } = finished;
  if (of === 'ttft') return firstTokenS[i]! + draftedS[i]! - arrivalS[i]!;
  if (of === 'e2e') return endS[i]! + draftedS[i]! - arrivalS[i]!;
  if (of === 'itl') return longestGapOf(finished, i);
  return tokens[i]! > 1 ? (endS[i]! - firstTokenS[i]!) / (tokens[i]! - 1) : Number.NaN;
}

/** Of the gaps between arrivals; null where there are none, or no time between them. */
function offeredRate({ length, arrivalS }: FinishedRecords): number | null {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) {
    first = Math.min(first, arrivalS[i]!);
    last = Math.max(last, arrivalS[i]!);
  }
  return last > first ? (length - 1) / (last - first) : null;
}

/** Gaps by token and by step: a gap is that of its step, and of each of its tokens the same part. */
function gapDistributions({
  count,
  gapS,
  tokens,
  requests,
}: TokenGaps): Pick<ServingMeasures, 'itl_s' | 'itl_step_s'> {
  const steps = distributionOf(gapS.subarray(0, count), requests.subarray(0, count));
  const shared = new Float64Array(count);
  const times = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    shared[i] = gapS[i]! / tokens[i]!;
    times[i] = requests[i]! * tokens[i]!;
  }
  return { itl_s: distributionOf(shared, times), itl_step_s: steps };
}
