/**
 * llama.cpp's server: `timings` of a response (the last chunk of a stream has them), and the log of old and new
 * versions. Neither counts the bonus token; k varies by round. A response of n tokens has one from the prefill; the
 * others are accepted drafts and one token a round. Where nothing was drafted, nothing is said of drafts.
 */
import { UserError } from '../../errors.ts';
import { meanLengthOf, roundsOfMeanLength } from '../conventions.ts';
import type { Rates } from '../record.ts';
import { countAt, isObject, type Json, marginalAt, NO_RATES, objectAt, optional } from './fields.ts';
import { jsonRates, logRates, numberAfter } from './rates-format.ts';

/** A response in which nothing was drafted has no figures but this. */
function plainRounds(label: string, predicted: number): Rates | null {
  if (predicted <= 1) return null;
  return {
    ...NO_RATES,
    label,
    rounds: 0,
    draftedTokens: 0,
    acceptedTokens: 0,
    roundsWithoutProposal: predicted - 1,
  };
}

/** The rounds of a response of `predicted` tokens: those that drafted had a draft or more each. */
function roundsOfTokens(
  predicted: number,
  drafted: number,
  accepted: number,
): Pick<Rates, 'rounds' | 'roundsWithoutProposal'> {
  // The end of the output may cut the last round's own token off.
  const all = Math.max(predicted - 1 - accepted, 1);
  const rounds = Math.min(all, drafted);
  return { rounds, roundsWithoutProposal: all - rounds };
}

/** Chunks of a stream repeat the figures so far. */
function isPartOfStream({ choices, stop }: Json): boolean {
  const choice = Array.isArray(choices) ? choices[0] : null;
  return stop === false || (isObject(choice) && isObject(choice.delta) && choice.finish_reason === null);
}

export const llamacpp = jsonRates({
  name: 'llamacpp',
  title: 'llama.cpp timings',
  source: 'llama.cpp server',
  engine: 'llama.cpp',
  recognises: ({ timings }) => isObject(timings) && 'predicted_n' in timings,
  reading: () => (item, at, label) => {
    if (isPartOfStream(item)) return undefined;
    const timings = objectAt(item.timings, 'timings', at);
    const count = (field: string) => optional(timings[field], (n) => countAt(n, `timings.${field}`, at));
    const predicted = countAt(timings.predicted_n, 'timings.predicted_n', at);
    const drafted = count('draft_n') ?? 0;
    const accepted = count('draft_n_accepted') ?? 0;
    if (drafted === 0) return plainRounds(`response ${label}`, predicted);
    if (accepted >= predicted) {
      throw new UserError(
        `${at}: timings.draft_n_accepted is ${accepted} of timings.predicted_n ${predicted}, expected fewer`,
      );
    }
    const { rounds, roundsWithoutProposal } = roundsOfTokens(predicted, drafted, accepted);
    return {
      ...NO_RATES,
      label: `response ${label}`,
      rounds,
      draftedTokens: drafted,
      acceptedTokens: accepted,
      meanLength: meanLengthOf(accepted, rounds!),
      roundsWithoutProposal,
    };
  },
});

const MARKS = ['draft acceptance =', 'draft acceptance rate ='];
const SHARES = 'rate per position = (';

const marked = (line: string) => MARKS.some((mark) => line.includes(mark));

/**
 * `draft acceptance` lines, one a response, and the `eval time` line before them that has its tokens; `statistics`
 * lines repeat them as running totals and are passed over.
 */
export const llamacppLog = logRates({
  name: 'llamacpp-log',
  title: 'llama.cpp log',
  source: 'llama.cpp log',
  engine: 'llama.cpp',
  recognises: marked,
  reading() {
    const predictedOf = new Map<string, number>();
    return (line, at, label) => {
      const task = /task (\d+)/.exec(line)?.[1] ?? '';
      if (!marked(line)) {
        const predicted = evaluatedIn(line, at);
        if (predicted !== null) predictedOf.set(task, predicted);
        return undefined;
      }
      const bracket = line.slice(line.indexOf('('));
      const [accepted, drafted] = [
        countBefore(bracket, ' accepted', at),
        countBefore(bracket, ' generated', at),
      ];
      const predicted = predictedOf.get(task) ?? null;
      predictedOf.delete(task);
      const name = task === '' ? `response ${label}` : `task ${task}`;
      if (drafted === 0) return predicted === null ? null : plainRounds(name, predicted);
      const meanLength = numberAfter(line, 'mean acceptance length =', at);
      const marginal = sharesIn(line, at);
      const counted = predicted === null ? null : roundsOfTokens(predicted, drafted, accepted);
      const ofMean =
        meanLength !== null && meanLength > 1 ? Math.round(roundsOfMeanLength(accepted, meanLength)) : null;
      const rounds = ofMean ?? counted?.rounds ?? null;
      return {
        ...NO_RATES,
        label: name,
        rounds,
        draftedTokens: drafted,
        acceptedTokens: accepted,
        meanLength: meanLength ?? (rounds === null ? null : meanLengthOf(accepted, rounds)),
        marginal,
        roundsWithoutProposal:
          counted === null || rounds === null
            ? null
            : Math.max(counted.rounds! + counted.roundsWithoutProposal! - rounds, 0),
      };
    };
  },
});

/** Tokens of an `eval time = 1800.00 ms / 160 tokens` line, which is not that of the prompt. */
function evaluatedIn(line: string, at: string): number | null {
  const begin = line.indexOf(' eval time =');
  if (begin === -1 || line.includes('prompt eval time =')) return null;
  return numberAfter(line.slice(begin), '/', at);
}

/** The number that ends before `word`. */
function countBefore(text: string, word: string, at: string): number {
  const end = text.indexOf(word);
  const number =
    end === -1
      ? ''
      : text
          .slice(Math.max(end - 30, 0), end)
          .split(/[\s(/]/)
          .at(-1)!;
  const value = Number(number);
  if (number !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new UserError(
    `${at}: ${word.trim()} ${end === -1 ? 'is missing' : `is ${JSON.stringify(number)}`}, expected a number of at least 0`,
  );
}

function sharesIn(line: string, at: string): number[] | null {
  const begin = line.indexOf(SHARES);
  if (begin === -1) return null;
  const list = line.slice(begin + SHARES.length).split(')', 1)[0]!;
  return marginalAt(
    list.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part))),
    'acceptance rate per position',
    at,
  );
}
