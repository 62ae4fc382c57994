/**
 * Responses of vLLM (0.29 and later) with per-request acceptance, and records of AIPerf, which have the same fields.
 * `detailed` gives rounds with their widths, `summary` a histogram by accepted drafts. Neither counts the bonus
 * token, but the mean length does.
 */
import { UserError } from '../../errors.ts';
import { lengthOfAccepted, MAX_K, marginalOfHistogram, meanLengthOf } from '../conventions.ts';
import type { Rates } from '../record.ts';
import { StepCollector } from '../steps.ts';
import {
  bytesAt,
  checkFollows,
  checkHistogram,
  checkTotals,
  countAt,
  countsAt,
  idAt,
  integerKeyed,
  isObject,
  type Json,
  NO_RATES,
  nameOf,
  numberAt,
  objectAt,
  optional,
  provenanceOf,
} from './fields.ts';
import type { JsonFormat, Reader, StatedDrafts } from './format.ts';
import { padded, withoutProposal } from './rates-format.ts';

interface Dialect {
  readonly source: string;
  readonly engine: string;
  /** Where the metrics are in an item. */
  readonly metrics: (item: Json, at: string) => Json;
  readonly usage: (item: Json) => Json;
}

function read(
  { source, engine, metrics, usage }: Dialect,
  where: string,
  stated: StatedDrafts,
): Reader<unknown> {
  const steps = new StepCollector();
  const rates: Rates[] = [];
  let model: string | null = null;
  let maxK: number | null = null;
  return {
    add(value, at) {
      const item = objectAt(value, 'the value', at);
      const found = metrics(item, at);
      const tokens = usage(item);
      const id =
        optional(item.id ?? item.request_id, (text) => idAt(text, 'id', at)) ??
        String(steps.requests + rates.length);
      if (typeof item.model === 'string') model ??= item.model;
      const k = optional(found.num_spec_tokens, (count) => countAt(count, 'num_spec_tokens', at, 0, MAX_K));
      maxK = Math.max(maxK ?? 0, k ?? 0);
      const accepted = countAt(found.num_accepted_draft_tokens, 'num_accepted_draft_tokens', at);
      const rounds = countAt(found.num_spec_steps, 'num_spec_steps', at);
      const drafted = countAt(found.num_draft_tokens, 'num_draft_tokens', at);
      const mean = optional(found.mean_acceptance_length, (number) =>
        numberAt(number, 'mean_acceptance_length', at, 0, MAX_K + 1),
      );
      const rate = optional(found.draft_acceptance_rate, (number) =>
        numberAt(number, 'draft_acceptance_rate', at, 0, 1),
      );
      const histogram = acceptedCounts(found.acceptance_histogram, at);
      if (rounds > 0) {
        checkFollows(
          mean,
          meanLengthOf(accepted, rounds),
          'mean_acceptance_length',
          at,
          'its totals, the bonus token counted',
        );
        if (histogram !== null) checkHistogram(histogram, rounds, accepted, 'acceptance_histogram', at);
      }
      if (drafted > 0) checkFollows(rate, accepted / drafted, 'draft_acceptance_rate', at, 'its totals');
      const meanLength = rounds === 0 ? mean : meanLengthOf(accepted, rounds);
      const marginal =
        histogram === null || rounds === 0
          ? null
          : marginalOfHistogram(
              Array.from({ length: Math.max(histogram.length, (k ?? 0) + 1) }, (_, i) => histogram[i] ?? 0),
            );
      const totals = { k, rounds, draftedTokens: drafted, acceptedTokens: accepted, meanLength, marginal };
      checkTotals(totals, at);
      if (found.per_step_accepted === undefined || found.per_step_accepted === null) {
        if (steps.requests > 0)
          throw new UserError(`${at}: per_step_accepted is missing, as it was not before`);
        rates.push({
          ...NO_RATES,
          ...totals,
          label: id,
          roundsWithoutProposal: optional(tokens.completion_tokens, (n) =>
            withoutProposal(countAt(n, 'completion_tokens', at, 1, 2 ** 27) - 1, rounds, accepted),
          ),
        });
        return;
      }
      if (rates.length > 0) throw new UserError(`${at}: per_step_accepted is there, as it was not before`);
      const emitted = bytesAt(found.per_step_accepted, 'per_step_accepted', at, 0, k ?? MAX_K);
      let total = 0;
      // A plain loop: files have millions of rounds.
      for (let i = 0; i < emitted.length; i++) {
        total += emitted[i]!;
        emitted[i] = lengthOfAccepted(emitted[i]!);
      }
      if (emitted.length !== rounds || total !== accepted) {
        throw new UserError(
          `${at}: per_step_accepted has ${emitted.length} rounds that accept ${total}, expected num_spec_steps ${rounds} and num_accepted_draft_tokens ${accepted}`,
        );
      }
      steps.add(
        {
          id,
          promptTokens: optional(tokens.prompt_tokens, (n) =>
            countAt(n, 'prompt_tokens', at, 0, 2 ** 31 - 1),
          ),
          outputTokens: optional(tokens.completion_tokens, (n) =>
            countAt(n, 'completion_tokens', at, 1, 2 ** 27),
          ),
          emitted,
          proposed: optional(found.per_step_drafted, (widths) =>
            bytesAt(widths, 'per_step_drafted', at, 0, MAX_K),
          ),
        },
        at,
      );
    },
    finish() {
      const provenance = provenanceOf(where, source, { engine, target: model ?? 'unknown' });
      const name = nameOf(where);
      if (rates.length > 0) return { kind: 'rates', name, provenance, rates: padded(rates) };
      if (steps.requests === 0) throw new UserError(`${where}: no request with speculative decoding metrics`);
      const drafter = steps.finish('unknown', stated.drafting ?? 'chain', maxK ?? stated.k);
      return { kind: 'step-indexed', name, provenance, drafters: [drafter] };
    },
  };
}

/** A list by accepted drafts, or the same sparse and keyed. */
function acceptedCounts(value: unknown, at: string): number[] | null {
  return optional(value, (histogram) => {
    if (Array.isArray(histogram))
      return countsAt(histogram, 'acceptance_histogram', at, 0, Number.MAX_SAFE_INTEGER);
    const keyed = integerKeyed(histogram, 'acceptance_histogram', at, 0, MAX_K);
    const counts = new Array<number>(Math.max(...keyed.keys(), 0) + 1).fill(0);
    for (const [accepted, count] of keyed) counts[accepted] = count;
    return counts;
  });
}

const inside = (item: Json, at: string): Json =>
  objectAt(objectAt(item.metrics, 'metrics', at).speculative_decoding, 'metrics.speculative_decoding', at);

export const vllmDetailed: JsonFormat = {
  name: 'vllm-detailed',
  title: 'vLLM response with speculative decoding metrics',
  items: 'json',
  recognises: (value) =>
    isObject(value) && isObject(value.metrics) && isObject(value.metrics.speculative_decoding),
  open: (where, stated) =>
    read(
      {
        source: 'vLLM per-request metrics',
        engine: 'vllm',
        metrics: inside,
        usage: (item) => (isObject(item.usage) ? item.usage : {}),
      },
      where,
      stated,
    ),
};

export const aiperf: JsonFormat = {
  name: 'aiperf',
  title: 'AIPerf record',
  items: 'json',
  recognises: (value) => isObject(value) && 'num_spec_steps' in value && 'num_accepted_draft_tokens' in value,
  open: (where, stated) =>
    read({ source: 'AIPerf', engine: 'vllm', metrics: (item) => item, usage: (item) => item }, where, stated),
};
