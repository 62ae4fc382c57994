/** The tokens before each draft where it was recorded, and the curve of acceptance that it follows in other contexts. */

/** Shares by tokens of context, ascending; between two of them linear in the logarithm of the context. */
export type ContextCurve = readonly { readonly tokens: number; readonly share: number }[];

/** A curve between two contexts. */
export interface RecordedCurve {
  readonly curve: ContextCurve;
  /** The same with every point one standard error higher, but that which the others stand against. */
  readonly shifted: ContextCurve;
  /** Contexts that were compared, in tokens. */
  readonly from: number;
  readonly below: number;
  /** Share of its drafts that was accepted. */
  readonly acceptance: number;
}

/** Where lengths were recorded. */
export interface RecordedContext {
  readonly of: RecordedCurve;
  /** Of each position the tokens before it; -1 where nothing was recorded. */
  readonly tokens: Int32Array;
}

/** @param from of each position the recorded one; -1 where nothing is known */
export function movedContext({ of, tokens }: RecordedContext, from: Int32Array): RecordedContext {
  return { of, tokens: from.map((at) => (at < 0 ? -1 : tokens[at]!)) };
}
