/** Rates and totals: pooled, over all rounds, and as a fitted process that has the same ones. */
import { UserError } from '../errors.ts';
import { sampleAcceptance } from './acceptance-spec.ts';
import {
  conditionalOfMarginal,
  MAX_K,
  marginalOfConditional,
  meanLengthOf,
  rateOfMeanLength,
} from './conventions.ts';
import type { Rates, RatesRecord } from './record.ts';
import type { AcceptanceTrace } from './trace.ts';

/**
 * All parts as one. A part weighs its rounds, where every part says them; else what the source says of their number
 * (`weight`); else as much as any other. Parts without a round weigh nothing.
 *
 * Shares by position are pooled as conditional rates, each over the parts that drafted so far: what a part did not
 * draft is unknown there, not rejected. So they are those of rounds that draft as many as the longest part, and sum to
 * more than the mean length, which is that of the rounds that ran, where parts differ in k.
 *
 * Totals that one part lacks are null; k and method are those of all parts, or null where they differ.
 */
export function pooled(parts: readonly Rates[], label: string): Rates {
  const sum = (of: (part: Rates) => number | null): number | null =>
    parts.reduce<number | null>((total, part) => {
      const value = of(part);
      return total === null || value === null ? null : total + value;
    }, 0);
  const same = <T>(of: (part: Rates) => T): T | null =>
    parts.every((part) => of(part) === of(parts[0]!)) ? of(parts[0]!) : null;
  const ran = parts.filter(({ rounds }) => rounds !== 0);
  const weightOf = weights(ran);
  const means: number[] = [];
  let [weighed, total] = [0, 0];
  for (const part of ran) {
    const mean = meanOf(part);
    if (mean === null) continue;
    means.push(mean);
    weighed += weightOf(part);
    total += mean * weightOf(part);
  }
  return {
    label,
    method: same((part) => part.method),
    k: same((part) => part.k),
    rounds: sum((part) => part.rounds),
    draftedTokens: sum((part) => part.draftedTokens),
    acceptedTokens: sum((part) => part.acceptedTokens),
    meanLength: means.length === 1 ? means[0]! : weighed === 0 ? null : total / weighed,
    marginal: pooledMarginal(ran, weightOf),
    roundsWithoutProposal: sum((part) => part.roundsWithoutProposal),
  };
}

/** What a part weighs among others. */
function weights(parts: readonly Rates[]): (part: Rates) => number {
  if (parts.every(({ rounds }) => rounds !== null)) return ({ rounds }) => rounds!;
  if (parts.every(({ weight }) => weight !== undefined)) return ({ weight }) => weight!;
  return () => 1;
}

function meanOf({ meanLength, rounds, acceptedTokens }: Rates): number | null {
  if (meanLength !== null || rounds === null || rounds === 0 || acceptedTokens === null) return meanLength;
  return meanLengthOf(acceptedTokens, rounds);
}

function pooledMarginal(parts: readonly Rates[], weightOf: (part: Rates) => number): number[] | null {
  const lists = parts.flatMap((part) => (part.marginal === null ? [] : [{ part, marginal: part.marginal }]));
  const longest = Math.max(0, ...lists.map(({ marginal }) => marginal.length));
  if (longest === 0) return null;
  if (lists.length === 1) return [...lists[0]!.marginal];
  const conditional = Array.from({ length: longest }, (_, i) => {
    let [reached, accepted] = [0, 0];
    for (const { part, marginal } of lists) {
      if (i >= marginal.length) continue;
      reached += weightOf(part) * (i === 0 ? 1 : marginal[i - 1]!);
      accepted += weightOf(part) * marginal[i]!;
    }
    return reached === 0 ? 0 : accepted / reached;
  });
  return marginalOfConditional(conditional);
}

/** Share of all rounds that draft anything; null where the source counts only those that do. */
export function shareThatDrafts({ rounds, roundsWithoutProposal }: Rates): number | null {
  if (roundsWithoutProposal === null) return null;
  if (roundsWithoutProposal === 0) return 1;
  return rounds === null ? null : rounds / (rounds + roundsWithoutProposal);
}

/** Tokens emitted a round over all rounds, those without a proposal included; null where their number is not known. */
export function tokensOverAllRounds(rates: Rates): number | null {
  const share = shareThatDrafts(rates);
  const mean = meanOf(rates);
  return share === null || mean === null ? null : 1 + share * (mean - 1);
}

