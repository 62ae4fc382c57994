/** Look-up as a column of a trace: run on the token ids of requests, it is as real as one recorded in an engine. */
import { flatTokens } from './flat.ts';
import { LOOK_UPS, type LookUpOptions, lookUp } from './lookup.ts';
import type { RequestText } from './request-text.ts';
import type { AcceptanceTrace, PositionLengths, Provenance, TokenIds } from './trace.ts';

/** Outputs of requests that have ended, the newest tokens of them; no match goes from one into another. */
export class FormerOutputs {
  readonly #most: number;
  #tokens: number[] = [];
  #ended = 0;

  /** @param most tokens, the oldest of which are forgotten first */
  constructor(most: number) {
    this.#most = most;
  }

  get tokens(): readonly number[] {
    return this.#tokens;
  }

  add(output: readonly number[]): void {
    // No token has a number below 0, and no two ends have the same.
    this.#tokens = [...this.#tokens, ...output, -1 - this.#ended++].slice(-this.#most);
  }
}

/**
 * The trace of one request, as look-up alone drafts for it. Words are kept as lengths, without their numbers.
 *
 * @param former tokens that are searched before the prompt's
 */
export function lookUpTrace(
  { unit, prompt, output }: RequestText,
  id: string,
  options: LookUpOptions,
  { name, provenance }: { name: string; provenance: Provenance },
  former: readonly number[] = [],
): AcceptanceTrace {
  const tokens = flatTokens([prompt], [output]);
  const searched = former.length === 0 ? tokens : flatTokens([[...former, ...prompt]], [output]);
  return {
    name,
    provenance,
    ids: [id],
    promptTokens: Int32Array.of(prompt.length),
    outputTokens: Int32Array.of(output.length),
    outputLimit: null,
    drafters: new Map([[options.method, columnOf(searched, options)]]),
    tokens: unit === 'token ids' ? tokens : null,
  };
}

/** The trace with a column of each look-up named that it has none of, where it holds token ids. */
export function withLookUps(trace: AcceptanceTrace, methods: readonly string[]): AcceptanceTrace {
  const { tokens, drafters } = trace;
  if (tokens === null) return trace;
  const missing = Object.values(LOOK_UPS).filter(
    ({ method }) => methods.includes(method) && !drafters.has(method),
  );
  if (missing.length === 0) return trace;
  const columns = missing.map((options): [string, PositionLengths] => [
    options.method,
    columnOf(tokens, options),
  ]);
  return { ...trace, drafters: new Map([...drafters, ...columns]) };
}

function columnOf(tokens: TokenIds, options: LookUpOptions): PositionLengths {
  return { ...lookUp(tokens, options), maxK: options.maxK, kind: 'recording' };
}
