/** The search for the process of a recording: the look-up first, then the head with the look-up fixed. */
import { leastSquares } from '../../src/cost/calibration/least-squares.ts';
import { type AcceptanceProcess, sampleProcess } from '../../src/trace/process.ts';
import type { AcceptanceTrace } from '../../src/trace/trace.ts';
import { deviations, eagle3Moments, type Moments, ngramMoments } from './moments.ts';
import { eagle3Stage, ngramStage, type Stage } from './parameters.ts';

/** Samples that the fit compares with the recording. */
const FIT_SEEDS = [1, 2];

/**
 * Fits twice, roughly and then with `requests` sampled requests.
 *
 * @param log told how the search goes
 */
export function fitProcess(
  start: AcceptanceProcess,
  recording: AcceptanceTrace,
  requests: number,
  log: (line: string) => void,
): AcceptanceProcess {
  let process = start;
  for (const [count, seeds] of [
    [Math.min(1000, requests), FIT_SEEDS.slice(0, 1)],
    [requests, FIT_SEEDS],
  ] as const) {
    log(`n-gram, ${count} requests`);
    process = fitStage(ngramStage(process), recording, ngramMoments, count, seeds, log);
    log(`eagle-3, ${count} requests`);
    process = fitStage(eagle3Stage(process), recording, eagle3Moments, count, seeds, log);
  }
  return process;
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
