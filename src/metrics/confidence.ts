/**
 * 95 % intervals: which requests happened to be in the trace (bootstrap over whole requests), how well the constants of
 * the price and the acceptance are known, what the model itself leaves out, and how far all of it is from what was
 * calibrated. To first order: what is uncertain moves the logarithm of a measure by its effect at one standard error times
 * a normal score. Two runs that share an error share its scores, so that it cancels between them.
 *
 * Left out: correlation between constants of different profiles.
 */
import { entry } from '../memo.ts';
import { normal, stream } from '../random/streams.ts';
import { Bootstrap, DRAWS, type RatioOfSums, tails, total } from './bootstrap.ts';
import type { Measures } from './measure.ts';

/**
 * Standard deviation of the logarithm of a measure around a model that has the right constants and requests:
 * 36 published speedups scatter by 2.05 % (root mean square) around their predictions, 1.51 % of which the
 * choice of requests and the constants explain (`specsim validate` on the recordings).
 */
const DISCREPANCY = 0.014;

/** Change of the logarithms of a run's measures when one constant is one standard error larger. */
export interface Shift {
  readonly throughput: number;
  /** Null for clones, whose speedups are those of throughput. */
  readonly tpot: number | null;
}

/** What is uncertain of a run beside its requests and constants. */
export interface Doubt {
  /** Runs that doubt the same share its draws. */
  readonly name: string;
  readonly part: 'acceptance' | 'distance';
  /** Change of the logarithm of the run's throughput at one standard deviation. */
  readonly error: number;
}

/** A run with what its constants do to it. */
export interface Run {
  readonly measured: Measures;
  /** One per uncertain constant, in the same order in every run. */
  readonly shifts: readonly Shift[];
  readonly doubts: readonly Doubt[];
  /** Runs of the same drafters share what the model leaves out of them; null for plain decoding. */
  readonly drafters: string | null;
}

export interface Interval {
  readonly lo: number;
  readonly hi: number;
}

/** What an interval is made of, each a relative standard error; their squares add up. */
export interface Uncertainty {
  readonly requests: number;
  readonly acceptance: number;
  readonly constants: number;
  /** What the model leaves out where everything is calibrated. */
  readonly model: number;
  readonly distance: number;
}

export const UNCERTAINTY_PARTS = ['requests', 'acceptance', 'constants', 'model', 'distance'] as const;

/** Normal scores of the seed that was asked for last: all traces and machines of a run share them. */
const SCORES = { seed: Number.NaN, byName: new Map<string, Float64Array>() };

export class Confidence {
  readonly #bootstrap: Bootstrap;
  /** How the score of each constant is made of independent ones. */
  readonly #mixing: readonly (readonly number[])[];
  /** Normal scores of each constant, a draw each. */
  readonly #scores: readonly Float64Array[];
  readonly #discrepancy: Float64Array;
  readonly #seed: number;
  readonly #requestSpreads = new WeakMap<RatioOfSums, Float64Array>();
  /** Draws of the measure whose interval is being made: there are many, one after the other. */
  readonly #spread = new Float64Array(DRAWS);

