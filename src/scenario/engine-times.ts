/** Fits the times of an engine profile to anything that can be predicted with one. */
import { leastSquares } from '../cost/calibration/least-squares.ts';
import type { EngineProfile } from '../cost/engine-profile.ts';
import { FIELDS, type Machine } from '../cost/fields.ts';
import { UserError } from '../errors.ts';

const FITTED = new Map(
  FIELDS.flatMap(({ path, fitted, of }) => (fitted ? [[path.replace('engine.', ''), of[0]!] as const] : [])),
);

/** Times that may be fitted, by their path in the profile's file. */
export const ENGINE_TIMES: readonly string[] = [...FITTED.keys()];

export interface EngineTime {
  /** One of `ENGINE_TIMES`. */
  readonly time: string;
  readonly seconds: number;
}

export interface FittedTime extends EngineTime {
  /** Relative to the time; large for one that the residuals hardly depend on. */
  readonly standardError: number;
  /** How its error goes with that of each other time, in their order. */
  readonly correlations: readonly number[];
}

/** The engine of a machine with other times. */
export function withTimes(machine: Machine, times: readonly EngineTime[]): EngineProfile {
  return times.reduce((on, { time, seconds }) => FITTED.get(time)!.put(on, seconds), machine).engine;
}

/** Seconds. */
export function timeOf(machine: Machine, time: string): number {
  return FITTED.get(time)!.get(machine)!;
}

interface FitTimesOptions {
  /** A time this many natural logarithms from its start costs as much as one residual of 1. */
  readonly looseness: number;
  readonly log?: (line: string) => void;
}

const ITERATIONS = 40;

/** Residuals beyond it count by their size, as in fits to kernels: served figures are noisy, and some groups contradict others. */
const SOFT_BEYOND = 1;

/** Slopes are taken over 5 % of a time, far wider than the steps a simulation takes as tokens fall differently. */
const STEP = 0.05;

/**
 * Times near `start` that make residuals small. They are fitted as logarithms, so that none turns negative.
 *
 * @param start seconds, all above zero
 * @param residuals deviations in units of what each figure is known to
 * @throws UserError for fewer residuals than times, and a fit that does not converge
 */
export function fitTimes(
  machine: Machine,
  start: readonly EngineTime[],
  residuals: (engine: EngineProfile) => readonly number[],
  { looseness, log }: FitTimesOptions,
): FittedTime[] {
  const tuned = (logs: readonly number[]) =>
    start.map(({ time }, i) => ({ time, seconds: Math.exp(logs[i]!) }));
  const first = start.map(({ seconds }) => Math.log(seconds));
  const deviations = (logs: readonly number[]) => residuals(withTimes(machine, tuned(logs)));
  const count = deviations(first).length;
  if (count < start.length) {
    throw new UserError(
      `got ${count} figures for ${start.length} times (${start.map(({ time }) => time).join(', ')}), expected at least as many`,
    );
  }
  const fit = leastSquares(deviations, first, {
    steps: start.map(() => STEP),
    iterations: ITERATIONS,
    farthest: 6,
    pull: start.map(() => looseness),
    softBeyond: SOFT_BEYOND,
    tolerance: 1e-3,
    ...(log === undefined ? {} : { log }),
  });
  if (!fit.converged) {
    throw new UserError(
      `the fit of ${start.length} times to ${count} figures did not converge in ${ITERATIONS} iterations`,
    );
  }
  const errors = fit.standardErrors();
  const correlations = fit.correlations();
  return tuned(fit.parameters).map((one, i) => ({
    ...one,
    standardError: errors[i]!,
    correlations: correlations[i]!,
  }));
}
