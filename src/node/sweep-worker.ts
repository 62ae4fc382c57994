/** A worker thread of a sweep: blocks of points in, lines of results out. */
import { parentPort } from 'node:worker_threads';
import { parseMethod } from '../drafter/methods.ts';
import type { Scenario } from '../scenario/options.ts';
import { gpusOf } from '../scenario/placement.ts';
import { workspace } from '../scenario/workspace.ts';
import { Evaluator } from '../sweep/evaluate.ts';
import type { Point } from '../sweep/grid.ts';
import type { PointRecord } from '../sweep/records.ts';
import { folderLibrary } from './folder-library.ts';

/** A point to evaluate. */
export interface Task extends Point {
  readonly point: number;
  readonly id: string;
  readonly scenario: Scenario;
}

/** Lines of a finished block, each with its end, and how many of them are failures. */
export interface Finished {
  readonly lines: string;
  readonly points: number;
  readonly failed: number;
}

const port = parentPort!;
const evaluator = new Evaluator(workspace(folderLibrary, true));

let before = Promise.resolve();
port.on('message', (tasks: readonly Task[]) => {
  // One block after the other, or what neighbours share would be made for two of them in turn.
  before = before.then(() => evaluate(tasks));
});

async function evaluate(tasks: readonly Task[]): Promise<void> {
  let failed = 0;
  let lines = '';
  for (const { point, id, axes, scenario } of tasks) {
    const outcome = await evaluator.evaluate(scenario);
    const { target, drafting } = gpusOf(scenario, parseMethod(scenario.method[0]!));
    const gpus = target + drafting;
    const record: PointRecord = { point, id, axes, gpus, row: null, error: null, ...outcome };
    if (record.row === null) failed++;
    lines += `${JSON.stringify(record)}\n`;
  }
  port.postMessage({ lines, points: tasks.length, failed } satisfies Finished);
}
