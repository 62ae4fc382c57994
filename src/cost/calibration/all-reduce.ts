/** The law of an all-reduce: the cheaper of two lines latency + bytes / rate, or one line where two are no better. */
import { UserError } from '../../errors.ts';
import { type FitLawOptions, type FittedLaw, fitLaw, type Law, type LawParameter } from './law.ts';
import type { AllReduceRow } from './rows.ts';

/** Messages of a decode step or a prompt; smaller ones are latency alone, larger ones nobody sends. */
const LEAST_BYTES = 2048;
const MOST_BYTES = 128 * 2 ** 20;

/** A second line must lower the error to this share of one line's. */
const WORTH_A_LINE = 0.9;

export function allReduceRows(rows: readonly AllReduceRow[], gpus: number): AllReduceRow[] {
  return rows.filter((row) => row.gpus === gpus && row.bytes >= LEAST_BYTES && row.bytes <= MOST_BYTES);
}

interface Line {
  readonly latencyS: number;
  readonly bytesPerS: number;
}

/**
 * Fits one or two lines.
 *
 * @param mostBytesPerS the rate of a ring at full speed of the link, which nothing exceeds; null when unknown
 */
export function fitAllReduce(
  rows: readonly AllReduceRow[],
  gpus: number,
  mostBytesPerS: number | null,
  options: FitLawOptions,
): FittedLaw {
  const sorted = [...rows].sort((a, b) => a.bytes - b.bytes);
  if (sorted.length < 2) {
    throw new UserError(
      `all-reduce of ${gpus} GPUs: got ${sorted.length} usable rows for 2 parameters (latency, rate), expected at least as many`,
    );
  }
  const one = fitLaw(linesLaw(gpus, [throughEnds(sorted)], mostBytesPerS), sorted, options);
  const two = bestOfTwoLines(sorted, gpus, mostBytesPerS, options);
  return two !== null && two.meanError < WORTH_A_LINE * one.meanError ? two : one;
}

/** A minimum of lines has a dent at every crossing, so every crossing is tried. */
function bestOfTwoLines(
  sorted: readonly AllReduceRow[],
  gpus: number,
  mostBytesPerS: number | null,
  options: FitLawOptions,
): FittedLaw | null {
  let best: FittedLaw | null = null;
  for (let cut = 3; cut <= sorted.length - 3; cut++) {
    const start = [throughEnds(sorted.slice(0, cut)), throughEnds(sorted.slice(cut))];
    try {
      const fit = fitLaw(linesLaw(gpus, start, mostBytesPerS), sorted, options);
      if (best === null || fit.meanError < best.meanError) best = fit;
    } catch (error) {
      // Lines that this crossing does not determine; others may, and one line always can.
      if (!(error instanceof UserError)) throw error;
    }
  }
  return best;
}

/** The line through the smallest and the largest of some rows. */
function throughEnds(rows: readonly AllReduceRow[]): Line {
  const [first, last] = [rows[0]!, rows.at(-1)!];
  const slope = Math.max((last.seconds - first.seconds) / (last.bytes - first.bytes || 1), 1e-15);
  return { latencyS: Math.max(first.seconds - slope * first.bytes, 1e-6), bytesPerS: 1 / slope };
}

function linesLaw(gpus: number, start: readonly Line[], mostBytesPerS: number | null): Law<AllReduceRow> {
  const number = (i: number) => (start.length === 1 ? '' : ` ${i + 1}`);
  return {
    name: `all-reduce of ${gpus} GPUs`,
    formula:
      start.length === 1
        ? 'latency + bytes / rate'
        : 'min(latency 1 + bytes / rate 1, latency 2 + bytes / rate 2)',
    parameters: start.flatMap(({ latencyS, bytesPerS }, i): LawParameter[] => [
      { name: `latency${number(i)}`, unit: 's', start: latencyS },
      {
        name: `rate${number(i)}`,
        unit: 'B/s',
        start: bytesPerS,
        ...(mostBytesPerS === null ? {} : { greatest: mostBytesPerS }),
      },
    ]),
    seconds({ bytes }, parameters) {
      let least = Infinity;
      for (let i = 0; i < parameters.length; i += 2) {
        least = Math.min(least, parameters[i]! + bytes / parameters[i + 1]!);
      }
      return least;
    },
    group: ({ bytes }) => String(bytes).padStart(12, '0'),
    groups: 'message sizes',
  };
}
