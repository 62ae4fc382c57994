/**
 * Capacity: the highest rate of arrivals at which a method still holds a service level objective, and whether
 * speculation raises it. Every rate tried sees the same requests in the same pattern of arrivals, only faster
 * or slower, so that methods and rates are compared without noise between them.
 *
 * How much a rate owes to the requests and arrivals that happened to be drawn is seen by drawing both again: whole
 * requests of the trace with replacement, and a new pattern of the same process. Methods see the same draws.
 *
 * Left out: errors of the model's constants; a recorded pattern of arrivals, which cannot be drawn again.
 */
import { UserError } from '../errors.ts';
import { Memo } from '../memo.ts';
import type { Distribution } from '../metrics/distribution.ts';
import type { Slo, SloLimit } from '../metrics/slo.ts';
import { stream } from '../random/streams.ts';
import { Bench } from '../scenario/bench.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { isOpen, parseLoad } from '../scenario/load.ts';
import type { Options, Scenario } from '../scenario/options.ts';
import { type Answer, answerOf, type Group, type RowNames } from '../scenario/result.ts';
import { type Progress, settingsOf } from '../scenario/run.ts';
import { startsOf, startsRecorded } from '../scenario/serving.ts';
import type { Setting } from '../scenario/setup.ts';
import { selectRequests } from '../trace/reshape.ts';
import type { AcceptanceTrace } from '../trace/trace.ts';
import {
  FROM_A_DRAW,
  FROM_A_METHOD,
  FROM_ANYWHERE,
  type HighestRate,
  highestRate,
  type Precision,
} from './rate-search.ts';

/** Arrivals of a trace when nobody says how many: its requests come again and again. */
const ARRIVALS = 5000;

/** How often requests and arrivals are drawn again, and Student's t at 97.5 % with one degree of freedom fewer. */
const REDRAWS = 8;
const T_7 = 2.3646242516;

/** All requests within this time have arrived at once. */
const AT_ONCE_S = 1e-3;

export interface CapacityRow extends RowNames {
  readonly requests: number;
  /** 0 when not even requests far apart hold the objective; null when all requests at once do. */
  readonly max_rate_req_per_s: number | null;
  /** 95 % interval as far as the choice of requests and arrivals goes; null where some draw has no such rate. */
  readonly max_rate_lo_req_per_s: number | null;
  readonly max_rate_hi_req_per_s: number | null;
  /** Runs with a `--draft-gpu` or `--prefill-replicas`: by all GPUs that the row takes, those included. */
  readonly max_rate_per_gpu_req_per_s?: number | null;
  /** Of plain decoding of the same requests and lengths. */
  readonly baseline_max_rate_req_per_s: number | null;
  readonly capacity_ratio: number | null;
  readonly capacity_ratio_lo: number | null;
  readonly capacity_ratio_hi: number | null;
  /** What most requests miss just above the rate; null when the objective holds at any rate. */
  readonly limited_by: SloLimit | null;
  /** Every rate that the search tried, ascending, and the share of the requests that met every limit. */
  readonly judged: readonly { readonly rate_req_per_s: number; readonly slo_share: number }[];
  /** The following are of the run at that rate; null when it is 0 or none. */
  readonly throughput_tok_per_s: number | null;
  readonly slo_share: number | null;
  readonly ttft_s: Distribution | null;
  readonly tpot_s: Distribution | null;
  readonly e2e_s: Distribution | null;
  readonly mean_batch: number | null;
  readonly kv_peak_share: number | null;
  readonly preemptions: number | null;
  readonly gpu_s_per_mtok: number | null;
  readonly joules_per_mtok: number | null;
  readonly usd_per_mtok: number | null;
}

export type Capacity = Answer<CapacityRow>;

/** The options with arrivals where nobody named a load. */
export function withArrivals(options: Options): Options {
  return options.load === undefined && options.workload === undefined
    ? { ...options, load: 'poisson:1' }
    : options;
}

/** @throws UserError for a scenario without an objective or without arrivals */
export function checkCapacityQuestion({ slo, load, duration }: Scenario): void {
  if (slo === null) {
    throw new UserError(
      '--slo: missing, capacity looks for the highest rate that holds limits such as --slo ttft=500ms,tpot=30ms',
    );
  }
  if (!isOpen(load)) {
    throw new UserError(
      `--load ${load}: capacity looks for a rate of arrivals, expected poisson:RATE, gamma:RATE,CV, constant:RATE or recorded`,
    );
  }
  if (duration !== null) {
    throw new UserError('--duration has no effect with capacity, which serves every request');
  }
}

