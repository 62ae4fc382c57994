/**
 * Fits one law to measured rows, says how far off it is on rows it was fitted to and on rows it was not, and
 * refuses what cannot be.
 */
import { UserError } from '../../errors.ts';
import { leastSquares } from './least-squares.ts';

export interface LawParameter {
  readonly name: string;
  /** `share`, `exponent` and `count` have no unit. */
  readonly unit: 'share' | 'exponent' | 'count' | 's' | 'B/s';
  readonly start: number;
  readonly least?: number;
  readonly greatest?: number;
  /** A small addition that the rows need not determine; it may turn out negative. */
  readonly correction?: boolean;
  /** Held at an end of its range where the rows would rather have it beyond, if the law loses little by that. */
  readonly holdable?: boolean;
}

export interface Law<Row> {
  /** What is fitted, such as `gemm bf16`. */
  readonly name: string;
  readonly formula: string;
  readonly parameters: readonly LawParameter[];
  seconds(row: Row, parameters: readonly number[]): number;
  /** Rows of one group are left out together, so that the held-out error is that of something never seen. */
  group(row: Row): string;
  readonly groups: string;
}

export interface FittedParameter {
  readonly name: string;
  readonly unit: LawParameter['unit'];
  readonly value: number;
  /** Standard error of a fit to these rows alone; what another machine or version would give differs by more. */
  readonly standardError: number;
}

export interface FittedLaw {
  readonly name: string;
  readonly formula: string;
  readonly parameters: readonly FittedParameter[];
  readonly rows: number;
  /** Mean absolute error relative to the measured time, on the rows of the fit. */
  readonly meanError: number;
  /** The same on rows left out of the fit; null where there are fewer than two groups to leave out. */
  readonly heldOutError: number | null;
  readonly heldOut: string;
  /** Parameters held at the end of their range. */
  readonly pinned: readonly string[];
}

export interface FitLawOptions {
  readonly keepUnphysical: boolean;
  /** Whether to fit again without each fifth of the groups; unless said, yes. */
  readonly heldOut?: boolean;
}

type Timed = { readonly seconds: number };

const FOLDS = 5;

/** Relative errors beyond this count by their size, so that a few outliers do not decide. */
const SOFT_BEYOND = 0.02;

const ITERATIONS = 300;
/** An iteration that lowers the loss by less than this share has found the four digits that a profile keeps. */
const TOLERANCE = 1e-8;

/** A parameter may be held at its least if that costs a tenth of the mean error or half a percentage point. */
const HOLDING_MAY_COST = { factor: 1.1, points: 0.005 };

/** A parameter known to no better than this, relative to itself, is not determined by the rows. */
const DETERMINED = 0.5;

/**
 * Fits `law` to `rows` by robust least squares of log(predicted / measured).
 *
 * @throws UserError for fewer rows than parameters, parameters the rows do not determine or that are not
 * physical, and a fit that does not converge
 */
export function fitLaw<Row extends Timed>(
  law: Law<Row>,
  rows: readonly Row[],
  { keepUnphysical, heldOut: folded = true }: FitLawOptions,
): FittedLaw {
  if (rows.length < law.parameters.length) {
    throw new UserError(
      `${law.name}: got ${rows.length} usable rows for ${law.parameters.length} parameters (${names(law)}), expected at least as many`,
    );
  }
  const free = attempt(law, rows, startOf(law), noPins(law));
  checkDetermined(law, free);
  const best = keepUnphysical ? free : physical(law, rows, free);
  return {
    name: law.name,
    formula: law.formula,
    parameters: law.parameters.map(({ name, unit }, i) => ({
      name,
      unit,
      value: best.values[i]!,
      standardError: best.standardErrors[i]!,
    })),
    rows: rows.length,
    meanError: best.meanError,
    ...(folded ? heldOut(law, rows, best) : { heldOutError: null, heldOut: '' }),
    pinned: law.parameters.filter((_, i) => best.pins[i] !== null).map(({ name }) => name),
  };
}

interface Attempt {
  readonly values: readonly number[];
  readonly standardErrors: readonly number[];
  readonly meanError: number;
  /** Values of parameters that were held, null for those that were fitted. */
  readonly pins: Pins;
}

type Pins = readonly (number | null)[];

function attempt<Row extends Timed>(
  law: Law<Row>,
  rows: readonly Row[],
  start: readonly number[],
  pins: Pins,
): Attempt {
  const free = law.parameters.flatMap((_, i) => (pins[i] === null ? [i] : []));
  const values = (coordinates: readonly number[]): number[] => {
    const all = pins.map((pin) => pin ?? 0);
    for (const [c, i] of free.entries()) all[i] = valueAt(law.parameters[i]!, coordinates[c]!);
    return all;
  };
  const fit = leastSquares(
    (coordinates) => {
      const parameters = values(coordinates);
      const residuals = new Float64Array(rows.length);
      for (const [i, row] of rows.entries()) {
        residuals[i] = Math.log(law.seconds(row, parameters) / row.seconds);
      }
      return residuals;
    },
    free.map((i) => coordinateOf(law.parameters[i]!, start[i]!)),
    { steps: free.map(() => 1e-5), iterations: ITERATIONS, softBeyond: SOFT_BEYOND, tolerance: TOLERANCE },
  );
  if (!fit.converged) {
    throw new UserError(
      `${law.name}: the fit did not converge in ${ITERATIONS} iterations on ${rows.length} rows, expected times that follow ${law.formula}`,
    );
  }
  const found = values(fit.parameters);
  const standardErrors = pins.map(() => 0);
  const errors = fit.standardErrors();
  for (const [c, i] of free.entries()) {
    const { scale, logarithmic } = coordinate(law.parameters[i]!);
    standardErrors[i] = errors[c]! * (logarithmic ? found[i]! : scale);
  }
  return { values: found, standardErrors, meanError: meanError(law, rows, found), pins };
}

