/** Model-Optimizer's `speculation_profile.json`. Rates are stated both ways; the mean and the histogram count the bonus token. */
import { UserError } from '../../errors.ts';
import {
  acceptedHistogramOfLengths,
  MAX_K,
  marginalOfConditional,
  marginalOfHistogram,
  meanLengthOfMarginal,
} from '../conventions.ts';
import {
  checkFollows,
  countAt,
  integerKeyed,
  listAt,
  marginalAt,
  NO_RATES,
  numberAt,
  optional,
  textAt,
} from './fields.ts';
import { jsonRates } from './rates-format.ts';

/** Rates are printed to six decimals. */
const TOLERANCE = 1e-3;

export const speculationProfile = jsonRates({
  name: 'speculation-profile',
  title: 'speculation_profile.json',
  source: 'Model-Optimizer speculation profile',
  recognises: (value) => 'marginal_accept_rates' in value || 'conditional_accept_rates' in value,
  reading: () => (item, at, label) => {
    const conditional = listAt(item.conditional_accept_rates, 'conditional_accept_rates', at).map((rate, i) =>
      numberAt(rate, `conditional_accept_rates[${i}]`, at, 0, 1),
    );
    const ofConditional = marginalOfConditional(conditional);
    const marginal =
      optional(item.marginal_accept_rates, (list) => marginalAt(list, 'marginal_accept_rates', at)) ??
      ofConditional;
    const apart = marginal.findIndex(
      (share, i) => !(Math.abs(share - (ofConditional[i] ?? Number.NaN)) < TOLERANCE),
    );
    if (apart !== -1 || marginal.length !== ofConditional.length) {
      throw new UserError(
        `${at}: marginal_accept_rates differ from the products of conditional_accept_rates at ${Math.max(apart, 0)}, expected the same`,
      );
    }
    const meanLength = numberAt(item.mean_accept_length, 'mean_accept_length', at, 1, MAX_K + 1);
    checkFollows(
      meanLength,
      meanLengthOfMarginal(marginal),
      'mean_accept_length',
      at,
      'marginal_accept_rates, the bonus token counted',
    );
    const histogram = optional(item.acceptance_length_histogram, (counts) =>
      integerKeyed(counts, 'acceptance_length_histogram', at, 1, MAX_K + 1),
    );
    const counted = histogram !== null && histogram.size > 0;
    const rounds = counted ? [...histogram.values()].reduce((sum, count) => sum + count, 0) : null;
    return {
      ...NO_RATES,
      label: `profile ${label}`,
      method: optional(item.method, (name) => textAt(name, 'method', at)),
      k: countAt(item.num_speculative_tokens, 'num_speculative_tokens', at, 0, MAX_K),
      rounds,
      acceptedTokens:
        counted && rounds !== null
          ? Math.round(
              marginalOfHistogram(acceptedHistogramOfLengths(histogram)).reduce(
                (sum, share) => sum + share,
                0,
              ) * rounds,
            )
          : null,
      meanLength,
      marginal,
    };
  },
});
