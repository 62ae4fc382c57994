/** The result of `vllm bench serve`: the acceptance rate is in percent, the length counts the bonus token. */
import { meanLengthOf, shareOfPercent } from '../conventions.ts';
import { BY_TOTALS, checkFollows, countAt, marginalAt, NO_RATES, numberAt, optional } from './fields.ts';
import { jsonRates, withoutProposal } from './rates-format.ts';

export const vllmBench = jsonRates({
  name: 'vllm-bench',
  title: 'vllm bench serve result',
  source: 'vllm bench serve',
  engine: 'vllm',
  recognises: (value) => 'spec_decode_acceptance_length' in value || 'spec_decode_num_drafts' in value,
  reading: () => (item, at, label) => {
    const count = (field: string) => optional(item[field], (value) => countAt(value, field, at));
    const rounds = count('spec_decode_num_drafts');
    const marginal = optional(item.spec_decode_per_position_acceptance_rates, (list) =>
      marginalAt(list, 'spec_decode_per_position_acceptance_rates', at),
    );
    const drafted = count('spec_decode_draft_tokens');
    const accepted = count('spec_decode_accepted_tokens');
    const percent = optional(item.spec_decode_acceptance_rate, (value) =>
      numberAt(value, 'spec_decode_acceptance_rate', at, 0, 100),
    );
    const meanLength = optional(item.spec_decode_acceptance_length, (value) =>
      numberAt(value, 'spec_decode_acceptance_length', at, 1),
    );
    if (rounds === 0 || (rounds === null && meanLength === null)) return null;
    if (rounds !== null && accepted !== null)
      checkFollows(
        meanLength,
        meanLengthOf(accepted, rounds),
        'spec_decode_acceptance_length',
        at,
        BY_TOTALS,
      );
    if (drafted !== null && drafted > 0 && accepted !== null && percent !== null)
      checkFollows(
        shareOfPercent(percent),
        accepted / drafted,
        'share of spec_decode_acceptance_rate',
        at,
        'the totals',
      );
    const generated = count('total_output_tokens');
    const requests = count('completed');
    return {
      ...NO_RATES,
      label: `run ${label}`,
      k: marginal?.length ?? null,
      rounds,
      draftedTokens: drafted,
      acceptedTokens: accepted,
      meanLength:
        meanLength ?? (rounds === null || accepted === null ? null : meanLengthOf(accepted, rounds)),
      marginal,
      roundsWithoutProposal:
        generated === null || requests === null || rounds === null || accepted === null
          ? null
          : withoutProposal(generated - requests, rounds, accepted),
    };
  },
});
