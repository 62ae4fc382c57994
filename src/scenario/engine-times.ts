/** Fits the times of an engine profile to anything that can be predicted with one. */
import { leastSquares } from '../cost/calibration/least-squares.ts';
import type { EngineProfile, FixedAndEach } from '../cost/engine-profile.ts';
import { UserError } from '../errors.ts';

/** Times that may be fitted, by their path in the profile's file. */
export const ENGINE_TIMES = [
  'layerLaunch',
  'layerHost',
  'draftPassLaunch',
  'stepOverhead.fixed',
  'stepOverhead.each',
  'speculationOverhead.fixed',
  'speculationOverhead.each',
  'search.each',
  'plainSampling.fixed',
  'rejectionSampling.fixed',
] as const;

export type EngineTime = (typeof ENGINE_TIMES)[number];

export interface FittedTime {
  readonly time: EngineTime;
  readonly seconds: number;
  /** Relative to the time; large for one that the residuals hardly depend on. */
  readonly standardError: number;
}

/** The profile with other times, in seconds. */
export function withTimes(
  engine: EngineProfile,
  times: readonly { readonly time: EngineTime; readonly seconds: number }[],
): EngineProfile {
  const changed: Record<string, unknown> = { ...engine };
  for (const { time, seconds } of times) {
    const [outer, inner] = time.split('.') as [string, string?];
    if (inner === undefined) changed[`${outer}S`] = seconds;
    else changed[outer] = { ...(changed[outer] as FixedAndEach), [`${inner}S`]: seconds };
  }
  return changed as unknown as EngineProfile;
}

export function timeOf(engine: EngineProfile, time: EngineTime): number {
  const [outer, inner] = time.split('.') as [string, string?];
  const fields = engine as unknown as Record<string, number | Record<string, number>>;
  return inner === undefined
    ? (fields[`${outer}S`] as number)
    : (fields[outer] as Record<string, number>)[`${inner}S`]!;
}

interface FitTimesOptions {
  /** A time this many natural logarithms from its start costs as much as one residual of 1. */
  readonly looseness: number;
  readonly log?: (line: string) => void;
}

const ITERATIONS = 40;

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
  engine: EngineProfile,
  start: readonly { readonly time: EngineTime; readonly seconds: number }[],
  residuals: (engine: EngineProfile) => readonly number[],
  { looseness, log }: FitTimesOptions,
): FittedTime[] {
  const tuned = (logs: readonly number[]) =>
    start.map(({ time }, i) => ({ time, seconds: Math.exp(logs[i]!) }));
  const first = start.map(({ seconds }) => Math.log(seconds));
  const deviations = (logs: readonly number[]) => residuals(withTimes(engine, tuned(logs)));
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
    tolerance: 1e-3,
    ...(log === undefined ? {} : { log }),
  });
  if (!fit.converged) {
    throw new UserError(
      `the fit of ${start.length} times to ${count} figures did not converge in ${ITERATIONS} iterations`,
    );
  }
  const errors = fit.standardErrors();
  return tuned(fit.parameters).map((one, i) => ({ ...one, standardError: errors[i]! }));
}
