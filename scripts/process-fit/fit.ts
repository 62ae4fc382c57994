/** The search for the process of a recording: the look-up first, then the head with the look-up fixed. */
import { leastSquares } from '../../src/cost/calibration/least-squares.ts';
import { type AcceptanceProcess, sampleProcess } from '../../src/trace/process.ts';
import type { AcceptanceTrace } from '../../src/trace/trace.ts';
import { deviations, eagle3Moments, type Moments, ngramMoments } from './moments.ts';
import { eagle3Stage, ngramStage, type Stage } from './parameters.ts';

/** Samples that the fit compares with the recording. */
const FIT_SEEDS = [1, 2];

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

/** Fits from a process that is near already. */
export function refineProcess(
  start: AcceptanceProcess,
  recording: AcceptanceTrace,
  requests: number,
  log: (line: string) => void,
): AcceptanceProcess {
  return fitOnce(start, recording, requests, FIT_SEEDS, log);
}

function fitOnce(
  start: AcceptanceProcess,
  recording: AcceptanceTrace,
  requests: number,
  seeds: readonly number[],
  log: (line: string) => void,
): AcceptanceProcess {
  log(`n-gram, ${requests} requests`);
  const lookedUp = fitStage(ngramStage(start), recording, ngramMoments, requests, seeds, log);
  log(`eagle-3, ${requests} requests`);
  return fitStage(eagle3Stage(lookedUp), recording, eagle3Moments, requests, seeds, log);
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
  const deviationsAt = (parameters: readonly number[]) => {
    const process = stage.apply(parameters);
    const all = seeds.map((seed) => deviations(target, moments(sampleProcess(process, { requests, seed }))));
    return all[0]!.map((_, i) => all.reduce((total, sample) => total + sample[i]!, 0) / all.length);
  };
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
