/** Acceptance in the forms that engines and other tools read. Mean lengths count the bonus token in all of them. */
import { UserError, unknownName } from '../errors.ts';
import { ASSUMED_AUC } from './assumed-confidence.ts';
import { conditionalOfMarginal, marginalOfConditional, meanLengthOfMarginal } from './conventions.ts';
import type { ExportForm } from './export-forms.ts';
import { type Asked, checkedK, frontierTrace, lengthsAt, roundsWithConfidence } from './export-rounds.ts';
import { draftsOf, pooled } from './rates.ts';
import type { AcceptanceRecord } from './record.ts';
import { acceptedAtLeast } from './statistics.ts';
import type { Provenance } from './trace.ts';

/** P(at least i + 1 accepted) of one method, and whether it was measured or comes from a fitted process. */
interface MethodRates {
  readonly method: string;
  readonly marginal: readonly number[];
  readonly measured: boolean;
}

/** What the reader of an export should know that the file cannot say; null where nothing. */
export function exportRemark(
  record: AcceptanceRecord,
  form: ExportForm,
  asked: Asked,
  where: string,
): string | null {
  if (form !== 'inference-lab' || record.kind === 'rates') return null;
  const { lengths, method } = lengthsAt(record, asked, where);
  return lengths.confidence === undefined
    ? `${where}: nobody recorded the confidence of ${method}: calibrated, with an AUC of ${ASSUMED_AUC}, is assumed`
    : null;
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
  if (form === 'frontier' || form === 'inference-lab') {
    if (record.kind === 'rates')
      throw new UserError(`${where}: rates alone, expected rounds or positions for --to ${form}`);
    const rounds = lengthsAt(record, asked, where);
    return form === 'frontier'
      ? `${JSON.stringify(frontierTrace(rounds))}\n`
      : roundsWithConfidence(rounds, where);
  }
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
    case 'trtllm-force':
      return `TLLM_SPEC_DECODE_FORCE_NUM_ACCEPTED_TOKENS=${rounded(meanLengthOfMarginal(marginal) - 1)}\n`;
    case 'atom-synthetic':
      return `--num-speculative-tokens ${marginal.length} --spec-decode-acceptance-length ${rounded(meanLengthOfMarginal(marginal))}\n`;
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
  const { method, lengths, k } = lengthsAt(record, asked, where);
  const marginal = [...acceptedAtLeast(lengths, k)];
  if (marginal.some(Number.isNaN))
    throw new UserError(`${where}: no rounds, expected outputs of two tokens or more`);
  return { method, marginal, measured: lengths.kind === 'recording' };
}

function rounded(value: number): number {
  return Number(value.toFixed(6));
}
