/**
 * Fits the times of an engine profile to what is published of Llama-3.1-8B on an H100 without any speedup: 4
 * plain steps, 4 drafting times, and the time shares of plain and n-gram decoding. The efficiencies of the GPU
 * stay those of its kernel tables. Errors are weighted by what each figure is known to.
 *
 *   npx tsx scripts/fit-engine.ts FOLDER_OF_RECORDINGS [--joint]
 *
 * With --joint every set is fitted, the speedups and the shares of EAGLE-3 too: the least that this model can
 * miss them by. What that reaches is in-sample and validates nothing.
 *
 * prints the times, each with its standard error (from the slopes at the optimum and the scatter left), and the
 * error of what was fitted and of what is thereby predicted; they are rounded by hand into the profile.
 */
import { diag, inv, matrix, multiply, transpose } from 'mathjs';
import type { EngineProfile } from '../src/cost/engine-profile.ts';
import { errorOf, type Point, SETS, type SetName, validation } from '../src/node/validation.ts';
import { fitTimes, withTimes } from '../src/scenario/engine-times.ts';

const [recordings, flag] = process.argv.slice(2);
if (recordings === undefined) throw new Error('name the folder of the recordings');

if (flag !== undefined && flag !== '--joint') throw new Error(`got ${flag}, expected --joint or nothing`);

/** Percent, and points for shares; sets that are not named are predicted. */
const KNOWN_TO: Readonly<Partial<Record<SetName, number>>> = {
  shares: 1,
  steps: 4,
  drafting: 4,
  ...(flag === '--joint' ? { speedups: 2, 'eagle3-shares': 1 } : {}),
};

/** Where the fit starts: round guesses, microseconds. No figure depends on the host's launches of layers. */
const START: Readonly<Record<string, number>> = {
  layerLaunch: 25,
  draftPassLaunch: 300,
  'stepOverhead.fixed': 1000,
  'stepOverhead.each': 10,
  'speculationOverhead.fixed': 100,
  'speculationOverhead.each': 1,
  'search.each': 2,
  'plainSampling.fixed': 50,
  'rejectionSampling.fixed': 100,
};
const start = Object.entries(START).map(([time, microseconds]) => ({
  time,
  seconds: 1e-6 * microseconds,
}));

const { machine, predict } = await validation(recordings);

const residuals = (tuned: EngineProfile): number[] =>
  predict(tuned).flatMap(({ set, error }: Point) => {
    const knownTo = KNOWN_TO[set];
    return knownTo === undefined ? [] : [error / knownTo];
  });

const STEP = 0.05;
const fitted = fitTimes(machine, start, residuals, {
  looseness: 12 * STEP,
  log: (line) => process.stderr.write(`${line}\n`),
});

const errors = standardErrors();
for (const [i, { time, seconds }] of fitted.entries()) {
  const microseconds = (1e6 * seconds).toFixed(2);
  process.stdout.write(
    `${time.padEnd(28)} ${microseconds.padStart(8)} us  +- ${(100 * errors[i]!).toFixed(0)} %\n`,
  );
}
const points = predict(withTimes(machine, fitted));
for (const set of Object.keys(SETS) as SetName[]) {
  const { mean, worst } = errorOf(points, set);
  process.stdout.write(
    `${(set in KNOWN_TO ? 'fitted' : 'predicted').padEnd(9)} ${set.padEnd(14)} mean ${mean.toFixed(2)}  worst ${worst.toFixed(2)}\n`,
  );
}

/** Relative standard error of each time: the root of the diagonal of s^2 (J'J)^-1, without the pull to the start. */
function standardErrors(): number[] {
  const at = residuals(withTimes(machine, fitted));
  const slopes = matrix(
    fitted.map(({ time, seconds }) => {
      const moved = fitted.map((one) =>
        one.time === time ? { time, seconds: seconds * Math.exp(STEP) } : one,
      );
      return residuals(withTimes(machine, moved)).map((value, j) => (value - at[j]!) / STEP);
    }),
  );
  const scatter = at.reduce((sum, value) => sum + value * value, 0) / (at.length - fitted.length);
  const variances = diag(inv(multiply(slopes, transpose(slopes)))).toArray() as number[];
  return variances.map((variance) => Math.sqrt(scatter * variance));
}
