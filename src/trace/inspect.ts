/**
 * What an acceptance file shows, before anything is simulated: lengths, tokens a round by k, acceptance by
 * position, spread between requests, drift along the output, memory from round to round. Rounds of a
 * position-indexed drafter are those of its replay at the recorded k. The prefill's token is no round.
 */

import { ASSUMED_AUC, AssumedSignal } from './assumed-confidence.ts';
import type { ContextDependence } from './context-dependence.ts';
import { meanLengthOfMarginal } from './conventions.ts';
import { type ConfidenceInspection, inspectConfidence } from './inspect-confidence.ts';
import { pooled, tokensOverAllRounds } from './rates.ts';
import type { AcceptanceRecord, Drafting, Rates, Steps } from './record.ts';
import { dependenceIn } from './recorded-context.ts';
import { idsOf } from './request-ids.ts';
import { untruncated } from './reshape.ts';
import { acceptedAtLeast, tokensPerRound } from './statistics.ts';
import { movedConfidence } from './token-confidence.ts';
import type { AcceptanceTrace, PositionLengths, Provenance, TraceKind } from './trace.ts';

const INSPECTION_SCHEMA = 1;

/** Parts of the output for the drift. */
const PARTS = 10;
const LAGS = 5;

export interface Spread {
  readonly mean: number;
  readonly sd: number;
  readonly min: number;
  readonly p10: number;
  readonly median: number;
  readonly p90: number;
  readonly max: number;
}

export interface DrafterInspection {
  readonly method: string;
  /** How it drafts, where rounds alone were recorded. */
  readonly drafting: Drafting | null;
  readonly kind: TraceKind;
  readonly max_k: number;
  readonly requests: number;
  readonly rounds: number;
  readonly output_tokens: Spread;
  /** Element i: at k = i + 1; of rounds alone, cut below max_k, which is a lower bound. Null when there are no rounds. */
  readonly tokens_per_round: readonly number[] | null;
  /** Element i: share of rounds at max_k that accept at least i + 1 drafts. */
  readonly accepted_at_least: readonly number[] | null;
  /** Tokens per round at max_k, by request. */
  readonly request_tokens_per_round: Spread | null;
  /** Tokens per round at max_k, by tenth of the output; null where no round begins. */
  readonly drift: readonly (number | null)[];
  /** Correlation of a round's tokens with those 1 to 5 rounds later in the same request; null where undefined. */
  readonly autocorrelation: readonly (number | null)[];
  /** Share of rounds in which nothing was drafted; null where nobody recorded it. */
  readonly share_without_proposal: number | null;
  /** Null where none was recorded, and where nothing is assumed: of look-up, and of recordings. */
  readonly confidence: ConfidenceInspection | null;
  /** How acceptance depends on the tokens before a draft; null where rounds or prompts were not recorded. */
  readonly context: ContextDependence | null;
}

export interface Inspection {
  readonly schema: typeof INSPECTION_SCHEMA;
  readonly name: string;
  /** `fitted`: sampled from a process or a rate at every position. */
  readonly kind: AcceptanceRecord['kind'] | 'fitted';
  readonly provenance: Provenance;
  readonly requests: number | null;
  /** Requests that reached the recording's output limit; null where no limit is known. */
  readonly truncated_requests: number | null;
  readonly prompt_tokens: Spread | null;
  readonly output_tokens: Spread | null;
  readonly drafters: readonly DrafterInspection[];
  /** Of rates-only files: all parts as one, how the means of the parts differ, and each of them. */
  readonly pooled: Rates | null;
  readonly part_tokens_per_round: Spread | null;
  /** Tokens per round over all rounds, those without a proposal included; null where their number is not in the file. */
  readonly tokens_over_all_rounds: number | null;
  readonly rates: readonly Rates[];
}

