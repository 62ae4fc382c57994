/** Responses of SGLang's `/generate`. The histogram is by accepted drafts; the length counts the bonus token. */
import { marginalOfHistogram } from '../conventions.ts';
import { countAt, countsAt, idAt, isObject, NO_RATES, numberAt, objectAt, optional } from './fields.ts';
import { jsonRates } from './rates-format.ts';

export const sglangGenerate = jsonRates({
  name: 'sglang-generate',
  title: 'SGLang /generate response',
  source: 'SGLang /generate',
  recognises: ({ meta_info: meta }) => isObject(meta) && 'spec_verify_ct' in meta,
  read(item, at, label) {
    const meta = objectAt(item.meta_info, 'meta_info', at);
    const rounds = countAt(meta.spec_verify_ct, 'meta_info.spec_verify_ct', at);
    const field =
      meta.spec_correct_drafts_histogram === undefined
        ? 'spec_accept_histogram'
        : 'spec_correct_drafts_histogram';
    const histogram = optional(meta[field], (counts) =>
      countsAt(counts, `meta_info.${field}`, at, 0, Number.MAX_SAFE_INTEGER),
    );
    const count = (newer: string, older: string) =>
      optional(meta[newer] ?? meta[older], (value) =>
        countAt(value, `meta_info.${meta[newer] === undefined ? older : newer}`, at),
      );
    const meanLength = optional(meta.spec_accept_length, (value) =>
      numberAt(value, 'meta_info.spec_accept_length', at, 0),
    );
    return {
      ...NO_RATES,
      label: optional(meta.id, (id) => idAt(id, 'meta_info.id', at)) ?? label,
      k: histogram === null || histogram.length < 2 ? null : histogram.length - 1,
      rounds,
      draftedTokens: count('spec_num_proposed_drafts', 'spec_draft_token_num'),
      acceptedTokens: count('spec_num_correct_drafts', 'spec_accept_token_num'),
      meanLength: rounds === 0 ? null : meanLength,
      marginal: histogram === null || rounds === 0 ? null : marginalOfHistogram(histogram),
    };
  },
});
