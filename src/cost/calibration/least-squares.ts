/** Levenberg-Marquardt without derivatives, plain or robust. */

interface FitOptions {
  /** Half width over which the slope in each parameter is measured; wider than any noise of the residuals. */
  readonly steps: readonly number[];
  readonly iterations: number;
  /** Residuals beyond this count by their size rather than by its square; absent: all by the square. */
  readonly softBeyond?: number;
  /** The farthest a parameter moves in one iteration, in steps of its own. */
  readonly farthest?: number;
  /** How far each parameter may stray from its start at the cost of a residual of 1; absent: for nothing. */
  readonly pull?: readonly number[];
  /** Converged once an iteration lowers the loss by less than this share. */
  readonly tolerance?: number;
  readonly log?: (line: string) => void;
}

export interface Fit {
  readonly parameters: readonly number[];
  readonly loss: number;
  readonly converged: boolean;
  /** Standard error of each parameter, from the curvature at the end; infinite for one the data do not determine. */
  standardErrors(): readonly number[];
  /** How the errors of two parameters go together, -1 to 1; 0 with one that the data do not determine. */
  correlations(): readonly (readonly number[])[];
}

/** Attempts at a step, each shorter than the one before, after which the fit stands still. */
const ATTEMPTS = 12;

/**
 * Parameters near `start` that make the sum of rho(residual) small: rho is the square, or, with `softBeyond` c,
 * 2 c^2 (sqrt(1 + (r/c)^2) - 1), a square near zero and a straight line far from it. Residuals that are not
 * finite mark parameters as impossible.
 */
export function leastSquares(
  deviations: (parameters: readonly number[]) => ArrayLike<number>,
  start: readonly number[],
  options: FitOptions,
): Fit {
  const { steps, iterations, softBeyond = Infinity, farthest = Infinity, tolerance = 1e-10, log } = options;
  const { pull } = options;
  const residuals =
    pull === undefined
      ? deviations
      : (parameters: readonly number[]) => [
          ...Array.from(deviations(parameters)),
          ...parameters.map((parameter, i) => (parameter - start[i]!) / pull[i]!),
        ];
  let at = [...start];
  let value = residuals(at);
  let loss = lossOf(value, softBeyond);
  let damping = 0.1;
  let converged = false;
  for (let iteration = 1; iteration <= iterations && !converged; iteration++) {
    const { curvature, slope } = normalEquations(residuals, at, value, steps, softBeyond);
    const before = loss;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const damped = curvature.map((row, i) => row.with(i, row[i]! * (1 + damping) + 1e-300));
      const move = solve(damped, slope);
      const next = at.map((parameter, i) => {
        const most = farthest * steps[i]!;
        return parameter + Math.min(Math.max(move[i]!, -most), most);
      });
      const nextValue = residuals(next);
      const nextLoss = lossOf(nextValue, softBeyond);
      if (nextLoss < loss) {
        at = next;
        value = nextValue;
        loss = nextLoss;
        damping = Math.max(damping / 4, 1e-9);
        break;
      }
      damping = Math.min(damping * 5, 1e9);
    }
    log?.(`  iteration ${iteration}: loss ${loss.toPrecision(6)}`);
    converged = before - loss <= tolerance * before;
  }
  return {
    parameters: at,
    loss,
    converged: converged && Number.isFinite(loss),
    standardErrors() {
      const spread = loss / Math.max(1, value.length - at.length);
      return covariance().map((row, i) => Math.sqrt(row[i]! * spread));
    },
    correlations() {
      const matrix = covariance();
      return matrix.map((row, i) =>
        row.map((value, j) => {
          const size = Math.sqrt(row[i]! * matrix[j]![j]!);
          return i === j ? 1 : Number.isFinite(size) && size > 0 ? value / size : 0;
        }),
      );
    },
  };

  function covariance(): number[][] {
    return inverse(normalEquations(residuals, at, value, steps, softBeyond).curvature);
  }
}

function lossOf(residuals: ArrayLike<number>, c: number): number {
  let sum = 0;
  for (let i = 0; i < residuals.length; i++) {
    const square = residuals[i]! ** 2;
    sum += c === Infinity ? square : 2 * c * c * (Math.sqrt(1 + square / (c * c)) - 1);
  }
  // Impossible parameters are worse than any others.
  return Number.isNaN(sum) ? Infinity : sum;
}

/** J'WJ and -J'Wr at `at`, with the weights W of a robust loss. */
function normalEquations(
  residuals: (parameters: readonly number[]) => ArrayLike<number>,
  at: readonly number[],
  value: ArrayLike<number>,
  steps: readonly number[],
  softBeyond: number,
): { curvature: number[][]; slope: number[] } {
  const jacobian = steps.map((step, i) => {
    const moved = residuals(at.with(i, at[i]! + step));
    const slopes = new Float64Array(moved.length);
    for (let j = 0; j < slopes.length; j++) slopes[j] = (moved[j]! - value[j]!) / step;
    return slopes;
  });
  const weights = new Float64Array(value.length);
  for (let j = 0; j < weights.length; j++) weights[j] = 1 / Math.sqrt(1 + (value[j]! / softBeyond) ** 2);
  const weighted = (a: Float64Array, b: ArrayLike<number>): number => {
    let sum = 0;
    for (let j = 0; j < a.length; j++) sum += weights[j]! * a[j]! * b[j]!;
    return sum;
  };
  return {
    curvature: jacobian.map((a) => jacobian.map((b) => weighted(a, b))),
    slope: jacobian.map((a) => -weighted(a, value)),
  };
}

/** Gaussian elimination; a direction without curvature is left at rest. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const size = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  for (let i = 0; i < size; i++) {
    const pivot = rows[i]![i]!;
    if (Math.abs(pivot) < 1e-200) continue;
    for (let j = i + 1; j < size; j++) {
      const factor = rows[j]![i]! / pivot;
      for (let c = i; c <= size; c++) rows[j]![c]! -= factor * rows[i]![c]!;
    }
  }
  const solution = new Array<number>(size).fill(0);
  for (let i = size - 1; i >= 0; i--) {
    let rest = rows[i]![size]!;
    for (let j = i + 1; j < size; j++) rest -= rows[i]![j]! * solution[j]!;
    solution[i] = Math.abs(rows[i]![i]!) < 1e-200 ? 0 : rest / rows[i]![i]!;
  }
  return solution;
}

/** The inverse of a curvature, its diagonal infinite where there is none. */
function inverse(matrix: readonly (readonly number[])[]): number[][] {
  // Scaled to a unit diagonal, so that what is called singular does not depend on units.
  const scale = matrix.map((row, i) => Math.sqrt(row[i]!));
  const scaled = matrix.map((row, i) =>
    row.map((value, j) => (i === j ? 1 : value / (scale[i]! * scale[j]!) || 0)),
  );
  return matrix.map((_, i) => {
    const unit = matrix.map((_, j) => (i === j ? 1 : 0));
    const row = solve(scaled, unit).map((value, j) => value / (scale[i]! * scale[j]!));
    const own = row[i]! * scale[i]! ** 2;
    return scale[i]! > 0 && own > 0 && own < 1e12 ? row : row.with(i, Infinity);
  });
}
