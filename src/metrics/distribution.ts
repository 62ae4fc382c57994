/**
 * A latency over requests or tokens: mean and percentiles, exact, with 95 % intervals.
 *
 * Requests that are served together wait together, so their latencies are not independent and the order
 * statistics of independent draws would promise too much. The interval of a percentile is therefore
 * Woodruff's (Journal of the American Statistical Association 47, 1952): the interval of the share of values
 * at or below it, read back through the sorted values. The error of the share, and of the mean, is that of
 * the means of 20 consecutive batches (Schmeiser, Operations Research 30, 1982), and never less than that of
 * independent values, which gives the usual order statistics.
 */
import { quantile } from './bootstrap.ts';

const PERCENTILES = [50, 90, 95, 99] as const;

type Percentile = `p${(typeof PERCENTILES)[number]}`;
type Point = 'mean' | Percentile;

/** Field names: `p99` the value, `p99_lo` and `p99_hi` its interval, null below two values. */
export type Distribution = Readonly<
  Record<Point, number> & Record<`${Point}_lo` | `${Point}_hi`, number | null>
>;

const BATCHES = 20;

/** Student's t at 97.5 % with 19 degrees of freedom, and the normal quantile. */
const T_19 = 2.0930240544;
const Z = 1.9599639845;

/** Every field, in the order in which a distribution has them. */
export const DISTRIBUTION_FIELDS: readonly string[] = Object.keys(distributionOf(Float64Array.of(0, 0))!);

/**
 * Mean and percentiles (between neighbours in proportion, as numpy's default) of values in order of time.
 *
 * @returns null for no values
 */
export function distributionOf(values: Float64Array): Distribution | null {
  const count = values.length;
  if (count === 0) return null;
  const sorted = values.toSorted();
  const mean = meanOf(values);
  const error = standardError(values, mean, (value) => value);
  const points: Record<string, number | null> = { mean };
  for (const p of PERCENTILES) points[`p${p}`] = quantile(sorted, p / 100);
  points.mean_lo = error === null ? null : mean - error;
  points.mean_hi = error === null ? null : mean + error;
  for (const p of PERCENTILES) {
    const share = p / 100;
    const at = points[`p${p}`]!;
    const shareError = standardError(values, share, (value) => (value <= at ? 1 : 0));
    points[`p${p}_lo`] = shareError === null ? null : quantile(sorted, Math.max(0, share - shareError));
    points[`p${p}_hi`] = shareError === null ? null : quantile(sorted, Math.min(1, share + shareError));
  }
  return points as Distribution;
}

/** Half the 95 % interval of the mean of a score; null below two values. */
function standardError(values: Float64Array, mean: number, score: (value: number) => number): number | null {
  const count = values.length;
  if (count < 2) return null;
  let squares = 0;
  for (const value of values) squares += (score(value) - mean) ** 2;
  const independent = Math.sqrt(squares / (count - 1) / count);
  if (count < 2 * BATCHES) return Z * independent;
  let between = 0;
  for (let b = 0; b < BATCHES; b++) {
    const begin = Math.floor((b * count) / BATCHES);
    const end = Math.floor(((b + 1) * count) / BATCHES);
    let sum = 0;
    for (let i = begin; i < end; i++) sum += score(values[i]!);
    between += (sum / (end - begin) - mean) ** 2;
  }
  return Math.max(Z * independent, T_19 * Math.sqrt(between / (BATCHES - 1) / BATCHES));
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
