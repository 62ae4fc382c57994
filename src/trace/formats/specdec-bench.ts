/** specdec_bench's acceptance rates, keyed by emitted length (bonus counted); lengths that never occurred are absent. */
import { UserError } from '../../errors.ts';
import { acceptedHistogramOfLengths, MAX_K, marginalOfHistogram } from '../conventions.ts';
import { integerKeyed, NO_RATES, numberAt } from './fields.ts';
import { jsonRates, padded } from './rates-format.ts';

export const specdecBench = jsonRates({
  name: 'specdec-bench',
  title: 'specdec_bench acceptance rates',
  source: 'specdec_bench',
  recognises: (value) => 'Acceptance_Length_Histogram' in value,
  reading: () => (item, at, label) => {
    const lengths = integerKeyed(
      item.Acceptance_Length_Histogram,
      'Acceptance_Length_Histogram',
      at,
      1,
      MAX_K + 1,
    );
    const rounds = [...lengths.values()].reduce((sum, count) => sum + count, 0);
    if (rounds === 0)
      throw new UserError(`${at}: Acceptance_Length_Histogram is empty, expected counts of rounds`);
    const marginal = marginalOfHistogram(acceptedHistogramOfLengths(lengths));
    for (const [length, share] of integerKeyed(
      item.Joint_Acceptance_Rate,
      'Joint_Acceptance_Rate',
      at,
      1,
      MAX_K + 1,
    )) {
      const expected = length === 1 ? 1 : (marginal[length - 2] ?? 0);
      if (Math.abs(share - expected) > 1e-3) {
        throw new UserError(
          `${at}: Joint_Acceptance_Rate.${length} is ${share}, expected ${expected.toFixed(4)} by Acceptance_Length_Histogram`,
        );
      }
    }
    numberAt(item.Average_AL, 'Average_AL', at, 1, MAX_K + 1);
    const accepted = marginal.reduce((sum, share) => sum + share, 0);
    return {
      ...NO_RATES,
      label: `run ${label}`,
      rounds,
      acceptedTokens: Math.round(accepted * rounds),
      meanLength: 1 + accepted,
      marginal,
    };
  },
  together: (parts) => padded(parts),
});
