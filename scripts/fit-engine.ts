/**
 * Fits the times of an engine profile to published measurements of Llama-3.1-8B on an H100: 36 speedups, 36
 * time shares and 4 step times, weighted by what each is known to (1.5 %, 1 point, 4 %). The efficiencies of
 * the GPU stay those of its kernel tables.
 *
 *   npx tsx scripts/fit-engine.ts FOLDER_OF_RECORDINGS [REQUESTS]
 *
 * prints the times, each with its standard error (from the slopes at the optimum and the scatter left), and
 * the error reached; they are rounded by hand into hardware-profiles/engines.
 */
import { diag, inv, matrix, multiply, transpose } from 'mathjs';
import type { EngineProfile } from '../src/cost/engine-profile.ts';
import { leastSquares } from './process-fit/least-squares.ts';
import { errorOf, validation } from './validation/h100-llama.ts';

const [recordings, requests] = process.argv.slice(2);
if (recordings === undefined) throw new Error('name the folder of the recordings');

const KNOWN_TO = { speedup: 1.5, 'time share': 1, 'step time': 4 } as const;

const TIMES = [
  'layerLaunchS',
  'draftPassLaunchS',
  'stepOverhead.fixedS',
  'stepOverhead.eachS',
  'speculationOverhead.fixedS',
  'speculationOverhead.eachS',
  'search.eachS',
  'plainSampling.fixedS',
  'rejectionSampling.fixedS',
] as const;

const { engine, predict } = await validation(
  recordings,
  requests === undefined ? undefined : Number(requests),
);

const nested = engine as unknown as Record<string, number | Record<string, number>>;
const start = TIMES.map((time) => {
  const [outer, inner] = time.split('.') as [string, string?];
  const value = nested[outer]!;
  return Math.log(typeof value === 'number' ? value : value[inner!]!);
});

const residuals = (logs: readonly number[]): number[] =>
  predict(withTimes(logs)).map((point) => point.error / KNOWN_TO[point.set]);

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
for (const set of ['speedup', 'time share', 'step time'] as const) {
  const { mean, worst } = errorOf(points, set);
  process.stdout.write(`${set.padEnd(12)} mean ${mean.toFixed(2)}  worst ${worst.toFixed(2)}\n`);
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
