/** The same trace on other requests or lengths: selections, and what-ifs on context. */

import { once } from '../memo.ts';
import { normal, stream } from '../random/streams.ts';
import { offsetsOfLengths } from './flat.ts';
import { samplerOf } from './sampled-rounds.ts';
import { movedConfidence } from './token-confidence.ts';
import { movedContext } from './token-context.ts';
import { movedRanks } from './token-ranks.ts';
import { movedScores } from './token-scores.ts';
import type { AcceptanceTrace, PositionLengths, TokenIds } from './trace.ts';

/** The trace of the requests at `indices`, in that order. */
export function selectRequests(trace: AcceptanceTrace, indices: readonly number[]): AcceptanceTrace {
  const pick = (values: Int32Array): Int32Array => Int32Array.from(indices, (r) => values[r]!);
  return {
    ...trace,
    ids: indices.map((r) => trace.ids?.[r] ?? String(r)),
    promptTokens: pick(trace.promptTokens),
    outputTokens: pick(trace.outputTokens),
    drafters: mapDrafters(trace, (lengths) => selectLengths(lengths, indices)),
    tokens: trace.tokens === null ? null : selectTokens(trace.tokens, indices),
  };
}

/** One drafter's lengths of the requests at `indices`, in that order. */
export function selectLengths(lengths: PositionLengths, indices: readonly number[]): PositionLengths {
  const sampler = samplerOf(lengths);
  const bytes = (flat: Uint8Array) =>
    selectRuns(lengths.offsets, flat, indices, (n) => new Uint8Array(n)).values;
  const picked = Int32Array.from(indices, (r) => lengths.offsets[r + 1]! - lengths.offsets[r]!);
  const offsets = offsetsOfLengths(picked);
  const sampled = () => {
    const emitted = new Uint8Array(offsets.at(-1)!);
    indices.forEach((r, i) => {
      sampler!.write(r, emitted.subarray(offsets[i], offsets[i + 1]));
    });
    return emitted;
  };
  const emitted = sampler === null ? () => bytes(lengths.emitted) : sampled;
  const selected = withColumns(lengths, offsets, emitted, bytes);
  if (!hasSignals(lengths)) return selected;
  const from = new Int32Array(offsets.at(-1)!);
  indices.forEach((r, i) => {
    for (let at = offsets[i]!; at < offsets[i + 1]!; at++) from[at] = lengths.offsets[r]! + at - offsets[i]!;
  });
  return withSignalsFrom(selected, lengths, from);
}

/** Whether more than lengths was recorded: what moves along with positions. */
export function hasSignals({ ranks, confidence, scores, recordedContext }: PositionLengths): boolean {
  return [ranks, confidence, scores, recordedContext].some((one) => one !== undefined);
}

/**
 * Lengths whose positions have the ranks, the confidence, the scores and the contexts of recorded ones.
 *
 * @param from of each position the recorded one; -1 where nothing is known
 */
export function withSignalsFrom(
  lengths: PositionLengths,
  { ranks, confidence, scores, recordedContext, emitted, maxK }: PositionLengths,
  from: Int32Array,
): PositionLengths {
  return {
    ...lengths,
    ...(ranks !== undefined && { ranks: movedRanks(ranks, emitted.length, maxK, from) }),
    ...(confidence !== undefined && { confidence: movedConfidence(confidence, from) }),
    ...(scores !== undefined && { scores: movedScores(scores, from) }),
    ...(recordedContext !== undefined && { recordedContext: movedContext(recordedContext, from) }),
  };
}

/** Indices of the requests none of whose texts reached the recording's output limit. */
export function untruncated(trace: AcceptanceTrace): number[] {
  const kept: number[] = [];
  const limit = trace.outputLimit ?? Number.POSITIVE_INFINITY;
  for (let r = 0; r < trace.outputTokens.length; r++) {
    let longest = trace.outputTokens[r]!;
    for (const { offsets } of trace.drafters.values()) {
      longest = Math.max(longest, offsets[r + 1]! - offsets[r]!);
    }
    if (longest < limit) kept.push(r);
  }
  return kept;
}

/** `count` of `total` indices, drawn without replacement, in ascending order. */
export function sampleIndices(total: number, count: number, seed: number): number[] {
  const draw = stream(seed, 'requests');
  const chosen: number[] = [];
  for (let r = 0; r < total; r++) {
    if (draw() * (total - r) < count - chosen.length) chosen.push(r);
  }
  return chosen;
}

/**
 * The trace with outputs of these lengths: longer than recorded, the recorded positions repeat
 * from the first decoded one. Token ids are dropped, since they no longer match.
 */
