/** The curves of context that a scenario asks for: stated, or those of a recording (`--acceptance-context`). */
import type { BasicMethod } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import { Memo } from '../memo.ts';
import { parseContextCurve } from '../trace/context-curve.ts';
import type { ContextDependence } from '../trace/context-dependence.ts';
import { isProcess, parseRecord } from '../trace/read.ts';
import { dependenceIn, recordedCurve, rememberingContext } from '../trace/recorded-context.ts';
import type { ContextCurve } from '../trace/token-context.ts';
import type { AcceptanceTrace } from '../trace/trace.ts';
import type { Documents } from './documents.ts';
import type { Document } from './library.ts';
import type { Scenario } from './options.ts';
import { isRecordedCurve } from './steering-options.ts';

const DEPENDENCES = new Memo<ContextDependence | null>();

/** `recorded` where the trace remembers it (`inRecordedContexts`). Throws a UserError for another form. */
export function readContextCurve({ acceptanceContext: written }: Scenario): ContextCurve | 'recorded' | null {
  if (written === null) return null;
  return isRecordedCurve(written) ? 'recorded' : parseContextCurve(written, '--acceptance-context');
}

export const recordsCurve = ({ acceptanceContext: written }: Scenario): boolean =>
  written !== null && isRecordedCurve(written);

/** The recording that a scenario names for its curve beside its traces; null without. */
export async function curveFile(
  { acceptanceContext: written }: Scenario,
  documents: Documents,
): Promise<Document | null> {
  const file = /^recorded:(.*)$/s.exec(written ?? '')?.[1];
  return file === undefined ? null : documents.file('recording of a curve of context', file);
}

/**
 * A trace that remembers where the drafts of its models were recorded, and the curve that they follow in other contexts.
 *
 * @param document the recording that shows the curve
 * @param recorded methods whose acceptance is not stated, of `parts`
 * @throws UserError for a recording that shows none
 */
export function inRecordedContexts(
  trace: AcceptanceTrace,
  document: Document,
  { parts, recorded }: { readonly parts: readonly BasicMethod[]; readonly recorded: readonly BasicMethod[] },
): AcceptanceTrace {
  const runs = parts.filter(({ model }) => model !== undefined);
  const stated = runs.find((part) => !recorded.includes(part));
  if (stated !== undefined) {
    throw new UserError(
      `--acceptance-context recorded: acceptance of ${stated.name} is stated, in no context; expected a curve such as 4k:1,32k:0.7`,
    );
  }
  return runs.reduce((of, { name }) => {
    const where = `--acceptance-context recorded: ${document.where} has of ${name}`;
    const dependence = DEPENDENCES.get([document], name, () =>
      isProcess(document.text) ? null : dependenceIn(parseRecord(document.text, document.where), name),
    );
    return rememberingContext(of, name, recordedCurve(dependence, where));
  }, trace);
}
