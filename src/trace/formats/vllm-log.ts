/**
 * vLLM's log, a line an interval, in the wordings of 0.8 to today: the mean counts the bonus token, the shares are
 * marginal, and all are of rounds that drafted. The line before says how many tokens were generated, so how many
 * rounds did not. The first wording has neither mean nor shares, the second has no throughput.
 */
import { UserError } from '../../errors.ts';
import { marginalAt, NO_RATES } from './fields.ts';
import { logRates, neededAfter, numberAfter, withoutProposal } from './rates-format.ts';

const MARK = 'SpecDecoding metrics:';
const SHARES = 'Per-position acceptance rate:';

/** What a figure printed to two and to three decimals may be off. */
const MEAN_OFF = 0.005;
const SHARE_OFF = 0.0005;

export const vllmLog = logRates({
  name: 'vllm-log',
  title: 'vLLM log',
  source: 'vLLM log',
  engine: 'vllm',
  recognises: (line) => line.includes(MARK),
  reading() {
    let generatedPerS: number | null = null;
    return (line, at, label) => {
      if (!line.includes(MARK)) {
        generatedPerS = numberAfter(line, 'Avg generation throughput:', at) ?? generatedPerS;
        return undefined;
      }
      const generated = generatedPerS;
      generatedPerS = null;
      const accepted = neededAfter(line, 'Accepted:', at);
      const drafted = neededAfter(line, 'Drafted:', at);
      if (drafted === 0) return null;
      const meanLength = numberAfter(line, 'Mean acceptance length:', at);
      if (meanLength !== null && meanLength < 1)
        throw new UserError(
          `${at}: mean acceptance length is ${meanLength}, expected at least 1, the bonus token`,
        );
      const marginal = sharesIn(line, at);
      const k = marginal?.length ?? numberAfter(line, 'Current speculative depth:', at);
      const rounds = roundsOf({ meanLength, marginal, k, accepted, drafted }, at);
      const seconds = drafted / (numberAfter(line, 'Drafted throughput:', at) ?? 0);
      return {
        ...NO_RATES,
        label: `interval ${label}`,
        k,
        rounds,
        draftedTokens: drafted,
        acceptedTokens: accepted,
        meanLength,
        marginal,
        roundsWithoutProposal:
          generated === null || rounds === null || !Number.isFinite(seconds)
            ? null
            : withoutProposal(generated * seconds, rounds, accepted),
      };
    };
  },
});

function sharesIn(line: string, at: string): number[] | null {
  const begin = line.indexOf(SHARES);
  if (begin === -1) return null;
  const shares: number[] = [];
  for (const part of line.slice(begin + SHARES.length).split(',')) {
    const text = part.trim();
    if (!/^[\d.]/.test(text) && shares.length > 0) break;
    shares.push(text === '' ? Number.NaN : Number(text));
  }
  return marginalAt(shares, 'per-position acceptance rate', at);
}

/**
 * Rounds that drafted: not in the line, but between bounds that its figures set. Where every round may have drafted k,
 * they did; else the shares tell them best.
 *
 * @throws UserError when no number of rounds fits all figures
 */
function roundsOf(
  {
    meanLength,
    marginal,
    k,
    accepted,
    drafted,
  }: {
    meanLength: number | null;
    marginal: readonly number[] | null;
    k: number | null;
    accepted: number;
    drafted: number;
  },
  at: string,
): number | null {
  const estimates: [value: number, low: number, high: number][] = [];
  const by = (each: number, off: number): void => {
    if (accepted > 0)
      estimates.push([accepted / each, accepted / (each + off), accepted / Math.max(each - off, 1e-9)]);
  };
  if (marginal !== null)
    by(
      marginal.reduce((sum, share) => sum + share, 0),
      SHARE_OFF * marginal.length + 1e-9,
    );
  if (meanLength !== null) by(meanLength - 1, MEAN_OFF + 1e-9);
  if (k === null && estimates.length === 0) return null;
  const fewest = k === null ? 1 : drafted / k;
  const low = Math.max(fewest, ...estimates.map(([, least]) => least));
  const high = Math.min(drafted, ...estimates.map(([, , most]) => most));
  if (Math.ceil(low - 0.5) > Math.floor(high + 0.5)) {
    throw new UserError(
      `${at}: ${accepted} tokens accepted and ${drafted} drafted do not fit the mean length ${meanLength ?? 'it lacks'} and the shares of ${k ?? 'no'} positions, expected figures of one interval`,
    );
  }
  if (low <= fewest) return Math.round(fewest);
  return Math.round(Math.min(Math.max(estimates[0]![0], low), high));
}
