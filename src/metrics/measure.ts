/** From what a run left behind to the measures of one row; docs/metrics.md defines each from symbols. */
import {
  DECODE_PARTS,
  type DecodePartName,
  PARTS,
  type PartName,
  secondsOf,
  totalSeconds,
} from '../cost/work.ts';
import type { FinishedRecords, Totals } from '../engine/records.ts';
import { type RatioOfSums, total } from './bootstrap.ts';

/** How requests were put to the engine, as far as throughput is concerned. */
export type LoadKind = 'clones' | 'closed' | 'open';

/** What is measured of requests that ended: the first `length` of each column. */
type Ended = Pick<
  FinishedRecords,
  'length' | 'request' | 'copies' | 'tokens' | 'arrivalS' | 'firstTokenS' | 'endS'
>;

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
  readonly tokens_per_round: number | null;
  readonly drafted_per_round: number | null;
  /** Tokens in the target's pass. */
  readonly verified_per_round: number | null;
  readonly acceptance_rate: number | null;
  readonly wasted_verify_share: number | null;
  readonly time_share: Readonly<Record<PartName, number>>;
  readonly step_ms: Readonly<Record<DecodePartName, number>> | null;
}

/**
 * @param makespanS virtual time at the end of the run
 * @param requests of the load, numbered from 0, of which one that has not ended brought nothing; left out: all have
 */
export function measure(
  load: LoadKind,
  finished: Ended,
  totals: Totals,
  makespanS: number,
  requests?: number,
): Measures {
  const { all, decode, rounds, drafted, verified, accepted, emitted } = totals;
  const wall = totalSeconds(all);
  const decodeWall = totalSeconds(decode);
  const outcomes = byRequest(finished, requests);
  let throughputOf: RatioOfSums | undefined;
  let tpotOf: RatioOfSums | undefined;
  const ratio = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);
  return {
    requests: load === 'clones' ? outcomes.tokens.length : finished.length,
    throughput_tok_per_s: load === 'clones' ? mean(rates(outcomes)) : total(outcomes.tokens) / makespanS,
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
    tokens_per_round: ratio(emitted, rounds),
    drafted_per_round: ratio(drafted, rounds),
    verified_per_round: ratio(verified, rounds),
    acceptance_rate: ratio(accepted, drafted),
    wasted_verify_share: ratio(drafted - accepted, verified),
    time_share: byPart(PARTS, (name) => all[secondsOf(name)] / wall),
    step_ms: stepMs(totals),
  };
}

/** Milliseconds of a decode step by part; null where there is none. */
export function stepMs({ decode, decodeSteps: steps }: Totals): Measures['step_ms'] {
  return steps === 0 ? null : byPart(DECODE_PARTS, (name) => (1000 * decode[secondsOf(name)]) / steps);
}

function byPart<N extends PartName>(
  parts: readonly { readonly name: N }[],
  value: (name: N) => number,
): Record<N, number> {
  return Object.fromEntries(parts.map(({ name }) => [name, value(name)])) as Record<N, number>;
}

/** What became of requests, all copies of one together, in order of the request. */
interface Outcomes {
  readonly tokens: Float64Array;
  /** From arrival to the end of the last copy. */
  readonly residenceS: Float64Array;
  /** Time per output token after the first, summed over copies that have a second; and their number. */
  readonly tpotS: Float64Array;
  readonly timed: Float64Array;
}

function byRequest(
  { length, request, copies, tokens, arrivalS, firstTokenS, endS }: Ended,
  every?: number,
): Outcomes {
  let last = -1;
  for (let i = 0; i < length; i++) last = Math.max(last, request[i]!);
  const placeOf = new Int32Array(last + 1);
  for (let i = 0; i < length; i++) placeOf[request[i]!] = 1;
  let ended = 0;
  for (let r = 0; r <= last; r++) if (placeOf[r] === 1) placeOf[r] = every === undefined ? ended++ : r;
  const requests = every ?? ended;
  const outcomes = {
    tokens: new Float64Array(requests),
    residenceS: new Float64Array(requests),
    tpotS: new Float64Array(requests),
    timed: new Float64Array(requests),
  };
  for (let i = 0; i < length; i++) {
    const place = placeOf[request[i]!]!;
    const of = copies[i]!;
    outcomes.tokens[place]! += of * tokens[i]!;
    outcomes.residenceS[place] = Math.max(outcomes.residenceS[place]!, endS[i]! - arrivalS[i]!);
    if (tokens[i]! > 1) {
      outcomes.tpotS[place]! += (of * (endS[i]! - firstTokenS[i]!)) / (tokens[i]! - 1);
      outcomes.timed[place]! += of;
    }
  }
  return outcomes;
}

/**
 * Clones: the mean of batches' tokens per second. Closed: tokens over residence, which is the throughput at
 * a constant concurrency by Little's law. Open: tokens, since arrivals fix the time.
 */
function throughputSums(load: LoadKind, outcomes: Outcomes): RatioOfSums {
  const { tokens, residenceS } = outcomes;
  return {
    over: load === 'clones' ? rates(outcomes) : tokens,
    under: load === 'closed' ? residenceS : new Float64Array(tokens.length).fill(1),
  };
}

/** Tokens per second of each request. */
function rates({ tokens, residenceS }: Outcomes): Float64Array {
  const each = new Float64Array(tokens.length);
  for (let i = 0; i < tokens.length; i++) each[i] = tokens[i]! / residenceS[i]!;
  return each;
}

function mean(values: Float64Array): number {
  return total(values) / values.length;
}