/** What may be held at its least is; anything else out of its range is refused. */
function physical<Row extends Timed>(law: Law<Row>, rows: readonly Row[], free: Attempt): Attempt {
  let fit = free;
  for (let held = 0; held <= law.parameters.length; held++) {
    const out = law.parameters.findIndex((parameter, i) => outside(parameter, fit.values[i]!) !== null);
    if (out < 0) return fit;
    const parameter = law.parameters[out]!;
    const bound = outside(parameter, fit.values[out]!)!;
    if (parameter.holdable !== true) throw unphysical(law, fit, out);
    const pinned = attempt(law, rows, fit.values, fit.pins.with(out, bound));
    const { factor, points } = HOLDING_MAY_COST;
    if (pinned.meanError > Math.max(factor * free.meanError, free.meanError + points))
      throw unphysical(law, fit, out);
    fit = pinned;
  }
  return fit;
}

function unphysical<Row>(law: Law<Row>, fit: Attempt, i: number): UserError {
  const { name, least, greatest } = law.parameters[i]!;
  const value = fit.values[i]!;
  const range =
    greatest === undefined
      ? `at least ${least}`
      : least === undefined
        ? `at most ${greatest}`
        : `from ${least} to ${greatest}`;
  return new UserError(
    `${law.name}: the rows give ${name} ${value.toPrecision(4)}, expected ${range}: not physical; is the peak of the profile that of the measured device? (--keep-unphysical keeps it)`,
  );
}

function checkDetermined<Row>(law: Law<Row>, fit: Attempt): void {
  for (const [i, { name, correction }] of law.parameters.entries()) {
    if (correction === true || fit.pins[i] !== null) continue;
    if (fit.standardErrors[i]! > DETERMINED * Math.abs(fit.values[i]!)) {
      throw new UserError(
        `${law.name}: the rows do not determine ${name}, expected rows over a wider range of sizes (${law.formula})`,
      );
    }
  }
}

/** Error on each fifth of the groups, fitted to the other four. */
function heldOut<Row extends Timed>(
  law: Law<Row>,
  rows: readonly Row[],
  best: Attempt,
): Pick<FittedLaw, 'heldOutError' | 'heldOut'> {
  const groups = [...new Set(rows.map((row) => law.group(row)))].sort();
  const folds = Math.min(FOLDS, groups.length);
  const title = `1/${folds} of ${groups.length} ${law.groups}`;
  const fold = new Map(groups.map((group, i) => [group, i % folds]));
  let sum = 0;
  for (let f = 0; f < folds; f++) {
    const others = rows.filter((row) => fold.get(law.group(row)) !== f);
    if (folds < 2 || others.length < law.parameters.length) {
      return { heldOutError: null, heldOut: `too few ${law.groups} to leave any out` };
    }
    const left = rows.filter((row) => fold.get(law.group(row)) === f);
    sum += left.length * meanError(law, left, attempt(law, others, best.values, best.pins).values);
  }
  return { heldOutError: sum / rows.length, heldOut: title };
}

/** Mean absolute error relative to the measured time. */
export function meanError<Row extends Timed>(
  law: Law<Row>,
  rows: readonly Row[],
  parameters: readonly number[],
): number {
  let sum = 0;
  for (const row of rows) sum += Math.abs(law.seconds(row, parameters) / row.seconds - 1);
  return sum / rows.length;
}

/** The end of the range that a value lies beyond, null within. */
function outside({ least = -Infinity, greatest = Infinity }: LawParameter, value: number): number | null {
  if (value < least) return least;
  return value > greatest ? greatest : null;
}

/** Corrections may turn negative and are fitted as they are, in units of their start; others as logarithms. */
function coordinate({ start, correction }: LawParameter): { scale: number; logarithmic: boolean } {
  return { scale: start, logarithmic: correction !== true };
}

function valueAt(parameter: LawParameter, at: number): number {
  const { scale, logarithmic } = coordinate(parameter);
  return logarithmic ? scale * Math.exp(at) : scale * at;
}

function coordinateOf(parameter: LawParameter, value: number): number {
  const { scale, logarithmic } = coordinate(parameter);
  return logarithmic ? Math.log(value / scale) : value / scale;
}

function startOf<Row>(law: Law<Row>): number[] {
  return law.parameters.map(({ start }) => start);
}

function noPins<Row>(law: Law<Row>): Pins {
  return law.parameters.map(() => null);
}

function names<Row>(law: Law<Row>): string {
  return law.parameters.map(({ name }) => name).join(', ');
}
