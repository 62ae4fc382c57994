/** Serving a load: when requests arrive, and what is kept of a run to measure it. */
import { arrivalTimes } from '../workload/arrivals.ts';
import type { Inputs } from './inputs.ts';
import { parseLoad } from './load.ts';

/** When the first `count` requests of an open load arrive, in seconds, ascending. */
export function arrivalsOf(
  { scenario, recordedArrivalS }: Pick<Inputs, 'scenario' | 'recordedArrivalS'>,
  count: number,
): Float64Array {
  const load = parseLoad(scenario.load);
  if (load?.kind === 'open') return arrivalTimes(load.arrivals, count, scenario.seed);
  return recordedArrivalS!.slice(0, count);
}