/** @throws UserError for a scenario without an objective or without arrivals */
export function capacityOf(inputs: Inputs, progress: Progress = () => {}): Capacity {
  const { scenario, slo } = inputs;
  checkCapacityQuestion(scenario);
  const settings = settingsOf(inputs);
  const total = inputs.traces.length * settings.length;
  const warnings = new Set(inputs.warnings);
  let done = 0;
  const groups = inputs.traces.map((trace, t): Group<CapacityRow> => {
    const served = scenario.requests === null && scenario.workload === null ? repeated(trace) : trace;
    const sample = sampleOf(inputs, served, scenario.seed, warnings);
    const redrawn = redraws(inputs, trace, served.outputTokens.length);
    const rows = settings.map((setting) => {
      progress(done++, total);
      const found = ratesOf(sample, setting, slo!, null);
      const again = redrawn.map((one) => ratesOf(one, setting, slo!, found));
      return rowOf(sample, setting, found, again);
    });
    if (rows.some((row) => row.max_rate_req_per_s === null)) {
      warnings.add(
        `trace ${trace.name}: all ${served.outputTokens.length} requests at once hold ${scenario.slo}: more --requests or a tighter --slo find a limit`,
      );
    }
    return { trace: t, rows };
  });
  return answerOf(scenario, inputs, warnings, groups);
}

/** Requests and when they arrive. */
interface Sample {
  readonly bench: Bench;
  readonly pattern: Pattern;
  /** Highest rates of plain decoding, which settings share. */
  readonly plain: Memo<HighestRate>;
}

function sampleOf(inputs: Inputs, trace: AcceptanceTrace, seed: number, warnings: Set<string>): Sample {
  return {
    bench: new Bench(inputs, trace, 'open', warnings),
    pattern: patternOf(inputs, trace.outputTokens.length, seed),
    plain: new Memo(),
  };
}

/** Other requests and arrivals that might have been; none for a recorded workload. */
function redraws(inputs: Inputs, trace: AcceptanceTrace, requests: number): Sample[] {
  const { scenario } = inputs;
  if (scenario.workload !== null) return [];
  return Array.from({ length: REDRAWS }, (_, i) => {
    const draw = stream(scenario.seed, 'capacity', i);
    const distinct = Array.from(trace.outputTokens, () => Math.floor(draw() * trace.outputTokens.length));
    const drawn = Array.from({ length: requests }, (_, r) => distinct[r % distinct.length]!);
    return sampleOf(inputs, selectRequests(trace, drawn), Math.floor(draw() * 2 ** 31), new Set());
  });
}

interface Rates {
  readonly own: HighestRate;
  readonly plain: HighestRate;
}

/**
 * The highest rates of a setting and of plain decoding of its requests.
 *
 * @param of what they are of other requests, which are a few percent away from it, and methods by as much
 */
function ratesOf(sample: Sample, setting: Setting, slo: Slo, of: Rates | null): Rates {
  const { bench, pattern } = sample;
  const search = (isPlain: boolean, fromPerS: number, precision: Precision) =>
    highestRate(
      (ratePerS) => bench.attainment(setting, isPlain, timesAt(pattern, ratePerS), slo),
      fromPerS,
      pattern.requests / AT_ONCE_S,
      precision,
    );
  const plain = sample.plain.get([bench.plainSetup(setting)], null, () =>
    of !== null && isRate(of.plain.limitPerS)
      ? search(true, of.plain.limitPerS, FROM_A_DRAW)
      : search(true, pattern.ratePerS, FROM_ANYWHERE),
  );
  if (setting.method.kind === 'none') return { plain, own: plain };
  const expectedPerS = of === null ? 0 : (of.own.limitPerS * plain.limitPerS) / of.plain.limitPerS;
  if (isRate(expectedPerS)) return { plain, own: search(false, expectedPerS, FROM_A_DRAW) };
  const own = isRate(plain.limitPerS)
    ? search(false, plain.limitPerS, FROM_A_METHOD)
    : search(false, pattern.ratePerS, FROM_ANYWHERE);
  return { plain, own };
}

function isRate(perS: number): boolean {
  return perS > 0 && perS < Number.POSITIVE_INFINITY;
}

