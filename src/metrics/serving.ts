/**
 * Measures of a served load: how long requests waited, how many were served well enough, at what cost.
 * docs/metrics.md defines each from symbols.
 *
 * Throughputs and costs are of the whole run, first arrival to last end, as load generators report them.
 * Latencies leave out the first and the last tenth of the requests by arrival: the system fills and drains.
 */
import { type Distribution, distributionOf } from './distribution.ts';
import { type Latencies, meets, meetsAll, SLO_LIMITS, type Slo, type SloLimit } from './slo.ts';

/** One request that ran to its end. Times in virtual seconds. */
export interface ServedRequest {
  readonly request: number;
  readonly tokens: number;
  readonly arrivalS: number;
  /** First left the queue. */
  readonly admittedS: number;
  readonly firstTokenS: number;
  readonly endS: number;
  readonly preemptions: number;
  readonly replica: number;
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
  readonly finished: readonly ServedRequest[];
  /** Longest time between two steps of a request that emitted, null without a second; for limits on it. */
  readonly longestGapOf: (one: ServedRequest) => number | null;
  readonly unfinished: number;
  /** Virtual time at the end. */
  readonly makespanS: number;
  readonly gaps: TokenGaps;
  /** Largest share of a replica's KV blocks in use at once; null without a limit to them. */
  readonly kvPeakShare: number | null;
  /** Seconds of all steps, and the same times the sequences running in each. */
  readonly stepS: number;
  readonly sequenceS: number;
}

/** What a run is judged and billed by. */
export interface Terms {
  readonly open: boolean;
  readonly slo: Slo | null;
  readonly gpus: number;
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
  readonly gpu_s_per_mtok: number;
  readonly joules_per_mtok: number | null;
  readonly usd_per_mtok: number | null;
}

const FILLS_AND_DRAINS = 0.1;

export function servingMeasures(
  run: ServedRun,
  { open, slo, gpus, powerW, priceUsdPerH }: Terms,
): ServingMeasures {
  const { finished, unfinished, makespanS } = run;
  const measured = measuredRequests(finished);
  const latencies = measured.map((one) => latenciesOf(one, run.longestGapOf));
  const gaps = countedGaps(run.gaps);
  const over = (limit: SloLimit) =>
    distributionOf(Float64Array.from(latencies.flatMap((one) => one[limit] ?? [])));
  const throughput = finished.length / makespanS;
  const share = slo === null ? null : sloShare(latencies, slo);
  const tokens = finished.reduce((sum, one) => sum + one.tokens, 0);
  const gpuSPerMtok = (gpus * makespanS) / (tokens / 1e6);
  return {
    unfinished,
    measured_requests: measured.length,
    offered_req_per_s: open ? offeredRate(finished) : null,
    throughput_req_per_s: throughput,
    goodput_req_per_s: share === null ? null : throughput * share,
    slo_share: share,
    slo_held: share === null ? null : share >= slo!.share,
    ttft_s: over('ttft'),
    tpot_s: over('tpot'),
    itl_s: distributionOf(gaps.each.values, gaps.each.counts),
    itl_step_s: distributionOf(gaps.steps.values, gaps.steps.counts),
    e2e_s: over('e2e'),
    queue_s: distributionOf(Float64Array.from(measured, (one) => one.admittedS - one.arrivalS)),
    preemptions: finished.reduce((sum, one) => sum + one.preemptions, 0),
    kv_peak_share: run.kvPeakShare,
    mean_batch: run.sequenceS / run.stepS,
    gpu_s_per_mtok: gpuSPerMtok,
    joules_per_mtok: powerW === null ? null : powerW * gpuSPerMtok,
    usd_per_mtok: priceUsdPerH === null ? null : (priceUsdPerH / 3600) * gpuSPerMtok,
  };
}

/** Requests in order of arrival, without those that find the system filling or draining. */
export function measuredRequests(finished: readonly ServedRequest[]): ServedRequest[] {
  const left = Math.floor(FILLS_AND_DRAINS * finished.length);
  return finished
    .toSorted((a, b) => a.arrivalS - b.arrivalS || a.request - b.request)
    .slice(left, finished.length - left);
}

function sloShare(latencies: readonly Latencies[], slo: Slo): number {
  const good = latencies.filter((one) => meetsAll(slo, one));
  return latencies.length === 0 ? 1 : good.length / latencies.length;
}

/** How a run stands to an objective. */
export interface Attainment {
  /** Measured requests that meet every limit; 1 for no requests. */
  readonly share: number;
  /** The limit that most of them miss; null when none does. */
  readonly tightest: SloLimit | null;
}

export function attainment(
  { finished, longestGapOf }: Pick<ServedRun, 'finished' | 'longestGapOf'>,
  slo: Slo,
): Attainment {
  const latencies = measuredRequests(finished).map((one) => latenciesOf(one, longestGapOf));
  let tightest: SloLimit | null = null;
  let most = 0;
  for (const limit of SLO_LIMITS) {
    const missed = latencies.filter((one) => !meets(slo, limit, one)).length;
    if (missed > most) {
      tightest = limit;
      most = missed;
    }
  }
  return { share: sloShare(latencies, slo), tightest };
}

function latenciesOf(one: ServedRequest, longestGapOf: ServedRun['longestGapOf']): Latencies {
  const { tokens, arrivalS, firstTokenS, endS } = one;
  return {
    ttft: firstTokenS - arrivalS,
    tpot: tokens > 1 ? (endS - firstTokenS) / (tokens - 1) : null,
    itl: longestGapOf(one),
    e2e: endS - arrivalS,
  };
}

/** Of the gaps between arrivals; null where there are none, or no time between them. */
function offeredRate(finished: readonly ServedRequest[]): number | null {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { arrivalS } of finished) {
    first = Math.min(first, arrivalS);
    last = Math.max(last, arrivalS);
  }
  return last > first ? (finished.length - 1) / (last - first) : null;
}

/** Values, and how often each is there. */
interface Counted {
  readonly values: Float64Array;
  readonly counts: Int32Array;
}

/** Gaps by step and by token: a gap is that of its step, and of each of its tokens the same part. */
function countedGaps({ count, gapS, tokens, requests }: TokenGaps): {
  readonly steps: Counted;
  readonly each: Counted;
} {
  const shared = new Float64Array(count);
  const times = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    shared[i] = gapS[i]! / tokens[i]!;
    times[i] = requests[i]! * tokens[i]!;
  }
  return {
    steps: { values: gapS.subarray(0, count), counts: requests.subarray(0, count) },
    each: { values: shared, counts: times },
  };
}
