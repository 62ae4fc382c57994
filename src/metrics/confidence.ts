/**
 * 95 % intervals: which requests happened to be in the trace (bootstrap over whole requests) and how well the
 * constants of the price are known (each drawn from its own error), together. To first order: a constant
 * moves the logarithm of a measure by its effect at one standard error times a normal score. What the model
 * itself leaves out is one more such constant.
 *
 * Left out: correlation between constants.
 */
import { normal, stream } from '../random/streams.ts';
import { Bootstrap, DRAWS, quantile, type RatioOfSums, total } from './bootstrap.ts';
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

/** A run with what its constants do to it. */
export interface Run {
  readonly measured: Measures;
  /** One per uncertain constant, in the same order in every run. */
  readonly shifts: readonly Shift[];
  /** Of what else is doubted, by name: the change of the logarithm of its throughput at one standard deviation. */
  readonly doubts: ReadonlyMap<string, number>;
}

const NO_DOUBTS: ReadonlyMap<string, number> = new Map();

export interface Interval {
  readonly lo: number;
  readonly hi: number;
}

export class Confidence {
  readonly #bootstrap: Bootstrap;
  /** Normal scores of each constant, a draw each. */
  readonly #scores: readonly Float64Array[];
  readonly #discrepancy: Float64Array;
  readonly #doubts = new Map<string, Float64Array>();
  readonly #seed: number;
  readonly #requestSpreads = new WeakMap<RatioOfSums, Float64Array>();
  /** Draws of the measure whose interval is being made: there are many, one after the other. */
  readonly #spread = new Float64Array(DRAWS);

  /**
   * @param requests number of requests every run has
   * @param constants names of the uncertain constants
   */
  constructor(requests: number, constants: readonly string[], seed: number) {
    this.#bootstrap = new Bootstrap(requests, seed);
    this.#seed = seed;
    this.#scores = constants.map((name) => this.#scoresOf(name));
    this.#discrepancy = this.#scoresOf('discrepancy');
  }

  #scoresOf(name: string): Float64Array {
    const draw = stream(this.#seed, 'constant', name);
    return Float64Array.from({ length: DRAWS }, () => normal(draw));
  }

  /** Adds what is doubted of a run; of two runs that doubt the same, the difference. */
  #addDoubts(
    spread: Float64Array,
    doubts: ReadonlyMap<string, number>,
    than: ReadonlyMap<string, number>,
  ): void {
    for (const name of new Set([...doubts.keys(), ...than.keys()])) {
      const factor = (doubts.get(name) ?? 0) - (than.get(name) ?? 0);
      if (factor === 0) continue;
      let scores = this.#doubts.get(name);
      if (scores === undefined) {
        scores = this.#scoresOf(name);
        this.#doubts.set(name, scores);
      }
      addScaled(spread, scores, factor);
    }
  }

  /** Interval of a run's throughput in tokens/s. */
  throughput({ measured, shifts, doubts }: Run): Interval {
    const spread = this.#spread;
    spread.set(this.#requestSpread(measured.throughputByRequest));
    for (let c = 0; c < shifts.length; c++) addScaled(spread, this.#scores[c]!, shifts[c]!.throughput);
    this.#addDoubts(spread, doubts, NO_DOUBTS);
    addScaled(spread, this.#discrepancy, DISCREPANCY);
    return around(measured.throughput_tok_per_s, spread);
  }

  /** Interval of a speedup: the ratio of two runs' throughput, or of their TPOT the other way round. */
  speedup(speedup: number, run: Run, baseline: Run, by: 'throughput' | 'tpot'): Interval {
    const sums = `${by}ByRequest` as const;
    const spread = this.#spread;
    spread.set(this.#requestSpread(run.measured[sums]));
    addScaled(spread, this.#requestSpread(baseline.measured[sums]), -1);
    for (let c = 0; c < run.shifts.length; c++) {
      addScaled(spread, this.#scores[c]!, run.shifts[c]![by]! - baseline.shifts[c]![by]!);
    }
    addScaled(spread, this.#discrepancy, DISCREPANCY);
    if (by === 'tpot') for (let d = 0; d < DRAWS; d++) spread[d] = -spread[d]!;
    this.#addDoubts(spread, run.doubts, baseline.doubts);
    return around(speedup, spread);
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

function addScaled(sum: Float64Array, values: Float64Array, factor: number): void {
  for (let d = 0; d < sum.length; d++) sum[d]! += factor * values[d]!;
}

/**
 * Sorts the draws. One that drew no request of the measure (none that ended, none with a second token) says nothing of
 * it and is left out.
 */
function around(value: number, draws: Float64Array): Interval {
  const defined = draws.every(Number.isFinite) ? draws : draws.filter(Number.isFinite);
  if (defined.length === 0) return { lo: value, hi: value };
  const spread = defined.sort();
  return { lo: value * Math.exp(quantile(spread, 0.025)), hi: value * Math.exp(quantile(spread, 0.975)) };
}
