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
export function distributionOf(
  values: Float64Array,
  // Not left out below: code for both ways would be compiled over and over.
  counts: Int32Array = new Int32Array(values.length).fill(1),
): Distribution | null {
  if (values.length === 0) return null;
  const ranked = new Ranked(values, counts);
  const mean = ranked.sum / ranked.count;
  const quantiles = ranked.quantiles(PERCENTILES.map((p) => p / 100));
  const points: Record<string, number | null> = { mean };
  PERCENTILES.forEach((p, i) => {
    points[`p${p}`] = quantiles[i]!;
  });
  const halves = halfIntervals(values, counts, ranked.count, mean, quantiles);
  points.mean_lo = halves === null ? null : Math.max(0, mean - halves[0]!);
  points.mean_hi = halves === null ? null : mean + halves[0]!;
  const ends = PERCENTILES.flatMap((p, i) => {
    const half = halves?.[i + 1] ?? 0;
    return [Math.max(0, p / 100 - half), Math.min(1, p / 100 + half)];
  });
  const limits = halves === null ? null : ranked.quantiles(ends);
  PERCENTILES.forEach((p, i) => {
    points[`p${p}_lo`] = limits?.[2 * i] ?? null;
    points[`p${p}_hi`] = limits?.[2 * i + 1] ?? null;
  });
  return points as Distribution;
}

/** Ranges of nearly equal values are at most this many: their counts stay in the second-level cache. */
const MOST_RANGES = 2 ** 14;

/**
 * Values by rank. A dozen ranks are asked of millions of values, so the values are only counted in narrow ranges, by the
 * upper half of their bits; those of a range are picked and sorted when a rank falls into it.
 */
class Ranked {
  readonly count: number;
  readonly sum: number;
  readonly #values: Float64Array;
  readonly #counts: Int32Array;
  readonly #least: number;
  readonly #shift: number;
  /** By range: values, each as often as it is there, that stand before it. */
  readonly #before: Float64Array;
  /** By range: values, each once. */
  readonly #sizes: Int32Array;

  constructor(values: Float64Array, counts: Int32Array) {
    const halves = upperHalves(values);
    let least = 2 ** 32 - 1;
    let most = 0;
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const upper = inOrder(halves[2 * i + 1]!);
      if (upper < least) least = upper;
      if (upper > most) most = upper;
      sum += counts[i]! * values[i]!;
    }
    let shift = 0;
    while ((most - least) >>> shift >= MOST_RANGES) shift++;
    const before = new Float64Array(((most - least) >>> shift) + 2);
    const sizes = new Int32Array(before.length);
    for (let i = 0; i < values.length; i++) {
      const range = (inOrder(halves[2 * i + 1]!) - least) >>> shift;
      before[range + 1]! += counts[i]!;
      sizes[range]!++;
    }
    for (let range = 1; range < before.length; range++) before[range]! += before[range - 1]!;
    this.count = before.at(-1)!;
    this.sum = sum;
    this.#values = values;
    this.#counts = counts;
    this.#least = least;
    this.#shift = shift;
    this.#before = before;
    this.#sizes = sizes;
  }

  /** The values below which some shares lie, between neighbours in proportion. */
  quantiles(shares: readonly number[]): number[] {
    const at = shares.map((share) => share * (this.count - 1));
    const below = at.map(Math.floor);
    const above = below.map((rank, i) => (at[i] === rank ? rank : rank + 1));
    const atRank = this.#ofRanks([...below, ...above]);
    return below.map((rank, i) => {
      const value = atRank(rank);
      return at[i] === rank ? value : value + (at[i]! - rank) * (atRank(rank + 1) - value);
    });
  }

  /** The values that stand at some ranks, counted from 0. */
  #ofRanks(ranks: readonly number[]): (rank: number) => number {
    const rangeOf = (rank: number) => firstAbove(this.#before, rank) - 1;
    const ranges = [...new Set(ranks.map(rangeOf))];
    const picked = this.#pick(ranges);
    return (rank) => {
      const range = rangeOf(rank);
      return valueOfRank(picked[ranges.indexOf(range)]!, rank - this.#before[range]!);
    };
  }

  /** What some ranges hold: all in one pass over the values, which are in no cache. */
  #pick(ranges: readonly number[]): Counted[] {
    const values = this.#values;
    const halves = upperHalves(values);
    const [least, shift, counts] = [this.#least, this.#shift, this.#counts];
    const wanted = new Uint8Array(this.#before.length);
    ranges.forEach((range, i) => {
      wanted[range] = i + 1;
    });
    const picked = ranges.map((range): Counted => {
      const size = this.#sizes[range]!;
      return { values: new Float64Array(size), counts: new Int32Array(size) };
    });
    const filled = new Int32Array(ranges.length + 1);
    for (let i = 0; i < values.length; i++) {
      const of = wanted[(inOrder(halves[2 * i + 1]!) - least) >>> shift]!;
      if (of === 0) continue;
      const into = picked[of - 1]!;
      const at = filled[of]!++;
      into.values[at] = values[i]!;
      into.counts[at] = counts[i]!;
    }
    return picked;
  }
}

/** Values, and how often each is there. */
interface Counted {
  readonly values: Float64Array;
  readonly counts: Int32Array;
}

/** The value at a rank, counted from 0: what cannot be it is left aside round by round (quickselect), and the rest moved. */
function valueOfRank({ values, counts }: Counted, rank: number): number {
  let [from, upTo] = [0, values.length];
  let passed = 0;
  for (;;) {
    const pivot = values[(from + upTo) >> 1]!;
    let [less, at, more] = [from, from, upTo];
    let [below, equal] = [0, 0];
    while (at < more) {
      const value = values[at]!;
      if (value > pivot) {
        swap(values, at, --more);
        swap(counts, at, more);
        continue;
      }
      if (value < pivot) {
        below += counts[at]!;
        swap(values, at, less);
        swap(counts, at, less++);
      } else equal += counts[at]!;
      at++;
    }
    if (rank < passed + below) upTo = less;
    else if (rank < passed + below + equal || more === upTo) return pivot;
    else {
      passed += below + equal;
      from = more;
    }
  }
}

function swap(values: Float64Array | Int32Array, a: number, b: number): void {
  const value = values[a]!;
  values[a] = values[b]!;
  values[b] = value;
}

/** Element 2 i + 1 is the upper half of the bits of value i. */
function upperHalves(values: Float64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
}

/** The upper half of a double's bits as a whole number of at least 0, in the order of the doubles. */
function inOrder(upper: number): number {
  return (upper ^ ((upper >> 31) | -(2 ** 31))) >>> 0;
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
  counts: Int32Array,
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
    const times = counts[i]!;
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