/** The longest draft that the parts tell; null where they tell none, or several and no shares by position. */
export function longestDraft(parts: readonly Rates[]): number | null {
  const all = pooled(parts, 'all');
  return all.marginal?.length ?? all.k ?? draftedEach(parts, all).atLeast;
}

/** What independent drafts need to have the same figures as a source of rates. */
export interface RatesAsDrafts {
  /** Conditional rates per draft position, in rounds that draft; as many as the longest draft has tokens. */
  readonly rates: readonly number[];
  /** Share of all rounds that draft; null where the source does not say it. */
  readonly share: number | null;
  /** Tokens drafted by a round that drafts, on average. */
  readonly drafted: number;
}

/**
 * @param asked the draft length to take a mean length at, where the source says none
 * @throws UserError when there are neither rates by position nor a mean length at one k
 */
export function draftsOf(parts: readonly Rates[], asked: number | null, where: string): RatesAsDrafts {
  const all = pooled(parts, 'all');
  const share = shareThatDrafts(all);
  const each = draftedEach(parts, all);
  if (all.marginal !== null) {
    const rates = conditionalOfMarginal(all.marginal);
    return { rates, share, drafted: each.share * rates.length };
  }
  const k = longestDraft(parts) ?? asked;
  if (all.meanLength === null || k === null) throw new UserError(lacking(all, parts.length, where));
  if (all.meanLength > k + 1) {
    throw new UserError(
      `${where}: ${Number(all.meanLength.toFixed(3))} tokens a round, expected a draft length of at least ${Math.ceil(all.meanLength - 1)}, not ${k}: --k`,
    );
  }
  const rate = rateOfMeanLength(Math.max(all.meanLength, 1), k, where);
  return {
    rates: new Array<number>(k).fill(rate),
    share,
    drafted: all.k === null ? (each.mean ?? k) : each.share * k,
  };
}

function lacking({ meanLength, k }: Rates, parts: number, where: string): string {
  if (meanLength !== null && k === null) {
    return `${where}: a mean length, and no draft length that all of its ${parts} parts have; expected one: specsim trace import ${where} --k K --out FILE.jsonl, or a file of one k`;
  }
  return `${where}: neither rates by position nor a mean length, expected one of them in its ${parts} parts`;
}

/** Drafted tokens of a round that drafts: their mean, and what share that is of the longest draft. */
function draftedEach(
  parts: readonly Rates[],
  { rounds, draftedTokens }: Rates,
): { mean: number | null; atLeast: number | null; share: number } {
  const mean = rounds === null || rounds === 0 || draftedTokens === null ? null : draftedTokens / rounds;
  let [drafted, possible] = [0, 0];
  for (const { k, rounds, draftedTokens } of parts) {
    if (k === null || rounds === null || draftedTokens === null) continue;
    drafted += draftedTokens;
    possible += k * rounds;
  }
  return {
    mean,
    atLeast: mean === null || mean > MAX_K ? null : Math.max(Math.ceil(mean), 1),
    share: possible === 0 ? 1 : Math.min(drafted / possible, 1),
  };
}

/** What a scenario has to say for rates to run: they are of no requests. */
interface RatesAsked {
  readonly requests: number;
  readonly promptTokens: number | null;
  readonly outputTokens: number | null;
  readonly seed: number;
  /** Draft length of a source that does not say its own; null: none is stated. */
  readonly k: number | null;
}

/**
 * Requests whose acceptance is sampled with the pooled rates: independent drafts, labelled `fitted`. Where the source
 * does not say how many rounds draft, all do.
 *
 * @throws UserError when lengths are not stated, or the source has neither rates by position nor a mean with k
 */
export function traceOfRates(record: RatesRecord, asked: RatesAsked, where: string): AcceptanceTrace {
  const { requests, promptTokens, outputTokens, seed, k } = asked;
  if (promptTokens === null || outputTokens === null) {
    throw new UserError(
      `${where}: rates have no lengths, expected --prompt-len TOKENS and --output-len TOKENS`,
    );
  }
  const { rates, share, drafted } = draftsOf(record.rates, k, where);
  const method = pooled(record.rates, record.name).method ?? 'unknown';
  const outputs = new Int32Array(requests).fill(outputTokens);
  const drafts = { maxK: rates.length, share: share ?? 1, drafted };
  return {
    name: record.name,
    provenance: record.provenance,
    ids: null,
    promptTokens: new Int32Array(requests).fill(promptTokens),
    outputTokens: outputs,
    outputLimit: null,
    drafters: new Map([[method, sampleAcceptance(rates, outputs, method, seed, drafts)]]),
    tokens: null,
  };
}
