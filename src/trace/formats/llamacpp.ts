/**
 * llama.cpp's server: `timings` of a response, and the log. Neither counts the bonus token; k varies by round.
 * A response of n tokens has one from the prefill; the others are accepted drafts and one token a round.
 */
import { UserError } from '../../errors.ts';
import { countAt, isObject, marginalAt, NO_RATES, objectAt } from './fields.ts';
import { jsonRates, logRates, numberIn } from './rates-format.ts';

export const llamacpp = jsonRates({
  name: 'llamacpp',
  title: 'llama.cpp timings',
  source: 'llama.cpp server',
  recognises: ({ timings }) => isObject(timings) && 'predicted_n' in timings,
  read(item, at, label) {
    const timings = objectAt(item.timings, 'timings', at);
    const drafted = countAt(timings.draft_n, 'timings.draft_n', at);
    const accepted = countAt(timings.draft_n_accepted, 'timings.draft_n_accepted', at);
    const predicted = countAt(timings.predicted_n, 'timings.predicted_n', at, 1);
    const rounds = predicted - 1 - accepted;
    if (rounds < 0) {
      throw new UserError(
        `${at}: timings.draft_n_accepted is ${accepted} of timings.predicted_n ${predicted}, expected fewer`,
      );
    }
    return {
      ...NO_RATES,
      label: `response ${label}`,
      rounds,
      draftedTokens: drafted,
      acceptedTokens: accepted,
      meanLength: rounds === 0 ? null : (predicted - 1) / rounds,
    };
  },
});

/** `draft acceptance` lines, one a response; `statistics` lines repeat them as running totals and are passed over. */
export const llamacppLog = logRates({
  name: 'llamacpp-log',
  title: 'llama.cpp log',
  source: 'llama.cpp log',
  recognises: (line) => /draft acceptance(?: rate)? *=/.test(line),
  read(line, at, label) {
    const accepted = numberIn(line, /\(\s*(\S+) accepted/, 'accepted', at);
    const drafted = numberIn(line, /\/\s*(\S+) generated/, 'generated', at);
    const task = /task (\d+)/.exec(line)?.[1];
    const list = /rate per position = \(([^)]*)\)/.exec(line)?.[1];
    return {
      ...NO_RATES,
      label: task === undefined ? `response ${label}` : `task ${task}`,
      draftedTokens: drafted,
      acceptedTokens: accepted,
      meanLength: line.includes('mean acceptance length')
        ? numberIn(line, /mean acceptance length = +([^,\s]*)/, 'mean acceptance length', at)
        : null,
      marginal:
        list === undefined
          ? null
          : marginalAt(
              list.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part))),
              'acceptance rate per position',
              at,
            ),
    };
  },
});
