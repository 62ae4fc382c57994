/** The result of `vllm bench serve`: the acceptance rate is in percent, the length counts the bonus token. */
import { shareOfPercent } from '../conventions.ts';
import { checkFollows, countAt, marginalAt, NO_RATES, numberAt, optional } from './fields.ts';
import { jsonRates } from './rates-format.ts';

export const vllmBench = jsonRates({
  name: 'vllm-bench',
  title: 'vllm bench serve result',
  source: 'vllm bench serve',
  recognises: (value) => 'spec_decode_acceptance_length' in value || 'spec_decode_num_drafts' in value,
  read(item, at, label) {
    const rounds = countAt(item.spec_decode_num_drafts, 'spec_decode_num_drafts', at);
    const marginal = optional(item.spec_decode_per_position_acceptance_rates, (list) =>
      marginalAt(list, 'spec_decode_per_position_acceptance_rates', at),
    );
    const count = (field: string) => countAt(item[field], field, at);
    const drafted = count('spec_decode_draft_tokens');
    const accepted = count('spec_decode_accepted_tokens');
    const percent = numberAt(item.spec_decode_acceptance_rate, 'spec_decode_acceptance_rate', at, 0, 100);
    const meanLength = numberAt(item.spec_decode_acceptance_length, 'spec_decode_acceptance_length', at, 1);
    const by = 'the totals';
    if (rounds > 0) checkFollows(meanLength, 1 + accepted / rounds, 'spec_decode_acceptance_length', at, by);
    if (drafted > 0)
      checkFollows(
        shareOfPercent(percent),
        accepted / drafted,
        'share of spec_decode_acceptance_rate',
        at,
        by,
      );
    return {
      ...NO_RATES,
      label: `run ${label}`,
      k: marginal?.length ?? null,
      rounds,
      draftedTokens: drafted,
      acceptedTokens: accepted,
      meanLength,
      marginal,
    };
  },
});
