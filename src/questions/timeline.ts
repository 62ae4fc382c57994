/** A run step by step, of a scenario with one row: what a timeline is drawn from. */
import { noSeconds, type PartSeconds } from '../cost/work.ts';
import type { FinishedRecord, StepRecord } from '../engine/records.ts';
import { UserError } from '../errors.ts';
import { Bench } from '../scenario/bench.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { isOpen } from '../scenario/load.ts';
import { loadKind, settingsOf } from '../scenario/run.ts';

/** A step as it was observed, with its own copy of its seconds. */
export type TimelineStep = StepRecord & { readonly parts: PartSeconds };

export interface Timeline {
  readonly replicas: number;
  /** In order of their end. */
  readonly steps: readonly TimelineStep[];
  readonly finished: readonly FinishedRecord[];
}

/** @throws UserError for clones, which are no events in time, and for more than one row */
export function checkTimelineQuestion(inputs: Inputs): void {
  const { scenario, traces } = inputs;
  if (scenario.load === 'clones') {
    throw new UserError(
      '--timeline: copies of one request have none worth drawing, expected another load, such as closed or poisson:RATE',
    );
  }
  const batches = isOpen(scenario.load) ? 1 : scenario.batch.length;
  const settings = settingsOf(inputs);
  const rows = traces.length * settings.length * batches;
  if (rows === 1) return;
  const narrow = [
    ...(scenario.method.length > 1 ? ['--method'] : []),
    ...(scenario.k.length > 1 && settings.some(({ k }) => k !== null) ? ['--k'] : []),
    ...(scenario.policy.length > 1 ? ['--policy'] : []),
    ...(batches > 1 ? ['--batch'] : []),
    ...(traces.length > 1 ? ['--trace'] : []),
  ];
  throw new UserError(
    `--timeline: draws one row, and this scenario has ${rows}; name one value of ${narrow.join(', ')}`,
  );
}

/** Runs the scenario's one row under observation. */
export function timelineOf(inputs: Inputs): Timeline {
  checkTimelineQuestion(inputs);
  const { scenario, traces } = inputs;
  const steps: TimelineStep[] = [];
  const bench = new Bench(inputs, traces[0]!, loadKind(scenario), new Set());
  const finished = bench.watched(settingsOf(inputs)[0]!, isOpen(scenario.load) ? null : scenario.batch[0]!, {
    onStep: (step) => steps.push({ ...step, parts: Object.assign(noSeconds(), step.parts) }),
  });
  return { replicas: scenario.replicas, steps, finished };
}