export function withOutputLengths(trace: AcceptanceTrace, outputTokens: Int32Array): AcceptanceTrace {
  const offsets = offsetsOfLengths(outputTokens);
  return {
    ...trace,
    outputTokens,
    drafters: mapDrafters(trace, (lengths) => {
      const from = once(() => repeatedFrom(lengths.offsets, offsets));
      const repeat = (blank: number) => (flat: Uint8Array) => {
        const values = new Uint8Array(from().length);
        from().forEach((at, i) => {
          values[i] = at < 0 ? blank : flat[at]!;
        });
        return values;
      };
      const repeated = withColumns(lengths, offsets, () => repeat(1)(lengths.emitted), repeat(0));
      return hasSignals(lengths) ? withSignalsFrom(repeated, lengths, from()) : repeated;
    }),
    tokens: null,
  };
}

/** Of each position the recorded one that stands for it; -1 where nothing was decoded. */
function repeatedFrom(recordedOffsets: Int32Array, offsets: Int32Array): Int32Array {
  const from = new Int32Array(offsets.at(-1)!).fill(-1);
  for (let r = 0; r + 1 < offsets.length; r++) {
    const start = recordedOffsets[r]!;
    const recorded = recordedOffsets[r + 1]! - start - 1;
    const tokens = offsets[r + 1]! - offsets[r]!;
    for (let p = 1; p < tokens && recorded > 0; p++) {
      from[offsets[r]! + p] = start + 1 + ((p - 1) % recorded);
    }
  }
  return from;
}

/**
 * Lengths with other columns, made of those that there are when they are read: most runs read those of one drafter, and
 * a fitted process samples what is read.
 */
function withColumns(
  lengths: PositionLengths,
  offsets: Int32Array,
  emitted: () => Uint8Array,
  proposed: (flat: Uint8Array) => Uint8Array,
): PositionLengths {
  const { maxK, kind, fittedTo, drafting } = lengths;
  const emittedOnce = once(emitted);
  const proposedOnce = once(() =>
    lengths.proposed instanceof Uint8Array ? proposed(lengths.proposed) : lengths.proposed,
  );
  return {
    maxK,
    offsets,
    kind,
    ...(fittedTo !== undefined && { fittedTo }),
    ...(drafting !== undefined && { drafting }),
    get emitted() {
      return emittedOnce();
    },
    get proposed() {
      return proposedOnce();
    },
  };
}

/** So many lengths of at least 1 token, lognormal with this mean and coefficient of variation. */
export function lognormalLengths(count: number, mean: number, cv: number, seed: number): Int32Array {
  const variance = Math.log(1 + cv * cv);
  const draw = stream(seed, 'output length');
  return Int32Array.from({ length: count }, () =>
    Math.max(1, Math.round(mean * Math.exp(Math.sqrt(variance) * normal(draw) - variance / 2))),
  );
}

/** The trace with every prompt `length` tokens long. Token ids are dropped, since they no longer match. */
export function withPromptLength(trace: AcceptanceTrace, length: number): AcceptanceTrace {
  return { ...trace, promptTokens: new Int32Array(trace.outputTokens.length).fill(length), tokens: null };
}

function mapDrafters(
  trace: AcceptanceTrace,
  change: (lengths: PositionLengths) => PositionLengths,
): Map<string, PositionLengths> {
  return new Map([...trace.drafters].map(([name, lengths]) => [name, change(lengths)]));
}

function selectTokens(tokens: TokenIds, indices: readonly number[]): TokenIds {
  const fresh = (n: number): Int32Array => new Int32Array(n);
  const prompt = selectRuns(tokens.promptOffsets, tokens.prompt, indices, fresh);
  const output = selectRuns(tokens.outputOffsets, tokens.output, indices, fresh);
  return {
    promptOffsets: prompt.offsets,
    prompt: prompt.values,
    outputOffsets: output.offsets,
    output: output.values,
  };
}

function selectRuns<T extends Uint8Array | Int32Array>(
  offsets: Int32Array,
  flat: T,
  indices: readonly number[],
  fresh: (length: number) => T,
): { offsets: Int32Array; values: T } {
  const chosen = new Int32Array(indices.length + 1);
  indices.forEach((r, i) => {
    chosen[i + 1] = chosen[i]! + offsets[r + 1]! - offsets[r]!;
  });
  const values = fresh(chosen[indices.length]!);
  indices.forEach((r, i) => {
    values.set(flat.subarray(offsets[r]!, offsets[r + 1]!), chosen[i]!);
  });
  return { offsets: chosen, values };
}
