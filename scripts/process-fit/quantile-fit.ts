/**
 * The search for a process of which only quantiles over requests are known, of their mean emitted length. They tell
 * a level, a spread and little of the shape; everything else stays that of the process the search starts from.
 */
import { leastSquares } from '../../src/cost/calibration/least-squares.ts';
import type { CopyRuns } from '../../src/trace/copy-runs.ts';
import { type AcceptanceProcess, type ModelMethod, sampleProcess } from '../../src/trace/process.ts';
import type { TokenDifficulty } from '../../src/trace/token-difficulty.ts';
import { mean } from './replay-totals.ts';
import { requestMeanQuantiles } from './request-means.ts';

export type QuantileMethod = 'ngram' | ModelMethod;

/** What the quantiles tell; changed by one number for each line of the two lists. */
export const FITTED: Readonly<Record<QuantileMethod, readonly string[]>> = {
  ngram: ['startAlongOutput', 'requestSd', 'run.lengthSd', 'run.beta'],
  eagle: ['difficultyAlongOutput', 'requestSd', 'local.sd'],
  eagle3: ['difficultyAlongOutput', 'requestSd', 'local.sd'],
  'draft-model': ['difficultyAlongOutput', 'requestSd', 'local.sd'],
};

const FIT = { requests: 1500, seeds: [1, 2] };
/** Deviation of the logarithm that costs one: the whiskers are those of a few requests. */
const TOLERANCES = [0.03, 0.01, 0.01, 0.01, 0.03];

/** The process with the part of `method` fitted; it needs that part to start from. */
export function fitQuantiles(
  process: AcceptanceProcess,
  method: QuantileMethod,
  published: readonly number[],
): AcceptanceProcess {
  const apply = (parameters: readonly number[]): AcceptanceProcess => {
    const [level, spread, shape] = parameters as [number, number, number];
    return method === 'ngram'
      ? { ...process, ngram: movedRuns(process.ngram, level, spread, shape) }
      : { ...process, [method]: movedDifficulty(process[method]!, level, spread, shape) };
  };
  const deviations = (parameters: readonly number[]) => {
    const reached = reachedQuantiles(apply(parameters), method, FIT);
    return reached.map((value, i) => Math.log(value / published[i]!) / TOLERANCES[i]!);
  };
  const { parameters } = leastSquares(deviations, [0, 0, 0], {
    steps: [0.15, 0.2, 0.2],
    iterations: 12,
    farthest: 6,
    pull: [100, 2, 1],
    tolerance: 0.003,
  });
  return apply(parameters);
}

/** The quantiles of sampled requests, averaged over the seeds. */
export function reachedQuantiles(
  process: AcceptanceProcess,
  method: QuantileMethod,
  { requests, seeds }: { readonly requests: number; readonly seeds: readonly number[] },
): number[] {
  const samples = seeds.map((seed) =>
    requestMeanQuantiles(sampleProcess(process, { requests, seed, methods: [method] }).drafters.get(method)!),
  );
  return samples[0]!.map((_, i) => mean(samples.map((sample) => sample[i]!)));
}

function movedRuns(runs: CopyRuns, level: number, spread: number, shape: number): CopyRuns {
  const { alpha, beta, floor, lengthSd } = runs.run;
  return {
    ...runs,
    startAlongOutput: runs.startAlongOutput.map((logit) => logit + level),
    requestSd: runs.requestSd * Math.exp(spread),
    run: { alpha, beta: beta * Math.exp(shape), floor, lengthSd: lengthSd * Math.exp(spread) },
  };
}

function movedDifficulty(
  difficulty: TokenDifficulty,
  level: number,
  spread: number,
  shape: number,
): TokenDifficulty {
  return {
    ...difficulty,
    difficultyAlongOutput: difficulty.difficultyAlongOutput.map((value) => value + level),
    requestSd: difficulty.requestSd * Math.exp(spread),
    local: { ...difficulty.local, sd: difficulty.local.sd * Math.exp(shape) },
  };
}