  /**
   * @param requests number of requests every run has
   * @param constants names of the uncertain constants
   * @param together how the errors of two of them go together, -1 to 1, by their numbers
   */
  constructor(
    requests: number,
    constants: readonly string[],
    seed: number,
    together: (a: number, b: number) => number = (a, b) => (a === b ? 1 : 0),
  ) {
    this.#bootstrap = new Bootstrap(requests, seed);
    this.#seed = seed;
    this.#mixing = choleskyOf(constants.map((_, a) => constants.map((_, b) => together(a, b))));
    const own = constants.map((name) => this.#scoresOf(name));
    this.#scores = this.#mixing.map((row) => {
      const scores = new Float64Array(DRAWS);
      for (const [b, factor] of row.entries()) if (factor !== 0) addScaled(scores, own[b]!, factor);
      return scores;
    });
    this.#discrepancy = this.#scoresOf('discrepancy');
  }

  #scoresOf(name: string): Float64Array {
    if (this.#seed !== SCORES.seed) Object.assign(SCORES, { seed: this.#seed, byName: new Map() });
    return entry(SCORES.byName, name, () => {
      const draw = stream(this.#seed, 'constant', name);
      return Float64Array.from({ length: DRAWS }, () => normal(draw));
    });
  }

  /** Interval of a run's throughput in tokens/s. */
  throughput(run: Run): Interval {
    return this.#around(run.measured.throughput_tok_per_s, this.#errors(run, null, 'throughput'));
  }

  /** Interval of a speedup: the ratio of two runs' throughput, or of their TPOT the other way round. */
  speedup(speedup: number, run: Run, baseline: Run, by: 'throughput' | 'tpot'): Interval {
    return this.#around(speedup, this.#errors(run, baseline, by));
  }

  /** What the interval of a run's speedup is made of, or without a baseline that of its throughput. */
  uncertainty(run: Run, baseline: Run | null, by: 'throughput' | 'tpot'): Uncertainty {
    const errors = this.#errors(run, baseline, by);
    const size = (part: 'acceptance' | 'distance') =>
      Math.hypot(...errors.doubts.filter((one) => one.part === part).map(({ error }) => error));
    return {
      requests: deviation(this.#requests(errors)),
      acceptance: size('acceptance'),
      constants: Math.hypot(...errors.shifts.map((_, b) => this.#independent(errors.shifts, b))),
      model: errors.model,
      distance: size('distance'),
    };
  }

  /** What one of the independent scores does through every constant. */
  #independent(shifts: readonly number[], b: number): number {
    return shifts.reduce((sum, shift, a) => sum + shift * (this.#mixing[a]![b] ?? 0), 0);
  }

  /** How the logarithm of a run's speed moves, or that of its ratio to another run. */
  #errors(run: Run, than: Run | null, by: 'throughput' | 'tpot'): Errors {
    const sign = by === 'tpot' ? -1 : 1;
    const shift = ({ shifts }: Run, c: number) => sign * shifts[c]![by]!;
    const sums = `${by}ByRequest` as const;
    return {
      sums: run.measured[sums],
      than: than?.measured[sums] ?? null,
      sign,
      shifts: run.shifts.map((_, c) => shift(run, c) - (than === null ? 0 : shift(than, c))),
      doubts: difference(run.doubts, than?.doubts ?? []),
      model: than !== null && run.drafters === than.drafters ? 0 : DISCREPANCY,
    };
  }

  #requests({ sums, than, sign }: Errors): Float64Array {
    const spread = this.#spread;
    spread.fill(0);
    addScaled(spread, this.#requestSpread(sums), sign);
    if (than !== null) addScaled(spread, this.#requestSpread(than), -sign);
    return spread;
  }

  #around(value: number, errors: Errors): Interval {
    const spread = this.#requests(errors);
    for (const [c, effect] of errors.shifts.entries()) addScaled(spread, this.#scores[c]!, effect);
    for (const { name, error } of errors.doubts) addScaled(spread, this.#scoresOf(name), error);
    addScaled(spread, this.#discrepancy, errors.model);
    return around(value, spread);
  }

  /** Draws of a measure's logarithm, around 0. */
  #requestSpread(sums: RatioOfSums): Float64Array {
    let logs = this.#requestSpreads.get(sums);
    if (logs === undefined) {
      logs = this.#bootstrap.logMeasures(sums);
      const centre = Math.log(total(sums.over) / total(sums.under));
      for (let d = 0; d < DRAWS; d++) logs[d]! -= centre;
      this.#requestSpreads.set(sums, logs);
    }
    return logs;
  }
}

/** The lower triangle whose product with its transpose is the matrix; rounded ones need not be quite positive. */
function choleskyOf(matrix: readonly (readonly number[])[]): number[][] {
  const lower: number[][] = [];
  for (const [a, row] of matrix.entries()) {
    const own: number[] = [];
    for (let b = 0; b <= a; b++) {
      const other = b === a ? own : lower[b]!;
      const rest = row[b]! - own.reduce((sum, value, c) => sum + value * (other[c] ?? 0), 0);
      own.push(b === a ? Math.sqrt(Math.max(rest, 0)) : lower[b]![b]! === 0 ? 0 : rest / lower[b]![b]!);
    }
    lower.push(own);
  }
  return lower;
}

/** What moves a measure: its sums over requests, and the effect of whatever else is uncertain. */
interface Errors {
  readonly sums: RatioOfSums;
  /** Of the run it is divided by. */
  readonly than: RatioOfSums | null;
  readonly sign: 1 | -1;
  readonly shifts: readonly number[];
  readonly doubts: readonly Doubt[];
  readonly model: number;
}

/** What two runs do not share. */
function difference(doubts: readonly Doubt[], than: readonly Doubt[]): Doubt[] {
  const left = new Map(doubts.map((doubt) => [doubt.name, doubt]));
  for (const { name, part, error } of than) {
    left.set(name, { name, part, error: (left.get(name)?.error ?? 0) - error });
  }
  return [...left.values()].filter(({ error }) => error !== 0);
}

/** Standard deviation, of the draws that say something. */
function deviation(draws: Float64Array): number {
  const defined = definedOf(draws);
  if (defined.length === 0) return 0;
  const mean = total(defined) / defined.length;
  let squares = 0;
  for (let d = 0; d < defined.length; d++) squares += (defined[d]! - mean) * (defined[d]! - mean);
  return Math.sqrt(squares / defined.length);
}

/** A draw that drew no request of the measure (none that ended, none with a second token) says nothing of it. */
function definedOf(draws: Float64Array): Float64Array {
  return Number.isFinite(total(draws)) ? draws : draws.filter(Number.isFinite);
}

function addScaled(sum: Float64Array, values: Float64Array, factor: number): void {
  if (factor === 0) return;
  for (let d = 0; d < sum.length; d++) sum[d]! += factor * values[d]!;
}

function around(value: number, draws: Float64Array): Interval {
  const defined = definedOf(draws);
  if (defined.length === 0) return { lo: value, hi: value };
  const { lo, hi } = tails(defined, 0.025);
  return { lo: value * Math.exp(lo), hi: value * Math.exp(hi) };
}
