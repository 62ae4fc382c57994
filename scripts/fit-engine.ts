/**
 * Fits the times of an engine profile to what is published of Llama-3.1-8B on an H100 without any speedup: 4
 * plain steps, 4 drafting times, and the time shares of plain and n-gram decoding. The efficiencies of the GPU
 * stay those of its kernel tables. Errors are weighted by what each figure is known to.
 *
 *   npx tsx scripts/fit-engine.ts FOLDER_OF_RECORDINGS
 *
 * prints the times, each with its standard error (from the slopes at the optimum and the scatter left), and the
 * error of what was fitted and of what is thereby predicted; they are rounded by hand into the profile.
 */
import { diag, inv, matrix, multiply, transpose } from 'mathjs';
import type { EngineProfile } from '../src/cost/engine-profile.ts';
import { errorOf, type Point, SETS, type SetName, validation } from '../src/node/validation.ts';
import { leastSquares } from './process-fit/least-squares.ts';

const [recordings] = process.argv.slice(2);
if (recordings === undefined) throw new Error('name the folder of the recordings');

/** Percent, and points for shares. */
const KNOWN_TO = { shares: 1, steps: 4, drafting: 4 } as const;

/** Where the fit starts: round guesses, microseconds. */
const START: Readonly<Record<string, number>> = {
  layerLaunchS: 25,
  draftPassLaunchS: 300,
  'stepOverhead.fixedS': 1000,
  'stepOverhead.eachS': 10,
  'speculationOverhead.fixedS': 100,
  'speculationOverhead.eachS': 1,
  'search.eachS': 2,
  'plainSampling.fixedS': 50,
  'rejectionSampling.fixedS': 100,
};
const TIMES = Object.keys(START);

const { engine, predict } = await validation(recordings);
const nested = engine as unknown as Record<string, number | Record<string, number>>;
const start = Object.values(START).map((microseconds) => Math.log(1e-6 * microseconds));

const residuals = (logs: readonly number[]): number[] =>
  predict(withTimes(logs)).flatMap(({ set, error }: Point) =>
    set in KNOWN_TO ? [error / KNOWN_TO[set as keyof typeof KNOWN_TO]] : [],
  );

const STEP = 0.05;
const fitted = leastSquares(residuals, start, {
  steps: TIMES.map(() => STEP),
  iterations: 12,
  log: (line) => process.stderr.write(`${line}\n`),
});

const errors = standardErrors();
for (const [i, time] of TIMES.entries()) {
  const microseconds = (1e6 * Math.exp(fitted[i]!)).toFixed(2);
  process.stdout.write(
    `${time.padEnd(28)} ${microseconds.padStart(8)} us  +- ${(100 * errors[i]!).toFixed(0)} %\n`,
  );
}
const points = predict(withTimes(fitted));
for (const set of Object.keys(SETS) as SetName[]) {
  const { mean, worst } = errorOf(points, set);
  process.stdout.write(
    `${SETS[set].role.padEnd(12)} ${set.padEnd(14)} mean ${mean.toFixed(2)}  worst ${worst.toFixed(2)}\n`,
  );
}

/** Relative standard error of each time: the root of the diagonal of s^2 (J'J)^-1. */
function standardErrors(): number[] {
  const at = residuals(fitted);
  const slopes = matrix(
    TIMES.map((_, i) =>
      residuals(fitted.with(i, fitted[i]! + STEP)).map((value, j) => (value - at[j]!) / STEP),
    ),
  );
  const scatter = at.reduce((sum, value) => sum + value * value, 0) / (at.length - TIMES.length);
  const variances = diag(inv(multiply(slopes, transpose(slopes)))).toArray() as number[];
  return variances.map((variance) => Math.sqrt(scatter * variance));
}

/** The profile with the times given as logarithms, so that none turns negative. */
function withTimes(logs: readonly number[]): EngineProfile {
  const changed: Record<string, unknown> = { ...nested };
  for (const [i, time] of TIMES.entries()) {
    const [outer, inner] = time.split('.') as [string, string?];
    const seconds = Math.exp(logs[i]!);
    changed[outer] =
      inner === undefined ? seconds : { ...(changed[outer] as Record<string, number>), [inner]: seconds };
  }
  return changed as unknown as EngineProfile;
}