/** The 95 % interval around a value, from what it is in other draws; null where some draw has none. */
function spread(value: number, again: readonly number[]): { lo: number | null; hi: number | null } {
  const logs = [value, ...again].map(Math.log);
  if (again.length < 2 || !logs.every(Number.isFinite)) return { lo: null, hi: null };
  const drawn = logs.slice(1);
  const mean = drawn.reduce((sum, log) => sum + log, 0) / drawn.length;
  const variance = drawn.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (drawn.length - 1);
  const factor = Math.exp(T_7 * Math.sqrt(variance));
  return { lo: value / factor, hi: value * factor };
}

/** The trace's requests one after the other, from the first again after the last. */
function repeated(trace: AcceptanceTrace): AcceptanceTrace {
  const total = trace.outputTokens.length;
  if (total >= ARRIVALS) return trace;
  return selectRequests(
    trace,
    Array.from({ length: ARRIVALS }, (_, i) => i % total),
  );
}

/** Arrivals at some rate, from which those at any other follow. */
interface Pattern {
  /** Of requests, or of the conversations that they are turns of. */
  readonly arrivalS: Float64Array;
  readonly ratePerS: number;
  readonly requests: number;
}

function patternOf(
  { scenario, recordedArrivalS, recordedTurns }: Inputs,
  requests: number,
  seed: number,
): Pattern {
  const load = parseLoad(scenario.load);
  if (load?.kind === 'open') {
    const { ratePerS } = load.arrivals;
    return { arrivalS: startsOf(load.arrivals, requests, scenario.turns, seed), ratePerS, requests };
  }
  const arrivalS = recordedArrivalS!;
  const lastS = arrivalS.at(-1)!;
  if (lastS === 0) {
    throw new UserError(
      `--workload ${scenario.workload}: its requests all arrive at once, so that they have no rate; expected a --load such as poisson:1`,
    );
  }
  const starts = recordedTurns === null ? arrivalS : startsRecorded(arrivalS, recordedTurns);
  return { arrivalS: starts, ratePerS: (arrivalS.length - 1) / lastS, requests };
}

function timesAt({ arrivalS, ratePerS }: Pattern, wantedPerS: number): Float64Array {
  return arrivalS.map((atS) => (atS * ratePerS) / wantedPerS);
}

function rowOf(
  { bench, pattern }: Sample,
  setting: Setting,
  { own, plain }: Rates,
  again: readonly Rates[],
): CapacityRow {
  const at = isRate(own.ratePerS) ? bench.served(setting, timesAt(pattern, own.ratePerS)) : null;
  const known = (rate: number) => (rate < Number.POSITIVE_INFINITY ? rate : null);
  const gpus = bench.gpusApart(setting);
  const ratio = own.ratePerS / plain.ratePerS;
  const rates = spread(
    own.ratePerS,
    again.map((one) => one.own.limitPerS),
  );
  const ratios = spread(
    ratio,
    again.map((one) => one.own.limitPerS / one.plain.limitPerS),
  );
  return {
    ...bench.names(setting, null),
    requests: pattern.requests,
    max_rate_req_per_s: known(own.ratePerS),
    max_rate_lo_req_per_s: rates.lo,
    max_rate_hi_req_per_s: rates.hi,
    ...(gpus !== null && { max_rate_per_gpu_req_per_s: known(own.ratePerS / gpus) }),
    baseline_max_rate_req_per_s: known(plain.ratePerS),
    capacity_ratio: Number.isFinite(ratio) ? ratio : null,
    capacity_ratio_lo: ratios.lo,
    capacity_ratio_hi: ratios.hi,
    limited_by: own.limitedBy,
    judged: [...own.shares]
      .map(([rate_req_per_s, slo_share]) => ({ rate_req_per_s, slo_share }))
      .sort((a, b) => a.rate_req_per_s - b.rate_req_per_s),
    throughput_tok_per_s: at?.measured.throughput_tok_per_s ?? null,
    slo_share: at?.serving.slo_share ?? null,
    ttft_s: at?.serving.ttft_s ?? null,
    tpot_s: at?.serving.tpot_s ?? null,
    e2e_s: at?.serving.e2e_s ?? null,
    mean_batch: at?.serving.mean_batch ?? null,
    kv_peak_share: at?.serving.kv_peak_share ?? null,
    preemptions: at?.serving.preemptions ?? null,
    gpu_s_per_mtok: at?.serving.gpu_s_per_mtok ?? null,
    joules_per_mtok: at?.serving.joules_per_mtok ?? null,
    usd_per_mtok: at?.serving.usd_per_mtok ?? null,
  };
}
