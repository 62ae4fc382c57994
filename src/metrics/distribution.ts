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
  const quantiles = PERCENTILES.map((p) => ranked.quantile(p / 100));
  const points: Record<string, number | null> = { mean };
  PERCENTILES.forEach((p, i) => {
    points[`p${p}`] = quantiles[i]!;
  });
  const halves = halfIntervals(values, counts, ranked.count, mean, quantiles);
  points.mean_lo = halves === null ? null : Math.max(0, mean - halves[0]!);
  points.mean_hi = halves === null ? null : mean + halves[0]!;
  PERCENTILES.forEach((p, i) => {
    const share = p / 100;
    const half = halves?.[i + 1] ?? null;
    points[`p${p}_lo`] = half === null ? null : ranked.quantile(Math.max(0, share - half));
    points[`p${p}_hi`] = half === null ? null : ranked.quantile(Math.min(1, share + half));
  });
  return points as Distribution;
}

/** Ranges of nearly equal values are at most this many, about as many as the second-level cache holds. */
const MOST_RANGES = 2 ** 16;

/**
 * Values by rank. A dozen ranks are asked of millions of values, so the values are only dealt into narrow ranges, by the
 * upper half of their bits; a range is sorted when a rank falls into it.
 */
class Ranked {
  readonly count: number;
  readonly sum: number;
  readonly #values: Float64Array;
  readonly #counts: Float64Array;
  /** Where a range's values begin, and how many values, counted as often as they are there, stand before it. */
  readonly #begins: Uint32Array;
  readonly #before: Float64Array;
  readonly #sorted: Uint8Array;

  constructor(values: Float64Array, counts: Int32Array | undefined) {
    const halves = new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
    let least = 2 ** 32 - 1;
    let most = 0;
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const upper = inOrder(halves[2 * i + 1]!);
      if (upper < least) least = upper;
      if (upper > most) most = upper;
      sum += (counts?.[i] ?? 1) * values[i]!;
    }
    this.sum = sum;
    let shift = 0;
    while ((most - least) >>> shift >= MOST_RANGES) shift++;
    const ranges = ((most - least) >>> shift) + 1;
    const begins = new Uint32Array(ranges + 1);
    for (let i = 0; i < values.length; i++) begins[((inOrder(halves[2 * i + 1]!) - least) >>> shift) + 1]!++;
    for (let range = 0; range < ranges; range++) begins[range + 1]! += begins[range]!;
    const next = begins.slice();
    this.#before = new Float64Array(ranges + 1);
    this.#values = new Float64Array(values.length);
    this.#counts = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const range = (inOrder(halves[2 * i + 1]!) - least) >>> shift;
      const to = next[range]!++;
      const times = counts?.[i] ?? 1;
      this.#values[to] = values[i]!;
      this.#counts[to] = times;
      this.#before[range + 1]! += times;
    }
    for (let range = 0; range < ranges; range++) this.#before[range + 1]! += this.#before[range]!;
    this.count = this.#before[ranges]!;
    this.#begins = begins;
    this.#sorted = new Uint8Array(ranges);
  }

  quantile(share: number): number {
    const at = share * (this.count - 1);
    const below = Math.floor(at);
    const value = this.#ofRank(below);
    return at === below ? value : value + (at - below) * (this.#ofRank(below + 1) - value);
  }

  /** The value that stands at a rank, counted from 0. */
  #ofRank(rank: number): number {
    const range = firstAbove(this.#before, rank) - 1;
    const from = this.#begins[range]!;
    const upTo = this.#begins[range + 1]!;
    if (this.#sorted[range] === 0) {
      sortTogether(this.#values.subarray(from, upTo), this.#counts.subarray(from, upTo));
      this.#sorted[range] = 1;
    }
    let passed = this.#before[range]!;
    let at = from;
    while (passed + this.#counts[at]! <= rank) passed += this.#counts[at++]!;
    return this.#values[at]!;
  }
}

/** The upper half of a double's bits as a whole number of at least 0, in the order of the doubles. */
function inOrder(upper: number): number {
  return (upper ^ ((upper >> 31) | -(2 ** 31))) >>> 0;
}

/** Sorts values, and with them how often each is there. */
function sortTogether(values: Float64Array, counts: Float64Array): void {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  counts.set(Float64Array.from(order, (i) => counts[i]!));
  values.sort();
}

/** Index of the first of ascending values that is above a limit. */
function firstAbove(values: Float64Array, limit: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Half the 95 % intervals of the mean, and of the shares of values at or below each percentile; null below two values.
 * All of them in one pass, as the values of a long run are in no cache.
 */
function halfIntervals(
  values: Float64Array,
  counts: Int32Array | undefined,
  count: number,
  mean: number,
  quantiles: readonly number[],
): Float64Array | null {
  if (count < 2) return null;
  const scores = 1 + quantiles.length;
  const centres = Float64Array.of(mean, ...PERCENTILES.map((p) => p / 100));
  const limits = Float64Array.from(quantiles);
  const squareBelow = Float64Array.from(PERCENTILES, (p) => (1 - p / 100) ** 2);
  const squareAbove = Float64Array.from(PERCENTILES, (p) => (p / 100) ** 2);
  const squares = new Float64Array(scores);
  const sums = new Float64Array(scores * BATCHES);
  const sizes = new Float64Array(BATCHES);
  let passed = 0;
  let batch = 0;
  let batchEnd = Math.floor(count / BATCHES);
  for (let i = 0; i < values.length; i++) {
    const times = counts?.[i] ?? 1;
    const value = values[i]!;
    // What begins in a batch belongs to it.
    while (passed >= batchEnd) batchEnd = Math.floor(((++batch + 1) * count) / BATCHES);
    const at = batch * scores;
    squares[0]! += times * (value - mean) ** 2;
    sums[at]! += times * value;
    for (let p = 0; p < limits.length; p++) {
      if (value <= limits[p]!) {
        squares[p + 1]! += times * squareBelow[p]!;
        sums[at + p + 1]! += times;
      } else squares[p + 1]! += times * squareAbove[p]!;
    }
    sizes[batch]! += times;
    passed += times;
  }
  const few = count < 2 * BATCHES || sizes.includes(0);
  return squares.map((square, score) => {
    const independent = Z * Math.sqrt(square / (count - 1) / count);
    if (few) return independent;
    let between = 0;
    for (let b = 0; b < BATCHES; b++) {
      between += (sums[b * scores + score]! / sizes[b]! - centres[score]!) ** 2;
    }
    return Math.max(independent, T_19 * Math.sqrt(between / (BATCHES - 1) / BATCHES));
  });
}
