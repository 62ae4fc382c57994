/**
 * Measures of a served load: how long requests waited, how many were served well enough, at what cost.
 * docs/metrics.md defines each from symbols.
 *
 * Throughputs and costs are of the whole run, first arrival to last end, as load generators report them.
 * Latencies leave out the first and the last tenth of the requests by arrival: the system fills and drains.
 */
import type { FinishedRecord } from '../engine/records.ts';
import { type Distribution, distributionOf } from './distribution.ts';
import { type Latencies, meetsAll, type Slo } from './slo.ts';

/** One request that ran to its end. */
export type ServedRequest = Omit<FinishedRecord, 'copies' | 'promptTokens'>;

/** Requests that ended, in any order: an array, or what stands for one (a million are not objects). */
interface ServedRequests extends Iterable<ServedRequest> {
  readonly length: number;
  at(i: number): ServedRequest | undefined;
}

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

export interface ServedRun {
  readonly finished: ServedRequests;
  /** Longest time between two steps of a request that emitted, null without a second; for limits on it. */
  readonly longestGapOf: (one: ServedRequest) => number | null;
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
  let good = 0;
  for (const i of measured) {
    const one = finished.at(i)!;
    const latencies = latenciesOf(one, run.longestGapOf);
    ttft.add(latencies.ttft);
    tpot.add(latencies.tpot);
    e2e.add(latencies.e2e);
    queue.add(one.admittedS - one.arrivalS);
    if (slo !== null && meetsAll(slo, latencies)) good++;
  }
  const throughput = finished.length / makespanS;
  const share = slo === null ? null : shareOf(good, measured.length);
  let tokens = 0;
  let preemptions = 0;
  for (const one of finished) {
    tokens += one.tokens;
    preemptions += one.preemptions;
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

  add(value: number | null): void {
    if (value !== null) this.#values[this.#count++] = value;
  }

  distribution(): Distribution | null {
    return distributionOf(this.#values.subarray(0, this.#count));
  }
}

/** Indices of the requests in order of arrival, without those that find the system filling or draining. */
export function measuredRequests(finished: ServedRequests): Uint32Array {
  const arrivalS = new Float64Array(finished.length);
  const request = new Uint32Array(finished.length);
  let i = 0;
  for (const one of finished) {
    arrivalS[i] = one.arrivalS;
    request[i++] = one.request;
  }
  const left = leftOut(finished.length);
  return Uint32Array.from(arrivalS.keys())
    .sort((a, b) => arrivalS[a]! - arrivalS[b]! || request[a]! - request[b]!)
    .subarray(left, finished.length - left);
}

/** 1 where there is nobody. */
export function shareOf(good: number, requests: number): number {
  return requests === 0 ? 1 : good / requests;
}

/**
 * Of a request that ended. An engine drafts on before it hands the tokens of a step over: the first ones come when the
 * drafting that follows the prefill is done, and all others as much later.
 */
export function latenciesOf(one: ServedRequest, longestGapOf: ServedRun['longestGapOf']): Latencies {
  const { tokens, arrivalS, firstTokenS, endS, draftedS } = one;
  return {
    ttft: firstTokenS + draftedS - arrivalS,
    tpot: tokens > 1 ? (endS - firstTokenS) / (tokens - 1) : null,
    itl: longestGapOf(one),
    e2e: endS + draftedS - arrivalS,
  };
}

/** Of the gaps between arrivals; null where there are none, or no time between them. */
function offeredRate(finished: ServedRequests): number | null {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { arrivalS } of finished) {
    first = Math.min(first, arrivalS);
    last = Math.max(last, arrivalS);
  }
  return last > first ? (finished.length - 1) / (last - first) : null;
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
