/** TensorRT-LLM: statistics by iteration of the batch, and by choice of a response. */
import { UserError } from '../../errors.ts';
import { MAX_K, marginalOfHistogram, meanLengthOf } from '../conventions.ts';
import {
  BY_TOTALS,
  checkFollows,
  checkHistogram,
  checkTotals,
  countAt,
  countsAt,
  idAt,
  isObject,
  NO_RATES,
  nameOf,
  numberAt,
  objectAt,
  optional,
  provenanceOf,
} from './fields.ts';
import type { JsonFormat } from './format.ts';
import { jsonRates } from './rates-format.ts';

/** A million iterations are one sum; a round is one request of one iteration. */
export const trtllmIterations: JsonFormat = {
  name: 'trtllm-iterations',
  title: 'TensorRT-LLM iteration stats JSONL',
  items: 'json',
  recognises: (value) => isObject(value) && 'specDecodingStats' in value,
  open(where) {
    let [iterations, rounds, drafted, accepted, without] = [0, 0, 0, 0, 0];
    return {
      add(value, at) {
        const item = objectAt(value, 'the value', at);
        const batching = optional(item.inflightBatchingStats, (o) =>
          objectAt(o, 'inflightBatchingStats', at),
        );
        const generating = optional(batching?.numGenRequests, (n) =>
          countAt(n, 'inflightBatchingStats.numGenRequests', at),
        );
        if (item.specDecodingStats === undefined || item.specDecodingStats === null) {
          without += generating ?? 0;
          return;
        }
        const stats = objectAt(item.specDecodingStats, 'specDecodingStats', at);
        const count = (field: string) => countAt(stats[field], `specDecodingStats.${field}`, at);
        const drafting = count('numRequestsWithDraftTokens');
        const [more, taken] = [count('numDraftTokens'), count('numAcceptedTokens')];
        const length = optional(stats.acceptanceLength, (value) =>
          numberAt(value, 'specDecodingStats.acceptanceLength', at),
        );
        if (drafting > 0)
          checkFollows(
            length,
            meanLengthOf(taken, drafting),
            'specDecodingStats.acceptanceLength',
            at,
            BY_TOTALS,
          );
        if (taken > more)
          throw new UserError(`${at}: ${taken} drafts accepted of ${more}, expected at most that`);
        if (drafting === 0 && more > 0)
          throw new UserError(`${at}: ${more} draft tokens of 0 requests, expected both or neither`);
        iterations++;
        rounds += drafting;
        drafted += more;
        accepted += taken;
        without += Math.max((generating ?? drafting) - drafting, 0);
      },
      finish() {
        if (iterations === 0) throw new UserError(`${where}: no iteration with specDecodingStats`);
        const width = rounds === 0 ? 0 : drafted / rounds;
        return {
          kind: 'rates',
          name: nameOf(where),
          provenance: provenanceOf(where, 'TensorRT-LLM iteration stats', { engine: 'tensorrt-llm' }),
          rates: [
            checkTotals(
              {
                ...NO_RATES,
                label: `${iterations} iterations`,
                k: Number.isInteger(width) && width > 0 && width <= MAX_K ? width : null,
                rounds,
                draftedTokens: drafted,
                acceptedTokens: accepted,
                meanLength: rounds === 0 ? null : meanLengthOf(accepted, rounds),
                roundsWithoutProposal: without,
              },
              where,
            ),
          ],
        };
      },
    };
  },
};

export const trtllmChoice = jsonRates({
  name: 'trtllm-choice',
  title: 'TensorRT-LLM choice',
  source: 'TensorRT-LLM response',
  recognises: (value) => 'avg_decoded_tokens_per_iter' in value,
  reading: () => (item, at, label) => {
    const spec = objectAt(item.speculative_decoding, 'speculative_decoding', at);
    const count = (field: string) => countAt(spec[field], `speculative_decoding.${field}`, at);
    const rounds = count('num_spec_steps');
    const accepted = count('total_accepted_draft_tokens');
    const histogram = optional(spec.acceptance_histogram, (counts) =>
      countsAt(counts, 'speculative_decoding.acceptance_histogram', at, 0, Number.MAX_SAFE_INTEGER),
    );
    const drafted = count('total_draft_tokens');
    const rate = optional(spec.acceptance_rate, (share) =>
      numberAt(share, 'speculative_decoding.acceptance_rate', at, 0, 1),
    );
    if (drafted > 0)
      checkFollows(rate, accepted / drafted, 'speculative_decoding.acceptance_rate', at, 'its totals');
    if (histogram !== null)
      checkHistogram(histogram, rounds, accepted, 'speculative_decoding.acceptance_histogram', at);
    return {
      ...NO_RATES,
      label: optional(item.index, (index) => idAt(index, 'index', at)) ?? label,
      k: optional(spec.num_spec_tokens, (k) =>
        countAt(k, 'speculative_decoding.num_spec_tokens', at, 0, MAX_K),
      ),
      rounds,
      draftedTokens: drafted,
      acceptedTokens: accepted,
      meanLength: rounds === 0 ? null : meanLengthOf(accepted, rounds),
      marginal: histogram === null || rounds === 0 ? null : marginalOfHistogram(histogram),
    };
  },
});
