/** Levenberg-Marquardt without derivatives: slopes are taken over steps far wider than the sampling noise. */

/** The longest move of an iteration, in steps. */
const FARTHEST = 6;
/** A parameter this many steps from its start costs one: what the data do not tell stays where it was. */
const LOOSENESS = 12;

export interface FitOptions {
  /** Half width over which a slope is measured, per parameter. */
  readonly steps: readonly number[];
  readonly iterations: number;
  readonly log: (line: string) => void;
}

/** Parameters near `start` that make the sum of squares of `deviations` small. */
export function leastSquares(
  deviations: (parameters: readonly number[]) => readonly number[],
  start: readonly number[],
  { steps, iterations, log }: FitOptions,
): number[] {
  const residuals = (parameters: readonly number[]) => [
    ...deviations(parameters),
    ...parameters.map((parameter, i) => (parameter - start[i]!) / (LOOSENESS * steps[i]!)),
  ];
  let at = [...start];
  let value = residuals(at);
  let loss = squares(value);
  let damping = 0.1;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const jacobian = steps.map((step, i) => {
      const moved = residuals(at.with(i, at[i]! + step));
      return moved.map((residual, j) => (residual - value[j]!) / step);
    });
    const before = loss;
    for (let attempt = 0; attempt < 5; attempt++) {
      const move = solveDamped(jacobian, value, damping);
      const next = at.map((parameter, i) => {
        const most = FARTHEST * steps[i]!;
        return parameter + Math.min(Math.max(move[i]!, -most), most);
      });
      const nextValue = residuals(next);
      const nextLoss = squares(nextValue);
      if (nextLoss < loss) {
        at = next;
        value = nextValue;
        loss = nextLoss;
        damping = Math.max(damping / 4, 1e-4);
        break;
      }
      damping *= 5;
    }
    log(`  iteration ${iteration + 1}: sum of squares ${loss.toFixed(1)}`);
    if (loss > before * 0.997) break;
  }
  return at;
}

function squares(values: readonly number[]): number {
  return values.reduce((total, value) => total + value * value, 0);
}

/** Solves (J'J + damping diag(J'J)) move = -J' value; `jacobian` is by parameter. */
function solveDamped(
  jacobian: readonly (readonly number[])[],
  value: readonly number[],
  damping: number,
): number[] {
  const rows = jacobian.map((a, i) => {
    const row = jacobian.map((b) => dot(a, b));
    row[i] = row[i]! * (1 + damping) + 1e-9;
    return [...row, -dot(a, value)];
  });
  const size = rows.length;
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) {
      const factor = rows[j]![i]! / rows[i]![i]!;
      for (let c = i; c <= size; c++) rows[j]![c]! -= factor * rows[i]![c]!;
    }
  }
  const move = new Array<number>(size).fill(0);
  for (let i = size - 1; i >= 0; i--) {
    let rest = rows[i]![size]!;
    for (let j = i + 1; j < size; j++) rest -= rows[i]![j]! * move[j]!;
    move[i] = rest / rows[i]![i]!;
  }
  return move;
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((total, value, i) => total + value * b[i]!, 0);
}
