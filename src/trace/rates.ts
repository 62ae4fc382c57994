/** Rates and totals: pooled, and as a fitted process that has the same ones. */
import { UserError } from '../errors.ts';
import { sampleAcceptance } from './acceptance-spec.ts';
import { conditionalOfMarginal, rateOfMeanLength, SPEC_MAX_K } from './conventions.ts';
import type { Rates, RatesRecord } from './record.ts';
import type { AcceptanceTrace } from './trace.ts';

/**
 * All parts as one, weighted by rounds (equally where any part does not say them). A figure that one part lacks
 * is null; k is that of all parts, or null where they differ.
 */
export function pooled(parts: readonly Rates[], label: string): Rates {
  const sum = (of: (part: Rates) => number | null): number | null => {
    let total = 0;
    for (const part of parts) {
      const value = of(part);
      if (value === null) return null;
      total += value;
    }
    return total;
  };
  const rounds = sum((part) => part.rounds);
  const weight = (part: Rates): number => (rounds === null || rounds === 0 ? 1 : part.rounds!);
  const weights = parts.reduce((total, part) => total + weight(part), 0);
  const mean = (of: (part: Rates) => number | null | undefined): number | null => {
    const total = sum((part) => {
      const value = of(part);
      return value === null || value === undefined ? null : value * weight(part);
    });
    return total === null ? null : total / weights;
  };
  const positions = Math.max(...parts.map((part) => part.marginal?.length ?? 0));
  const marginal = Array.from({ length: positions }, (_, i) =>
    mean((part) => (part.marginal === null ? null : (part.marginal[i] ?? 0))),
  );
  const same = <T>(of: (part: Rates) => T): T | null =>
    parts.every((part) => of(part) === of(parts[0]!)) ? of(parts[0]!) : null;
  return {
    label,
    method: same((part) => part.method),
    k: same((part) => part.k),
    rounds,
    draftedTokens: sum((part) => part.draftedTokens),
    acceptedTokens: sum((part) => part.acceptedTokens),
    meanLength: mean((part) => part.meanLength),
    marginal: positions === 0 || marginal.includes(null) ? null : (marginal as number[]),
    roundsWithoutProposal: sum((part) => part.roundsWithoutProposal),
  };
}

/** Conditional rates per draft position; of a mean alone, one rate for all of them. Null where there is neither. */
export function conditionalRates({ marginal, meanLength, k }: Rates, where: string): number[] | null {
  if (marginal !== null && marginal.length > 0) return conditionalOfMarginal(marginal);
  if (meanLength === null || k === null || !Number.isInteger(k) || k < 1 || k > SPEC_MAX_K) return null;
  return new Array<number>(k).fill(rateOfMeanLength(Math.min(Math.max(meanLength, 1), k + 1), k, where));
}

/** What a scenario has to say for rates to run: they are of no requests. */
interface RatesAsked {
  readonly requests: number;
  readonly promptTokens: number | null;
  readonly outputTokens: number | null;
  readonly seed: number;
}

/**
 * Requests whose acceptance is sampled with the pooled rates: independent drafts, labelled `fitted`.
 *
 * @throws UserError when lengths are not stated, or the source has neither rates by position nor a mean with k
 */
export function traceOfRates(record: RatesRecord, asked: RatesAsked, where: string): AcceptanceTrace {
  const { requests, promptTokens, outputTokens, seed } = asked;
  if (promptTokens === null || outputTokens === null) {
    throw new UserError(
      `${where}: rates have no lengths, expected --prompt-len TOKENS and --output-len TOKENS`,
    );
  }
  const all = pooled(record.rates, record.name);
  const rates = conditionalRates(all, where);
  if (rates === null) {
    throw new UserError(
      `${where}: neither rates by position nor a mean length at one k (1 to ${SPEC_MAX_K}) for all of its ${record.rates.length} parts, expected one of them`,
    );
  }
  const maxK = Math.min(rates.length, SPEC_MAX_K);
  const method = all.method ?? 'unknown';
  const outputs = new Int32Array(requests).fill(outputTokens);
  return {
    name: record.name,
    provenance: record.provenance,
    ids: Array.from(outputs, (_, r) => String(r)),
    promptTokens: new Int32Array(requests).fill(promptTokens),
    outputTokens: outputs,
    outputLimit: null,
    // The last rate repeats: nothing is known of drafts beyond those measured.
    drafters: new Map([
      [method, { ...sampleAcceptance([...rates.slice(0, maxK), 0], outputs, method, seed), maxK }],
    ]),
    tokens: null,
  };
}
