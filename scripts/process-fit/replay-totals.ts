/** Replays a trace at fixed draft lengths and as the oracle, and counts rounds and drafts per request. */
import type { AcceptanceTrace, PositionLengths } from '../../src/trace/trace.ts';

export type Method = 'ngram' | 'eagle3' | 'combined';

/** Draft lengths replayed, in tokens; `oracle` drafts exactly what will be accepted. */
export const DRAFT_LENGTHS = [1, 3, 5, 10, 20, 'oracle'] as const;
export type DraftLength = (typeof DRAFT_LENGTHS)[number];

/** Per request, what replaying one method at one draft length took. */
interface ReplayTotals {
  readonly promptTokens: ArrayLike<number>;
  /** Tokens emitted after the prefill. */
  readonly tokens: Float64Array;
  readonly rounds: Float64Array;
  /** Rounds that drafted nothing. */
  readonly idle: Float64Array;
  readonly drafted: Float64Array;
  /** The part of `drafted` that the EAGLE-3 head drafted. */
  readonly headDrafted: Float64Array;
}

/**
 * Replays every request on its own. `combined` takes the method that emits more at each position, n-gram
 * when they tie, and is charged for that method's drafts; it ends with the shorter of the two outputs.
 */
export function replayTotals(trace: AcceptanceTrace, method: Method, length: DraftLength): ReplayTotals {
  const ngram = method === 'eagle3' ? null : sampled(trace, 'ngram');
  const eagle3 = method === 'ngram' ? null : sampled(trace, 'eagle3');
  const requests = trace.outputTokens.length;
  const totals = {
    promptTokens: trace.promptTokens,
    tokens: new Float64Array(requests),
    rounds: new Float64Array(requests),
    idle: new Float64Array(requests),
    drafted: new Float64Array(requests),
    headDrafted: new Float64Array(requests),
  };
  const most = length === 'oracle' ? 20 : length;
  for (let r = 0; r < requests; r++) {
    const tokens = outputLength(ngram, eagle3, r);
    for (let position = 1; position < tokens; ) {
      const left = tokens - position;
      const byNgram = ngram === null ? 0 : Math.min(at(ngram, r, position), most + 1, left);
      const byHead = eagle3 === null ? 0 : Math.min(at(eagle3, r, position), most + 1, left);
      const emitted = Math.max(byNgram, byHead);
      const winner = (byNgram >= byHead ? ngram : eagle3)!;
      const drafted = length === 'oracle' ? emitted - 1 : Math.min(proposedAt(winner, r, position), most);
      totals.rounds[r]!++;
      totals.drafted[r]! += drafted;
      if (drafted === 0) totals.idle[r]!++;
      if (winner === eagle3) totals.headDrafted[r]! += drafted;
      position += emitted;
    }
    totals.tokens[r] = tokens - 1;
  }
  return totals;
}

/** The lengths of a method with its columns, which a fitted process samples when they are first read. */
function sampled(trace: AcceptanceTrace, method: 'ngram' | 'eagle3'): PositionLengths {
  return { ...trace.drafters.get(method)! };
}

/** Output length of a request; of two methods the shorter one. */
function outputLength(ngram: PositionLengths | null, eagle3: PositionLengths | null, r: number): number {
  const of = (lengths: PositionLengths | null) =>
    lengths === null ? Number.POSITIVE_INFINITY : lengths.offsets[r + 1]! - lengths.offsets[r]!;
  return Math.min(of(ngram), of(eagle3));
}

function at(lengths: PositionLengths, r: number, position: number): number {
  return lengths.emitted[lengths.offsets[r]! + position]!;
}

function proposedAt({ proposed, offsets, maxK }: PositionLengths, r: number, position: number): number {
  return typeof proposed === 'string' ? maxK : proposed[offsets[r]! + position]!;
}

/** Mean emitted length over the positions of each tenth of the output. */
export function meanByDecile(trace: AcceptanceTrace, method: Method): number[] {
  const ngram = method === 'eagle3' ? null : sampled(trace, 'ngram');
  const eagle3 = method === 'ngram' ? null : sampled(trace, 'eagle3');
  const total = new Float64Array(10);
  const count = new Float64Array(10);
  for (let r = 0; r < trace.outputTokens.length; r++) {
    const tokens = outputLength(ngram, eagle3, r);
    for (let position = 1; position < tokens; position++) {
      const decile = Math.floor((10 * position) / tokens);
      const byNgram = ngram === null ? 0 : at(ngram, r, position);
      const byHead = eagle3 === null ? 0 : at(eagle3, r, position);
      total[decile]! += Math.max(byNgram, byHead);
      count[decile]!++;
    }
  }
  return Array.from(total, (value, i) => value / count[i]!);
}

/** Tokens emitted per round, over all requests. */
export function tokensPerRound({ tokens, rounds }: ReplayTotals): number {
  return sum(tokens) / sum(rounds);
}

/** Milliseconds, roughly those of Llama-3.1-8B on an H100: a step, a sequence in it, a token verified, a pass of the head. */
const STEP_MS = 7;
const SEQUENCE_MS = 0.01;
const VERIFIED_MS = 0.0056;
const HEAD_MS = 0.7;
/** Reading one token of KV cache, and prefilling one token. */
const CONTEXT_MS = 4.2e-5;
const PREFILL_MS = 0.019;

/**
 * A stand-in for the speedup of batches of `batch` copies of each request, as it is published: the mean over requests
 * of tokens by time, prefill included, over that of plain decoding. Long requests are slow ones, so that it matters which
 * of them accept much.
 */
export function speedupProxy(totals: ReplayTotals, batch: number): number {
  let drafting = 0;
  let plain = 0;
  totals.tokens.forEach((tokens, r) => {
    if (tokens === 0) return;
    const promptTokens = totals.promptTokens[r]!;
    const context = promptTokens + tokens / 2;
    const stepMs = STEP_MS + batch * (SEQUENCE_MS + VERIFIED_MS + CONTEXT_MS * context);
    const prefillMs = batch * PREFILL_MS * promptTokens;
    const draftedMs = batch * VERIFIED_MS * totals.drafted[r]! + HEAD_MS * totals.headDrafted[r]!;
    drafting += tokens / (prefillMs + totals.rounds[r]! * stepMs + draftedMs);
    plain += tokens / (prefillMs + tokens * stepMs);
  });
  return drafting / plain;
}

/** Per request with a round, tokens emitted per round. */
export function requestMeans({ tokens, rounds }: ReplayTotals): number[] {
  return Array.from(tokens, (count, r) => count / rounds[r]!).filter(Number.isFinite);
}

export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

export function mean(values: ArrayLike<number>): number {
  return sum(values) / values.length;
}

export function standardDeviation(values: ArrayLike<number>): number {
  const centre = mean(values);
  return Math.sqrt(mean(Array.from(values, (value) => (value - centre) ** 2)));
}

export function correlation(a: readonly number[], b: readonly number[]): number {
  const [centreA, centreB] = [mean(a), mean(b)];
  const product = mean(a.map((value, i) => (value - centreA) * (b[i]! - centreB)));
  return product / (standardDeviation(a) * standardDeviation(b));
}
