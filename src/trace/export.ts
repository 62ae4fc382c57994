/** Acceptance in the forms that engines and other tools read. Mean lengths count the bonus token in all of them. */
import { UserError, unknownName } from '../errors.ts';
import { conditionalOfMarginal, marginalOfConditional, meanLengthOfMarginal } from './conventions.ts';
import type { ExportForm } from './export-forms.ts';
import { draftsOf, pooled } from './rates.ts';
import type { AcceptanceRecord } from './record.ts';
import { acceptedAtLeast } from './statistics.ts';
import { positionsOfSteps } from './steps.ts';
import type { PositionLengths, Provenance } from './trace.ts';

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
  if (form === 'frontier') return `${JSON.stringify(frontierTrace(record, asked, where))}\n`;
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

/** One method's lengths by position, and the k asked for. */
function lengthsAt(
  record: Exclude<AcceptanceRecord, { kind: 'rates' }>,
  asked: Asked,
  where: string,
): { method: string; lengths: PositionLengths; k: number; ids: readonly string[] } {
  const steps = record.kind === 'step-indexed' ? record.drafters : null;
  const methods =
    record.kind === 'step-indexed'
      ? record.drafters.map(({ method }) => method)
      : [...record.trace.drafters.keys()];
  const method = asked.method ?? methods[0]!;
  if (!methods.includes(method)) throw unknownName('method', method, methods);
  if (asked.method === null && methods.length > 1)
    throw new UserError(`${where}: several methods, expected --method ${methods.join(' or ')}`);
  const own = steps?.find((one) => one.method === method);
  const lengths =
    record.kind === 'step-indexed' ? positionsOfSteps(own!, where) : record.trace.drafters.get(method)!;
  const ids = record.kind === 'step-indexed' ? own!.ids : record.trace.ids;
  return { method, lengths, k: checkedK(asked.k, lengths.maxK, where), ids };
}

/** The rounds of every request at k, as Frontier replays them (frontier/config, `acceptance_trace_file`). */
function frontierTrace(record: AcceptanceRecord, asked: Asked, where: string): object {
  if (record.kind === 'rates') {
    throw new UserError(`${where}: rates alone, expected rounds or positions for a trace of Frontier`);
  }
  const { lengths, k, ids } = lengthsAt(record, asked, where);
  const { offsets, emitted, proposed } = lengths;
  const committed: Record<string, number[]> = {};
  const scheduled: Record<string, number[]> = {};
  for (const [r, id] of ids.entries()) {
    const end = offsets[r + 1]!;
    const [own, drafts]: number[][] = [[], []];
    for (let at = offsets[r]! + 1; at < end; at += own!.at(-1)!) {
      own!.push(Math.min(emitted[at]!, k + 1, end - at));
      drafts!.push(Math.min(proposed instanceof Uint8Array ? proposed[at]! : k, k));
    }
    committed[id] = own!;
    scheduled[id] = drafts!;
  }
  return {
    per_request_committed_tokens_per_iteration: committed,
    per_request_scheduled_draft_tokens_per_iteration: scheduled,
  };
}

function checkedK(asked: number | null, measured: number, where: string): number {
  const k = asked ?? measured;
  if (k >= 1 && k <= measured) return k;
  throw new UserError(`${where}: k ${k}, expected 1 to ${measured}, which was measured`);
}

function rounded(value: number): number {
  return Number(value.toFixed(6));
}
