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

/** What the quantiles tell: a level, a spread (both spreads of n-gram by one factor) and one or two of the shape. */
export const FITTED: Readonly<Record<QuantileMethod, readonly string[]>> = {
  ngram: ['startAlongOutput', 'requestSd', 'run.lengthSd', 'run.alpha', 'run.beta', 'wholeCopy.share'],
  eagle: ['difficultyAlongOutput', 'requestSd', 'local.sd'],
  eagle3: ['difficultyAlongOutput', 'requestSd', 'local.sd'],
  'draft-model': ['difficultyAlongOutput', 'requestSd', 'local.sd'],
};

const FIT = { requests: 1500, seeds: [1, 2] };
/** Deviation of the logarithm that costs one: the whiskers are those of a few requests. */
const TOLERANCES = [0.03, 0.01, 0.01, 0.01, 0.03];

/** Level, spread and shape: the width slopes are taken over, and how far one may stray at the cost of a tolerance. */
const COORDINATES = [
  { step: 0.15, pull: 100 },
  { step: 0.2, pull: 2 },
  { step: 0.2, pull: 1 },
];
/** The tail of the runs, and the share of whole copies. */
const OF_COPIES = [
  { step: 0.2, pull: 1 },
  { step: 0.4, pull: 2 },
];

/** The process with the part of `method` fitted; it needs that part to start from. */
export function fitQuantiles(
  process: AcceptanceProcess,
  method: QuantileMethod,
  published: readonly number[],
): AcceptanceProcess {
  const apply = (parameters: readonly number[]): AcceptanceProcess => {
    return method === 'ngram'
      ? { ...process, ngram: movedRuns(process.ngram, parameters) }
      : { ...process, [method]: movedDifficulty(process[method]!, parameters) };
  };
  const deviations = (parameters: readonly number[]) => {
    const reached = reachedQuantiles(apply(parameters), method, FIT);
    return reached.map((value, i) => Math.log(value / published[i]!) / TOLERANCES[i]!);
  };
  const coordinates = method === 'ngram' ? [...COORDINATES, ...OF_COPIES] : COORDINATES;
  const { parameters } = leastSquares(deviations, new Array(coordinates.length).fill(0), {
    steps: coordinates.map(({ step }) => step),
    iterations: 15,
    farthest: 6,
    pull: coordinates.map(({ pull }) => pull),
    // Beyond two tolerances a quantile counts by its size: some whiskers are those of runaway requests.
    softBeyond: 2,
    tolerance: 0.002,
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
    requestMeanQuantiles(sampleProcess(process, { requests, seed }).drafters.get(method)!),
  );
  return samples[0]!.map((_, i) => mean(samples.map((sample) => sample[i]!)));
}

function movedRuns(runs: CopyRuns, parameters: readonly number[]): CopyRuns {
  const [level, spread, shape, tail, whole] = parameters as [number, number, number, number, number];
  const { alpha, beta, floor, lengthSd } = runs.run;
  const { share, hazard } = runs.wholeCopy;
  const odds = (share / (1 - share)) * Math.exp(whole);
  return {
    ...runs,
    startAlongOutput: runs.startAlongOutput.map((logit) => logit + level),
    requestSd: runs.requestSd * Math.exp(spread),
    run: {
      alpha: alpha * Math.exp(tail),
      beta: beta * Math.exp(shape),
      floor,
      lengthSd: lengthSd * Math.exp(spread),
    },
    wholeCopy: { share: odds / (1 + odds), hazard },
  };
}

function movedDifficulty(difficulty: TokenDifficulty, parameters: readonly number[]): TokenDifficulty {
  const [level, spread, shape] = parameters as [number, number, number];
  return {
    ...difficulty,
    difficultyAlongOutput: difficulty.difficultyAlongOutput.map((value) => value + level),
    requestSd: difficulty.requestSd * Math.exp(spread),
    local: { ...difficulty.local, sd: difficulty.local.sd * Math.exp(shape) },
  };
}