export function inspectRecord(record: AcceptanceRecord): Inspection {
  const blank = {
    schema: INSPECTION_SCHEMA,
    prompt_tokens: null,
    output_tokens: null,
    requests: null,
    truncated_requests: null,
    drafters: [],
    pooled: null,
    part_tokens_per_round: null,
    tokens_over_all_rounds: null,
    rates: [],
  } as const;
  if (record.kind === 'rates') {
    const { kind, name, provenance, rates } = record;
    const all = pooled(rates, 'all');
    const means = rates.flatMap(({ meanLength }) => meanLength ?? []);
    return {
      ...blank,
      name,
      kind,
      provenance,
      pooled: all,
      tokens_over_all_rounds: tokensOverAllRounds(all),
      part_tokens_per_round: means.length > 1 ? spread(means) : null,
      rates,
    };
  }
  if (record.kind === 'step-indexed') {
    const { kind, name, provenance, drafters } = record;
    const [first] = drafters;
    return {
      ...blank,
      name,
      kind,
      provenance,
      requests: first!.outputTokens.length,
      prompt_tokens: first!.promptTokens === null ? null : spread(first!.promptTokens),
      output_tokens: spread(first!.outputTokens),
      drafters: drafters.map((steps) => ({
        ...inspectSteps(steps),
        context: dependenceIn(record, steps.method),
      })),
    };
  }
  const { trace } = record;
  const drafters = [...trace.drafters];
  return {
    ...blank,
    name: trace.name,
    kind: drafters.length > 0 && drafters.every(([, { kind }]) => kind === 'fitted') ? 'fitted' : record.kind,
    provenance: trace.provenance,
    requests: trace.outputTokens.length,
    truncated_requests:
      trace.outputLimit === null ? null : trace.outputTokens.length - untruncated(trace).length,
    prompt_tokens: spread(trace.promptTokens),
    output_tokens: spread(trace.outputTokens),
    drafters: drafters.map(([method, lengths]) => ({
      ...inspectPositions(method, lengths, trace),
      context: dependenceIn(record, method),
    })),
  };
}

function inspectSteps(steps: Steps): Omit<DrafterInspection, 'context'> {
  const { method, drafting, maxK, emitted, proposed } = steps;
  const rounds = emitted.length;
  const atLeast = (accepted: number): number =>
    emitted.reduce((n, e) => n + (e > accepted ? 1 : 0), 0) / rounds;
  const shares = Array.from({ length: maxK }, (_, i) => atLeast(i + 1));
  return {
    method,
    drafting,
    kind: 'recording',
    max_k: maxK,
    requests: steps.ids.length,
    rounds,
    output_tokens: spread(steps.outputTokens),
    tokens_per_round:
      rounds === 0 ? null : shares.map((_, i) => meanLengthOfMarginal(shares.slice(0, i + 1))),
    accepted_at_least: rounds === 0 ? null : shares,
    ...alongRounds(steps),
    share_without_proposal:
      proposed === null || rounds === 0 ? null : proposed.reduce((n, p) => n + (p === 0 ? 1 : 0), 0) / rounds,
    confidence: recordedConfidence(steps),
  };
}

function recordedConfidence({ confidence, emitted, proposed }: Steps): ConfidenceInspection | null {
  if (confidence === undefined || emitted.length === 0) return null;
  const { depths, list } = confidence;
  const drafted = (round: number) => proposed?.[round] ?? depths;
  return inspectConfidence(
    emitted.length,
    depths,
    (round) => emitted[round]! - 1,
    (round, depth) => (depth < drafted(round) ? list[round * depths + depth]! / 255 : 0),
    false,
  );
}

function inspectPositions(
  method: string,
  lengths: PositionLengths,
  trace: AcceptanceTrace,
): Omit<DrafterInspection, 'context'> {
  const { maxK, kind } = lengths;
  const { starts, steps } = roundsAt(method, lengths, trace);
  const rounds = steps.emitted.length;
  const signal =
    kind === 'fitted' && lengths.proposed === 'always' && rounds > 0
      ? new AssumedSignal(lengths, ASSUMED_AUC, 1)
      : null;
  return {
    ...inspectSteps(steps),
    drafting: null,
    kind,
    tokens_per_round:
      rounds === 0 ? null : Array.from({ length: maxK }, (_, i) => tokensPerRound(lengths, i + 1)),
    accepted_at_least: rounds === 0 ? null : [...acceptedAtLeast(lengths, maxK)],
    share_without_proposal: lengths.proposed === 'always' ? 0 : inspectSteps(steps).share_without_proposal,
    ...(signal && {
      confidence: inspectConfidence(
        rounds,
        maxK,
        (round) => lengths.emitted[starts[round]!]! - 1,
        (round, depth) => signal.chance(starts[round]!, depth),
        true,
      ),
    }),
  };
}

