/** Least squares on a simulation: slopes over steps far wider than its noise, and parameters that stay near their start. */
import { leastSquares as withoutPull } from '../../src/cost/calibration/least-squares.ts';

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
): readonly number[] {
  const residuals = (parameters: readonly number[]) => [
    ...deviations(parameters),
    ...parameters.map((parameter, i) => (parameter - start[i]!) / (LOOSENESS * steps[i]!)),
  ];
  return withoutPull(residuals, start, { steps, iterations, log, farthest: FARTHEST, tolerance: 0.003 })
    .parameters;
}
