/** Acceptance in the forms that engines and other tools read. Mean lengths count the bonus token in all of them. */
import { UserError, unknownName } from '../errors.ts';
import { conditionalOfMarginal, marginalOfConditional, meanLengthOfMarginal } from './conventions.ts';
import { draftsOf, pooled } from './rates.ts';
import type { AcceptanceRecord } from './record.ts';
import { acceptedAtLeast } from './statistics.ts';
import { positionsOfSteps } from './steps.ts';
import type { Provenance } from './trace.ts';

const EXPORTS = ['speculation_profile', 'vllm-synthetic', 'sglang-simulate'] as const;
export type ExportForm = (typeof EXPORTS)[number];

/** P(at least i + 1 accepted) of one method, and whether it was measured or comes from a fitted process. */
interface MethodRates {
  readonly method: string;
  readonly marginal: readonly number[];
  readonly measured: boolean;
}

interface Asked {
  /** Null where the record has one. */
  readonly method: string | null;
  /** Null: the recorded one. */
  readonly k: number | null;
}

/**
 * The text of the other tool's file or setting.
 *
 * @throws UserError when the record cannot answer: another k than measured, several methods, no rates
 */
export function exportRecord(
  record: AcceptanceRecord,
  form: ExportForm,
  asked: Asked,
  where: string,
): string {
  const rates = ratesAt(record, asked, where);
  const provenance = record.kind === 'position-indexed' ? record.trace.provenance : record.provenance;
  const { marginal } = rates;
  switch (form) {
    case 'speculation_profile':
      return `${JSON.stringify(profile(rates, provenance), null, 2)}\n`;
    case 'vllm-synthetic':
      return `${JSON.stringify({
        num_speculative_tokens: marginal.length,
        rejection_sample_method: 'synthetic',
        synthetic_acceptance_rates: marginal.map(rounded),
      })}\n`;
    case 'sglang-simulate':
      return [
        `SGLANG_SIMULATE_ACC_LEN=${rounded(meanLengthOfMarginal(marginal))}`,
        'SGLANG_SIMULATE_ACC_METHOD=match-expected',
        'SGLANG_SIMULATE_ACC_TOKEN_MODE=real-draft-token',
        '',
      ].join('\n');
  }
}

function profile({ marginal, method, measured }: MethodRates, provenance: Provenance): object {
  const k = marginal.length;
  const mean = rounded(meanLengthOfMarginal(marginal));
  return {
    schema_version: '1.0',
    measured,
    method,
    draft_checkpoint: provenance.draft ?? null,
    target_model: provenance.target,
    num_speculative_tokens: k,
    block_size: null,
    max_supported_k: k,
    verification_method: 'longest_prefix',
    conditional_accept_rates: conditionalOfMarginal(marginal).map(rounded),
    marginal_accept_rates: marginal.map(rounded),
    mean_accept_length: mean,
    accept_length_model: 'chain_analytic',
    accept_length_by_k: Object.fromEntries(
      marginal.map((_, i) => [i + 1, rounded(meanLengthOfMarginal(marginal.slice(0, i + 1)))]),
    ),
  };
}

function ratesAt(record: AcceptanceRecord, asked: Asked, where: string): MethodRates {
  if (record.kind === 'rates') {
    const all = pooled(record.rates, record.name);
    const { rates: conditional, share } = draftsOf(record.rates, asked.k, where);
    const method = all.method ?? asked.method ?? 'unknown';
    if (asked.method !== null && asked.method !== method) throw unknownName('method', asked.method, [method]);
    const k = checkedK(asked.k, conditional.length, where);
    const marginal = marginalOfConditional(conditional.slice(0, k)).map((reached) => reached * (share ?? 1));
    return { method, marginal, measured: true };
  }
  const methods =
    record.kind === 'step-indexed'
      ? record.drafters.map((steps) => steps.method)
      : [...record.trace.drafters.keys()];
  const method = asked.method ?? methods[0]!;
  if (!methods.includes(method)) throw unknownName('method', method, methods);
  if (asked.method === null && methods.length > 1)
    throw new UserError(`${where}: several methods, expected --method ${methods.join(' or ')}`);
  const lengths =
    record.kind === 'step-indexed'
      ? positionsOfSteps(record.drafters.find((steps) => steps.method === method)!, where)
      : record.trace.drafters.get(method)!;
  const k = checkedK(asked.k, lengths.maxK, where);
  const marginal = [...acceptedAtLeast(lengths, k)];
  if (marginal.some(Number.isNaN))
    throw new UserError(`${where}: no rounds, expected outputs of two tokens or more`);
  return { method, marginal, measured: lengths.kind === 'recording' };
}

function checkedK(asked: number | null, measured: number, where: string): number {
  const k = asked ?? measured;
  if (k >= 1 && k <= measured) return k;
  throw new UserError(`${where}: k ${k}, expected 1 to ${measured}, which was measured`);
}

function rounded(value: number): number {
  return Number(value.toFixed(6));
}
