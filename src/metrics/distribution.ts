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
const PERCENTILES = [50, 90, 95, 99] as const;

const POINTS = ['mean', ...PERCENTILES.map((p) => `p${p}` as const)] as const;

type Point = 'mean' | `p${(typeof PERCENTILES)[number]}`;

/** Field names: `p99` the value, `p99_lo` and `p99_hi` its interval, null below two values. */
export type Distribution = Readonly<
  Record<Point, number> & Record<`${Point}_lo` | `${Point}_hi`, number | null>
>;

const BATCHES = 20;

/** Student's t at 97.5 % with 19 degrees of freedom, and the normal quantile. */
const T_19 = 2.0930240544;
const Z = 1.9599639845;

/** Every field, in the order in which a distribution has them. */
export const DISTRIBUTION_FIELDS: readonly string[] = [
  ...POINTS,
  ...POINTS.flatMap((point) => [`${point}_lo`, `${point}_hi`]),
];

/**
 * Mean and percentiles (between neighbours in proportion, as numpy's default) of values in order of time.
 *
 * @param counts how often each value, of at least 0, is there, one after the other; once each unless said
 * @returns null for no values
 */
export function distributionOf(values: Float64Array, counts?: Int32Array): Distribution | null {
  if (values.length === 0) return null;
  const ranked = new Ranked(values, counts);
  const mean = ranked.sum / ranked.count;
  const points: Record<string, number | null> = { mean };
  for (const p of PERCENTILES) points[`p${p}`] = ranked.quantile(p / 100);
  const error = halfInterval(values, counts, ranked.count, mean, (value) => value);
  points.mean_lo = error === null ? null : mean - error;
  points.mean_hi = error === null ? null : mean + error;
  for (const p of PERCENTILES) {
    const share = p / 100;
    const at = points[`p${p}`]!;
    const half = halfInterval(values, counts, ranked.count, share, (value) => (value <= at ? 1 : 0));
    points[`p${p}_lo`] = half === null ? null : ranked.quantile(Math.max(0, share - half));
    points[`p${p}_hi`] = half === null ? null : ranked.quantile(Math.min(1, share + half));
  }
  return points as Distribution;
}

/** Values in order of size, each as often as it is there. */
class Ranked {
  readonly count: number;
  readonly sum: number;
  readonly #sorted: Float64Array;
  /** How many values there are up to each place of the sorted ones, it included; null where each is there once. */
  readonly #upTo: Float64Array | null;

  constructor(values: Float64Array, counts: Int32Array | undefined) {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += (counts?.[i] ?? 1) * values[i]!;
    this.sum = sum;
    if (counts === undefined) {
      this.count = values.length;
      this.#sorted = values.toSorted();
      this.#upTo = null;
      return;
    }
    const sorted = new Float64Array(values.length);
    const upTo = new Float64Array(values.length);
    let count = 0;
    ascending(values).forEach((from, to) => {
      sorted[to] = values[from]!;
      count += counts[from]!;
      upTo[to] = count;
    });
    this.count = count;
    this.#sorted = sorted;
    this.#upTo = upTo;
  }

  quantile(share: number): number {
    const at = share * (this.count - 1);
    const below = Math.floor(at);
    const value = this.#ofRank(below);
    return at === below ? value : value + (at - below) * (this.#ofRank(below + 1) - value);
  }

  /** The value that stands at a rank, counted from 0. */
  #ofRank(rank: number): number {
    return this.#sorted[this.#upTo === null ? rank : firstAtLeast(this.#upTo, rank + 1)]!;
  }
}

/**
 * Indices of values of at least 0 in ascending order. Such doubles are in the order of their bits, which are sorted 16
 * at a time from the lowest on: millions of gaps are ranked in a fraction of the time that comparisons take.
 */
function ascending(values: Float64Array): Uint32Array {
  const digits = new Uint16Array(values.slice().buffer);
  const places = new Uint32Array(2 ** 16);
  let order = new Uint32Array(values.length).map((_, i) => i);
  let next = new Uint32Array(values.length);
  for (let digit = 0; digit < 4; digit++) {
    places.fill(0);
    for (let i = digit; i < digits.length; i += 4) places[digits[i]!]!++;
    let place = 0;
    for (let d = 0; d < places.length; d++) {
      const there = places[d]!;
      places[d] = place;
      place += there;
    }
    for (const index of order) next[places[digits[4 * index + digit]!]!++] = index;
    [order, next] = [next, order];
  }
  return order;
}

/** Index of the first of ascending values that is at least a limit. */
function firstAtLeast(values: Float64Array, limit: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Half the 95 % interval of the mean of a score; null below two values. */
function halfInterval(
  values: Float64Array,
  counts: Int32Array | undefined,
  count: number,
  mean: number,
  score: (value: number) => number,
): number | null {
  if (count < 2) return null;
  const sums = new Float64Array(BATCHES);
  const sizes = new Float64Array(BATCHES);
  let squares = 0;
  let passed = 0;
  let batch = 0;
  for (let i = 0; i < values.length; i++) {
    const times = counts?.[i] ?? 1;
    const scored = score(values[i]!);
    squares += times * (scored - mean) ** 2;
    // What begins in a batch belongs to it.
    while (passed >= Math.floor(((batch + 1) * count) / BATCHES)) batch++;
    sums[batch]! += times * scored;
    sizes[batch]! += times;
    passed += times;
  }
  const independent = Z * Math.sqrt(squares / (count - 1) / count);
  if (count < 2 * BATCHES || sizes.includes(0)) return independent;
  const between = sums.reduce((sum, total, b) => sum + (total / sizes[b]! - mean) ** 2, 0);
  return Math.max(independent, T_19 * Math.sqrt(between / (BATCHES - 1) / BATCHES));
}
