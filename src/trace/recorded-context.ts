/**
 * The curve of context that a recording shows (context-dependence.ts), for lengths in other contexts than they were
 * recorded in. As many times as many drafts of a token are accepted as the curve has there over where it was recorded: the
 * same context changes nothing. It holds between the contexts that were compared and is not extended beyond.
 */
import { UserError } from '../errors.ts';
import { type ContextRatio, inContexts, shareAt } from './context-curve.ts';
import { type ContextDependence, contextDependence } from './context-dependence.ts';
import { judgedAt, judgedIn } from './judged.ts';
import type { AcceptanceRecord } from './record.ts';
import { selectRequests, untruncated } from './reshape.ts';
import type { RecordedContext, RecordedCurve } from './token-context.ts';
import type { AcceptanceTrace, PositionLengths } from './trace.ts';

/** What a record shows of a drafter; null for what says nothing of contexts. */
export function dependenceIn(record: AcceptanceRecord, method: string): ContextDependence | null {
  if (record.kind === 'rates') return null;
  if (record.kind === 'step-indexed') {
    // A file that does not say its method is of the one asked for.
    const steps = record.drafters.find((one) => [method, 'unknown'].includes(one.method));
    return steps?.promptTokens ? contextDependence(judgedIn(steps, steps.promptTokens)) : null;
  }
  const trace = selectRequests(record.trace, untruncated(record.trace));
  const lengths = trace.drafters.get(method);
  if (lengths === undefined || lengths.kind === 'fitted') return null;
  return contextDependence(judgedAt(lengths, trace.promptTokens));
}

/** @throws UserError where contexts cannot be compared */
export function recordedCurve(dependence: ContextDependence | null, where: string): RecordedCurve {
  if (dependence === null) {
    throw new UserError(
      `${where}: no rounds that were recorded with the tokens before them, expected --acceptance-context recorded:FILE of a recording, or a curve such as 4k:1,32k:0.7`,
    );
  }
  const known = dependence.bins.flatMap((bin) => (bin.factor === null ? [] : [{ ...bin, ...bin.factor }]));
  if (known.length === 0) {
    throw new UserError(
      `${where}: prompts too alike, or too few, to tell context from drift along the output; expected --acceptance-context recorded:FILE of a recording with others, or a curve such as 4k:1,32k:0.7`,
    );
  }
  return {
    curve: known.map(({ tokens, share }) => ({ tokens, share })),
    shifted: known.map(({ tokens, share, error }) => ({ tokens, share: share * Math.exp(error) })),
    from: known[0]!.from,
    below: known.at(-1)!.below,
    acceptance: dependence.acceptance,
  };
}

/** A trace that remembers in which contexts a drafter's lengths were recorded, and the curve that they follow. */
export function rememberingContext(
  trace: AcceptanceTrace,
  method: string,
  of: RecordedCurve,
): AcceptanceTrace {
  const lengths = trace.drafters.get(method);
  if (lengths === undefined) return trace;
  const { offsets } = lengths;
  const tokens = new Int32Array(offsets.at(-1)!);
  for (let r = 0; r + 1 < offsets.length; r++) {
    for (let at = offsets[r]!; at < offsets[r + 1]!; at++)
      tokens[at] = trace.promptTokens[r]! + at - offsets[r]!;
  }
  const remembering = { ...lengths, recordedContext: { of, tokens } };
  return { ...trace, drafters: new Map([...trace.drafters, [method, remembering]]) };
}

/**
 * Lengths that remember where they were recorded, behind other prompts.
 *
 * @param promptTokens by request
 * @param shifted whether along the curve one standard error higher
 */
export function inOtherContexts(
  lengths: PositionLengths,
  { of, tokens }: RecordedContext,
  promptTokens: Int32Array,
  drafter: string,
  seed: number,
  shifted = false,
): PositionLengths {
  const curve = shifted ? of.shifted : of.curve;
  const ratio: ContextRatio = (request, position, at) => {
    const [before, now] = [tokens[at]!, promptTokens[request]! + position];
    return before < 0 || before === now ? 1 : shareAt(curve, now) / shareAt(curve, before);
  };
  return inContexts(lengths, ratio, drafter, seed, of.acceptance);
}

/** Share of the positions in other contexts than recorded of which either is beyond those compared, and the contexts asked. */
export function beyondRecorded(
  { offsets }: PositionLengths,
  { of, tokens }: RecordedContext,
  promptTokens: Int32Array,
): { readonly share: number; readonly least: number; readonly most: number } {
  let [beyond, all, least, most] = [0, 0, Number.POSITIVE_INFINITY, 0];
  for (let r = 0; r + 1 < offsets.length; r++) {
    for (let at = offsets[r]! + 1; at < offsets[r + 1]!; at++) {
      const now = promptTokens[r]! + at - offsets[r]!;
      all++;
      least = Math.min(least, now);
      most = Math.max(most, now);
      const then = tokens[at]!;
      if (then < 0 || then === now) continue;
      if (Math.min(now, then) < of.from || Math.max(now, then) >= of.below) beyond++;
    }
  }
  return { share: all === 0 ? 0 : beyond / all, least, most };
}
