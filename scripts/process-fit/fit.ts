/** The search for the process of a recording: the look-up first, then the head with the look-up fixed. */
import { leastSquares } from '../../src/cost/calibration/least-squares.ts';
import { type AcceptanceProcess, sampleProcess } from '../../src/trace/process.ts';
import type { AcceptanceTrace } from '../../src/trace/trace.ts';
import { deviations, eagle3Moments, type Moments, ngramMoments } from './moments.ts';
import { eagle3Stage, ngramStage, type Stage } from './parameters.ts';
import { mean } from './replay-totals.ts';

/** Samples that the search compares with the recording, at every point that it looks at. */
const FIT_SEEDS = [1, 2];
/** Samples that tell, where a search starts, how far those few are from the process: what they have by chance is not fitted. */
const LEVEL_SEEDS = Array.from({ length: 24 }, (_, i) => 101 + i);

/** Requests that are sampled for a rough fit. */
const ROUGH = 1000;

/**
 * Fits from a plain guess: roughly, then with `requests` sampled requests.
 *
 * @param log told how the search goes
 */
export function fitProcess(
  guess: AcceptanceProcess,
  recording: AcceptanceTrace,
  requests: number,
  log: (line: string) => void,
): AcceptanceProcess {
  const rough = fitOnce(guess, recording, Math.min(ROUGH, requests), FIT_SEEDS.slice(0, 1), log);
  return refineProcess(rough, recording, requests, log);
}

/** The parts that are fitted, one after the other. */
export const PARTS = ['ngram', 'eagle3'] as const;
export type Part = (typeof PARTS)[number];

/** Fits from a process that is near already; parts that are not named are left as they are. */
export function refineProcess(
  start: AcceptanceProcess,
  recording: AcceptanceTrace,
  requests: number,
  log: (line: string) => void,
  parts: readonly Part[] = PARTS,
): AcceptanceProcess {
  return fitOnce(start, recording, requests, FIT_SEEDS, log, parts);
}

function fitOnce(
  start: AcceptanceProcess,
  recording: AcceptanceTrace,
  requests: number,
  seeds: readonly number[],
  log: (line: string) => void,
  parts: readonly Part[] = PARTS,
): AcceptanceProcess {
  let fitted = start;
  for (const part of parts) {
    log(`${part}, ${requests} requests`);
    fitted =
      part === 'ngram'
        ? fitStage(ngramStage(fitted), recording, ngramMoments, requests, seeds, log)
        : fitStage(eagle3Stage(fitted), recording, eagle3Moments, requests, seeds, log);
  }
  return fitted;
}

function fitStage(
  stage: Stage,
  recording: AcceptanceTrace,
  moments: (trace: AcceptanceTrace) => Moments,
  requests: number,
  seeds: readonly number[],
  log: (line: string) => void,
): AcceptanceProcess {
  const target = moments(recording);
  const deviationsOf = (parameters: readonly number[], of: readonly number[]) => {
    const process = stage.apply(parameters);
    const all = of.map((seed) => deviations(target, moments(sampleProcess(process, { requests, seed }))));
    return all[0]!.map((_, i) => mean(all.map((sample) => sample[i]!)));
  };
  const few = deviationsOf(stage.start, seeds);
  const level = deviationsOf(stage.start, LEVEL_SEEDS).map((deviation, i) => deviation - few[i]!);
  const deviationsAt = (parameters: readonly number[]) =>
    deviationsOf(parameters, seeds).map((deviation, i) => deviation + level[i]!);
  // Slopes over steps far wider than the simulation's noise; what the data do not tell stays where it was.
  const { parameters: found } = leastSquares(deviationsAt, stage.start, {
    steps: stage.steps,
    iterations: 12,
    farthest: 6,
    pull: stage.steps.map((step) => 12 * step),
    tolerance: 0.003,
    log,
  });
  const names = [...target.keys()];
  const worst = deviationsAt(found)
    .map((value, i) => [names[i]!, value] as const)
    .sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  for (const [moment, value] of worst.slice(0, 12)) log(`  ${moment}: ${value.toFixed(1)}`);
  return stage.apply(found);
}
