/** vLLM's log, a line an interval. The mean counts the bonus token; the rates are marginal. */
import { UserError } from '../../errors.ts';
import { roundsOfMeanLength } from '../conventions.ts';
import { marginalAt, NO_RATES } from './fields.ts';
import { logRates, numberIn } from './rates-format.ts';

export const vllmLog = logRates({
  name: 'vllm-log',
  title: 'vLLM log',
  source: 'vLLM log',
  recognises: (line) => line.includes('SpecDecoding metrics:'),
  read(line, at, label) {
    const meanLength = numberIn(line, /Mean acceptance length: ([^,]+)/, 'mean acceptance length', at);
    if (meanLength < 1)
      throw new UserError(
        `${at}: mean acceptance length is ${meanLength}, expected at least 1, the bonus token`,
      );
    const accepted = numberIn(line, /Accepted: (\S+) tokens/, 'accepted', at);
    const drafted = numberIn(line, /Drafted: (\S+) tokens/, 'drafted', at);
    const list = /Per-position acceptance rate: ([\d., einfa-]*?)(?:, Avg|$)/.exec(line)?.[1];
    if (list === undefined)
      throw new UserError(`${at}: per-position acceptance rate is missing, expected a list`);
    const marginal = marginalAt(
      list.split(',').map((part) => Number(part.trim() === '' ? Number.NaN : part)),
      'per-position acceptance rate',
      at,
    );
    return {
      ...NO_RATES,
      label: `interval ${label}`,
      k: marginal.length,
      // Printed to two decimals, hence a whole number only after rounding.
      rounds: Math.round(
        meanLength > 1 ? roundsOfMeanLength(accepted, meanLength) : drafted / marginal.length,
      ),
      draftedTokens: drafted,
      acceptedTokens: accepted,
      meanLength,
      marginal,
    };
  },
});
