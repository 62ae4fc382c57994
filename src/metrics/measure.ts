/** From what a run left behind to the measures of one row; docs/metrics.md defines each from symbols. */
import { totalSeconds } from '../cost/work.ts';
import type { Totals } from '../engine/records.ts';
import type { RatioOfSums } from './bootstrap.ts';

/** How requests were put to the engine, as far as throughput is concerned. */
export type LoadKind = 'clones' | 'closed' | 'open';

/** What is measured of a request that ended, or of so many copies of it. Seconds. */
export interface Ended {
  readonly request: number;
  readonly copies?: number;
  /** Output tokens of each copy. */
  readonly tokens: number;
  readonly arrivalS: number;
  readonly firstTokenS: number;
  readonly endS: number;
}

export interface Measures {
  readonly requests: number;
  readonly throughput_tok_per_s: number;
  /** The throughput as sums over requests, up to a factor that is the same for all of them. */
  readonly throughputByRequest: RatioOfSums;
  /** Mean time per output token by request: 0 over 0 for requests without a second token. */
  readonly tpotByRequest: RatioOfSums;
  /** Decode tokens over decode seconds, totals; null when nothing was decoded. */
  readonly decode_tok_per_s: number | null;
  /** Mean over requests of the time per output token after the first; null when none has a second. */
  readonly mean_tpot_s: number | null;
  readonly tokens_per_step: number | null;
  readonly drafted_per_step: number | null;
  readonly acceptance_rate: number | null;
  readonly wasted_verify_share: number | null;
  readonly time_share: {
    readonly draft: number;
    readonly verify: number;
    readonly sampling: number;
    readonly overhead: number;
    readonly prefill: number;
  };
  readonly step_ms: {
    readonly draft: number;
    readonly verify: number;
    readonly sampling: number;
    readonly overhead: number;
  } | null;
}

/** @param makespanS virtual time at the end of the run */
export function measure(
  load: LoadKind,
  finished: Iterable<Ended>,
  totals: Totals,
  makespanS: number,
): Measures {
  const { all, decode, rounds, emitted, drafted, accepted, decodeSteps: steps } = totals;
  const wall = totalSeconds(all);
  const decodeWall = totalSeconds(decode);
  const batches = byRequest(finished);
  let throughputOf: RatioOfSums | undefined;
  let tpotOf: RatioOfSums | undefined;
  const ratio = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);
  return {
    requests: batches.length,
    throughput_tok_per_s:
      load === 'clones'
        ? mean(batches.map((batch) => batch.tokens / batch.residenceS))
        : batches.reduce((sum, batch) => sum + batch.tokens, 0) / makespanS,
    // Only intervals ask for these: most runs of a search are never asked.
    get throughputByRequest() {
      throughputOf ??= throughputSums(load, batches);
      return throughputOf;
    },
    get tpotByRequest() {
      tpotOf ??= tpotSums(batches);
      return tpotOf;
    },
    decode_tok_per_s: ratio(emitted, decodeWall),
    mean_tpot_s: meanTpot(batches),
    tokens_per_step: ratio(emitted, rounds),
    drafted_per_step: ratio(drafted, rounds),
    acceptance_rate: ratio(accepted, drafted),
    wasted_verify_share: ratio(drafted - accepted, drafted + rounds),
    time_share: {
      draft: all.draftS / wall,
      verify: all.verifyS / wall,
      sampling: all.samplingS / wall,
      overhead: all.overheadS / wall,
      prefill: all.prefillS / wall,
    },
    step_ms:
      steps === 0
        ? null
        : {
            draft: (1000 * decode.draftS) / steps,
            verify: (1000 * decode.verifyS) / steps,
            sampling: (1000 * decode.samplingS) / steps,
            overhead: (1000 * decode.overheadS) / steps,
          },
  };
}

/** What became of one request, all its copies together. */
interface RequestOutcome {
  tokens: number;
  /** From arrival to the end of the last copy. */
  residenceS: number;
  /** Time per output token after the first, summed over copies that have a second; and their number. */
  tpotS: number;
  timed: number;
}

function byRequest(finished: Iterable<Ended>): RequestOutcome[] {
  const outcomes = new Map<number, RequestOutcome>();
  for (const { request, copies = 1, tokens, arrivalS, firstTokenS, endS } of finished) {
    let outcome = outcomes.get(request);
    if (outcome === undefined) {
      outcome = { tokens: 0, residenceS: 0, tpotS: 0, timed: 0 };
      outcomes.set(request, outcome);
    }
    outcome.tokens += copies * tokens;
    outcome.residenceS = Math.max(outcome.residenceS, endS - arrivalS);
    if (tokens > 1) {
      outcome.tpotS += (copies * (endS - firstTokenS)) / (tokens - 1);
      outcome.timed += copies;
    }
  }
  return [...outcomes].sort(([a], [b]) => a - b).map(([, outcome]) => outcome);
}

/**
 * Clones: the mean of batches' tokens per second. Closed: tokens over residence, which is the throughput at
 * a constant concurrency by Little's law. Open: tokens, since arrivals fix the time.
 */
function throughputSums(load: LoadKind, batches: readonly RequestOutcome[]): RatioOfSums {
  return {
    over: Float64Array.from(batches, (batch) =>
      load === 'clones' ? batch.tokens / batch.residenceS : batch.tokens,
    ),
    under: Float64Array.from(batches, (batch) => (load === 'closed' ? batch.residenceS : 1)),
  };
}

function tpotSums(batches: readonly RequestOutcome[]): RatioOfSums {
  return {
    over: Float64Array.from(batches, (batch) => batch.tpotS),
    under: Float64Array.from(batches, (batch) => batch.timed),
  };
}

function meanTpot(batches: readonly RequestOutcome[]): number | null {
  const timed = batches.reduce((sum, batch) => sum + batch.timed, 0);
  return timed === 0 ? null : batches.reduce((sum, batch) => sum + batch.tpotS, 0) / timed;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