/** The rounds of a replay at the recorded k, and where in the lengths they start. */
function roundsAt(
  method: string,
  lengths: PositionLengths,
  trace: AcceptanceTrace,
): { starts: readonly number[]; steps: Steps } {
  const { offsets, emitted, proposed, maxK, confidence } = lengths;
  const starts: number[] = [];
  const roundOffsets = new Int32Array(offsets.length);
  const cut: number[] = [];
  for (let r = 0; r + 1 < offsets.length; r++) {
    const end = offsets[r + 1]!;
    for (let at = offsets[r]! + 1; at < end; ) {
      const tokens = Math.min(emitted[at]!, end - at);
      starts.push(at);
      cut.push(tokens);
      at += tokens;
    }
    roundOffsets[r + 1] = starts.length;
  }
  const steps: Steps = {
    method,
    drafting: 'chain',
    maxK,
    ids: idsOf(trace),
    promptTokens: trace.promptTokens,
    outputTokens: Int32Array.from(trace.outputTokens, (_, r) => offsets[r + 1]! - offsets[r]!),
    offsets: roundOffsets,
    emitted: Uint8Array.from(cut),
    proposed: proposed instanceof Uint8Array ? Uint8Array.from(starts, (at) => proposed[at]!) : null,
    ...(confidence && { confidence: movedConfidence(confidence, Int32Array.from(starts)) }),
  };
  return { starts, steps };
}

function alongRounds({
  offsets,
  emitted,
  outputTokens,
}: Steps): Pick<DrafterInspection, 'request_tokens_per_round' | 'drift' | 'autocorrelation'> {
  const means: number[] = [];
  const sums = new Float64Array(PARTS);
  const counts = new Float64Array(PARTS);
  let total = 0;
  for (let r = 0; r + 1 < offsets.length; r++) {
    let tokens = 0;
    const decoded = Math.max(outputTokens[r]! - 1, 1);
    for (let i = offsets[r]!; i < offsets[r + 1]!; i++) {
      const part = Math.min(Math.floor((PARTS * tokens) / decoded), PARTS - 1);
      sums[part]! += emitted[i]!;
      counts[part]!++;
      tokens += emitted[i]!;
    }
    total += tokens;
    if (offsets[r + 1]! > offsets[r]!) means.push(tokens / (offsets[r + 1]! - offsets[r]!));
  }
  const mean = total / emitted.length;
  return {
    request_tokens_per_round: means.length === 0 ? null : spread(means),
    drift: Array.from(sums, (sum, i) => (counts[i] === 0 ? null : sum / counts[i]!)),
    autocorrelation: Array.from({ length: LAGS }, (_, lag) =>
      autocorrelation(offsets, emitted, lag + 1, mean),
    ),
  };
}

function autocorrelation(offsets: Int32Array, emitted: Uint8Array, lag: number, mean: number): number | null {
  let [covariance, before, after] = [0, 0, 0];
  for (let r = 0; r + 1 < offsets.length; r++) {
    for (let i = offsets[r]!; i + lag < offsets[r + 1]!; i++) {
      const [a, b] = [emitted[i]! - mean, emitted[i + lag]! - mean];
      covariance += a * b;
      before += a * a;
      after += b * b;
    }
  }
  return before > 0 && after > 0 ? covariance / Math.sqrt(before * after) : null;
}

function spread(values: ArrayLike<number>): Spread {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return {
    mean,
    sd: Math.sqrt(sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sorted.length),
    min: at(0),
    p10: at(0.1),
    median: at(0.5),
    p90: at(0.9),
    max: at(1),
  };
}
