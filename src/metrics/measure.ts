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
  const outcomes = byRequest(finished);
  let throughputOf: RatioOfSums | undefined;
  let tpotOf: RatioOfSums | undefined;
  const ratio = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);
  return {
    requests: outcomes.tokens.length,
    throughput_tok_per_s: load === 'clones' ? mean(perSecond(outcomes)) : total(outcomes.tokens) / makespanS,
    // Only intervals ask for these: most runs of a search are never asked.
    get throughputByRequest() {
      throughputOf ??= throughputSums(load, outcomes);
      return throughputOf;
    },
    get tpotByRequest() {
      tpotOf ??= { over: outcomes.tpotS, under: outcomes.timed };
      return tpotOf;
    },
    decode_tok_per_s: ratio(emitted, decodeWall),
    mean_tpot_s: ratio(total(outcomes.tpotS), total(outcomes.timed)),
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

/** What became of each request, all its copies together, in order of the request: a million are not objects. */
interface Outcomes {
  readonly tokens: Float64Array;
  /** From arrival to the end of the last copy. */
  readonly residenceS: Float64Array;
  /** Time per output token after the first, summed over copies that have a second; and their number. */
  readonly tpotS: Float64Array;
  readonly timed: Float64Array;
}

function byRequest(finished: Iterable<Ended>): Outcomes {
  const none = new Float64Array(0);
  let columns: Outcomes = { tokens: none, residenceS: none, tpotS: none, timed: none };
  let known = new Uint8Array(0);
  let requests = 0;
  for (const { request, copies = 1, tokens, arrivalS, firstTokenS, endS } of finished) {
    if (request >= known.length) {
      const room = Math.max(64, request + 1, 2 * known.length);
      columns = mapColumns(columns, (column) => withLength(column, room));
      known = withLength(known, room);
    }
    requests += 1 - known[request]!;
    known[request] = 1;
    columns.tokens[request]! += copies * tokens;
    columns.residenceS[request] = Math.max(columns.residenceS[request]!, endS - arrivalS);
    if (tokens > 1) {
      columns.tpotS[request]! += (copies * (endS - firstTokenS)) / (tokens - 1);
      columns.timed[request]! += copies;
    }
  }
  return mapColumns(columns, (column) => {
    let kept = 0;
    for (let r = 0; r < known.length; r++) if (known[r] === 1) column[kept++] = column[r]!;
    return column.slice(0, requests);
  });
}

function mapColumns(
  { tokens, residenceS, tpotS, timed }: Outcomes,
  change: (column: Float64Array) => Float64Array,
): Outcomes {
  return {
    tokens: change(tokens),
    residenceS: change(residenceS),
    tpotS: change(tpotS),
    timed: change(timed),
  };
}

function withLength<T extends Float64Array | Uint8Array>(column: T, length: number): T {
  const longer = new (column.constructor as new (length: number) => T)(length);
  longer.set(column);
  return longer;
}

/**
 * Clones: the mean of batches' tokens per second. Closed: tokens over residence, which is the throughput at
 * a constant concurrency by Little's law. Open: tokens, since arrivals fix the time.
 */
function throughputSums(load: LoadKind, outcomes: Outcomes): RatioOfSums {
  const { tokens, residenceS } = outcomes;
  const ones = new Float64Array(tokens.length).fill(1);
  if (load === 'clones') return { over: perSecond(outcomes), under: ones };
  return { over: tokens, under: load === 'closed' ? residenceS : ones };
}

function perSecond({ tokens, residenceS }: Outcomes): Float64Array {
  return tokens.map((count, r) => count / residenceS[r]!);
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function mean(values: Float64Array): number {
  return total(values) / values.length;
}
