/**
 * SGLang's log of decode batches, a line an interval of a fixed number of steps, so that a line stands for as many rounds
 * as there are running requests. The accept length is a batch mean and counts the bonus token. The accept rate beside it
 * tells the draft length: accepted drafts over k, or, in older versions, the length over k + 1.
 */
import { UserError } from '../../errors.ts';
import { MAX_K } from '../conventions.ts';
import type { Rates } from '../record.ts';
import { checkTotals, NO_RATES } from './fields.ts';
import { logRates, numberAfter } from './rates-format.ts';

const LENGTH = 'accept len:';

/** What a figure printed to two decimals may be off. */
const OFF = 0.005 + 1e-9;

interface Interval {
  readonly meanLength: number;
  readonly rate: number;
}

const isOf = (line: string) => line.includes('Decode batch') && line.includes(LENGTH);

export const sglangLog = logRates({
  name: 'sglang-log',
  title: 'SGLang log',
  source: 'SGLang log',
  engine: 'sglang',
  recognises: isOf,
  reading: () => (line, at, label) => {
    if (!isOf(line)) return undefined;
    const meanLength = numberAfter(line, LENGTH, at);
    const running = numberAfter(line, '#running-req:', at);
    // Nothing ran in the interval.
    if (meanLength === null || meanLength === 0 || running === 0) return null;
    if (meanLength < 1)
      throw new UserError(`${at}: accept len is ${meanLength}, expected at least 1, the bonus token`);
    const rate = numberAfter(line, 'accept rate:', at);
    return {
      ...NO_RATES,
      label: `interval ${label}${running === null ? '' : `, ${running} running`}`,
      meanLength,
      roundsWithoutProposal: 0,
      ...(running !== null && { weight: running }),
      ...(rate !== null && rate > 0 && { rate }),
    };
  },
  together: withDraftLength,
});

/** Rates of the log carry the accept rate until all lines together have told the draft length. */
type Lined = Rates & { readonly rate?: number };

function withDraftLength(lines: readonly Lined[], where: string): readonly Rates[] {
  const intervals = lines.flatMap(({ meanLength, rate }): Interval[] =>
    rate === undefined ? [] : [{ meanLength: meanLength!, rate }],
  );
  const told = [draftLength(intervals, 0, 1), draftLength(intervals, 1, 0)].filter((k) => k !== null);
  const k = intervals.length === lines.length && new Set(told).size === 1 ? told[0]! : null;
  return lines.map(({ rate: _, ...part }) => checkTotals({ ...part, k }, where));
}

/**
 * The one k for which (length - `without`) / (k + `more`) is the rate of every interval, as printed; null where there is
 * none, or several.
 */
function draftLength(intervals: readonly Interval[], without: 0 | 1, more: 0 | 1): number | null {
  let [low, high] = [1, MAX_K];
  for (const { meanLength, rate } of intervals) {
    const length = meanLength - without;
    low = Math.max(low, Math.ceil((length - OFF) / (rate + OFF) - more));
    high = Math.min(high, Math.floor((length + OFF) / Math.max(rate - OFF, 1e-9) - more));
  }
  return low === high ? low : null;
}
