/** `specsim sweep`: every point of a grid, on all cores, into a folder. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { UserError } from '../errors.ts';
import { sha256 } from '../scenario/inputs.ts';
import { TOOL } from '../scenario/result.ts';
import { expandGrid } from '../sweep/grid.ts';
import { Identity } from '../sweep/identity.ts';
import { blocksOf } from '../sweep/plan.ts';
import { SWEEP_SCHEMA_VERSION, type SweepHead } from '../sweep/records.ts';
import { parseShard } from '../sweep/shard.ts';
import { sharedLibrary } from '../sweep/shared-library.ts';
import { folderLibrary } from './folder-library.ts';
import { type Appender, openFolder } from './sweep-folder.ts';
import { sweepProgress } from './sweep-progress.ts';
import type { Finished, Task } from './sweep-worker.ts';

export interface SweepRequest {
  readonly grid: string;
  /** Worker threads; default: one for each core. */
  readonly jobs: string | undefined;
  readonly out: string | undefined;
  readonly resume: boolean;
  readonly shard: string | undefined;
  readonly quiet: boolean;
}

/**
 * Works off what is not done yet.
 *
 * @returns how many points of this shard failed, earlier ones included
 * @throws UserError before any work for a bad grid or folder, and when results cannot be written
 */
export async function sweep(request: SweepRequest): Promise<number> {
  const { grid, out, resume, quiet } = request;
  const jobs = jobsOf(request.jobs);
  const shard = parseShard(request.shard ?? '1/1', process.env);
  const points = expandGrid(await readGrid(grid), grid);
  const identity = new Identity(sharedLibrary(folderLibrary));
  const ids = await Promise.all(points.map(({ scenario }) => identity.of(scenario)));
  const head: SweepHead = {
    schemaVersion: SWEEP_SCHEMA_VERSION,
    tool: TOOL,
    sweep: await sha256(ids.join('\n')),
    points: points.length,
  };
  const folder = out ?? `${basename(grid, '.json')}-sweep`;
  const blocks = blocksOf(points, shard);
  const opened = await openFolder(folder, head, shard, resume);
  const done = new Map(opened.done.map((record) => [record.point, record]));
  const tasks = blocks.map((block) =>
    block.filter((p) => !done.has(p)).map((p): Task => ({ point: p, id: ids[p]!, ...points[p]! })),
  );
  const mine = blocks.flat();
  const before = mine.filter((p) => done.has(p));
  const failedBefore = before.filter((p) => done.get(p)!.row === null).length;
  const left = tasks.filter((block) => block.length > 0);
  const progress = sweepProgress(mine.length - before.length, quiet);
  const failed = failedBefore + (await workOff(left, Math.min(jobs, left.length), opened.out, progress));
  if (!quiet) {
    const part = shard.count === 1 ? '' : ` (shard ${shard.index} of ${shard.count})`;
    const again = before.length === 0 ? '' : `, ${before.length} of them before`;
    process.stdout.write(
      `${folder}: ${mine.length} of ${points.length} points done${part}${again}, ${failed} failed\n` +
        `next: specsim sweep merge ${folder}, or specsim pareto ${folder}\n`,
    );
  }
  return failed;
}

/** Deals blocks to workers as they get free; ends with the first error, and the workers with it. */
async function workOff(
  blocks: readonly (readonly Task[])[],
  jobs: number,
  out: Appender,
  progress: (points: number) => void,
): Promise<number> {
  const file = new URL(`./sweep-worker${extname(import.meta.url)}`, import.meta.url);
  const workers: Worker[] = [];
  let next = 0;
  let failed = 0;
  const serve = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(file);
      workers.push(worker);
      const deal = () => {
        const block = blocks[next++];
        if (block === undefined) resolve();
        else worker.postMessage(block);
      };
      worker.on('message', (finished: Finished) => {
        try {
          out.append(finished.lines);
        } catch (error) {
          reject(error);
          return;
        }
        failed += finished.failed;
        progress(finished.points);
        deal();
      });
      worker.on('error', reject);
      deal();
    });
  try {
    await Promise.all(Array.from({ length: jobs }, serve));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
    out.close();
  }
  return failed;
}

function jobsOf(given: string | undefined): number {
  if (given === undefined) return availableParallelism();
  if (/^[1-9]\d{0,3}$/.test(given)) return Number(given);
  throw new UserError(`--jobs: got ${JSON.stringify(given)}, expected a whole number from 1 to 9999`);
}

async function readGrid(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === undefined
        ? `${path}: not valid JSON: ${message.toLowerCase()}`
        : `grid ${path}: cannot be read (${code}), expected a JSON file`,
    );
  }
}
