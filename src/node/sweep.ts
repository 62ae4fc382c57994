/** `specsim sweep`: every point of a grid, on all cores, into a folder. */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { basename, extname } from 'node:path';
import v8 from 'node:v8';
import { Worker } from 'node:worker_threads';
import { UserError } from '../errors.ts';
import { TOOL } from '../scenario/result.ts';
import { workspace } from '../scenario/workspace.ts';
import { sha256 } from '../sha256.ts';
import { inShell } from '../shell.ts';
import { expandGrid, type Point, USUAL_PER_S } from '../sweep/grid.ts';
import { Identity } from '../sweep/identity.ts';
import { blocksOf, Deal, type Shard } from '../sweep/plan.ts';
import { SWEEP_SCHEMA_VERSION, type SweepHead } from '../sweep/records.ts';
import { parseShard } from '../sweep/shard.ts';
import { folderLibrary } from './folder-library.ts';
import { readJsonFile } from './json-file.ts';
import { type Appender, openFolder, programHash } from './sweep-folder.ts';
import { sweepProgress } from './sweep-progress.ts';
import type { Finished, Task } from './sweep-worker.ts';

/** Exit status of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** From so many points on a sweep says beforehand how long it may take: docs/benchmarks.md has the rate. */
const MANY = 20_000;

interface SweepRequest {
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
  const { grid } = request;
  const jobs = jobsOf(request.jobs);
  const shard = parseShard(request.shard ?? '1/1', process.env);
  const points = expandGrid(await readJsonFile('grid', grid), grid);
  // They take as long to load as the points to be named.
  const workers = startWorkers(Math.min(jobs, points.length));
  try {
    return await sweepWith(workers, points, shard, request);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

async function sweepWith(
  workers: readonly Worker[],
  points: readonly Point[],
  shard: Shard,
  { grid, out, resume, quiet }: SweepRequest,
): Promise<number> {
  if (!quiet && points.length >= MANY) {
    const minutes = points.length / (60 * USUAL_PER_S * workers.length);
    process.stderr.write(
      `${points.length} points: at the usual ${USUAL_PER_S} a second and worker about ${Math.ceil(minutes)} minutes\n`,
    );
  }
  const identity = new Identity(workspace(folderLibrary, true), (text) =>
    createHash('sha256').update(text).digest('hex'),
  );
  // One after the other: what is under way of a hundred thousand at once takes more memory than they do.
  const ids: string[] = [];
  for (const { scenario } of points) ids.push(await identity.of(scenario));
  const head: SweepHead = {
    schemaVersion: SWEEP_SCHEMA_VERSION,
    tool: TOOL,
    sweep: await sha256(ids.join('\n')),
    program: await programHash(),
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
  const again = ['specsim', 'sweep', grid, '--out', folder, '--resume'].map(inShell).join(' ');
  const stop = () => {
    process.stderr.write(`\nstopped: what is done stays in ${folder}; go on with ${again}\n`);
    process.exit(INTERRUPTED);
  };
  process.once('SIGINT', stop);
  const failed =
    failedBefore + (left.length === 0 ? 0 : await workOff(left, workers, opened.begin(), progress));
  process.removeListener('SIGINT', stop);
  if (!quiet) {
    const part = shard.count === 1 ? '' : ` (shard ${shard.index} of ${shard.count})`;
    const earlier = before.length === 0 ? '' : `, ${before.length} of them before`;
    process.stdout.write(
      `${folder}: ${mine.length} of ${points.length} points done${part}${earlier}, ${failed} failed\n` +
        `next: specsim sweep merge ${inShell(folder)}, or specsim pareto ${inShell(folder)}\n`,
    );
  }
  return failed;
}

/**
 * Has V8 compile and collect garbage on the thread that runs, where workers take all cores: what others would do of it beside
 * takes a tenth more processor time.
 */
function keepToThreads(): void {
  v8.setFlagsFromString('--no-concurrent-recompilation');
  v8.setFlagsFromString('--no-parallel-scavenge');
}

function startWorkers(jobs: number): Worker[] {
  if (jobs >= availableParallelism()) keepToThreads();
  const file = new URL(`./sweep-worker${extname(import.meta.url)}`, import.meta.url);
  return Array.from(
    { length: jobs },
    () => new Worker(file, { resourceLimits: { maxYoungGenerationSizeMb: 64 } }),
  );
}

/** Ends when all blocks are finished, or with the first error. */
async function workOff(
  blocks: readonly (readonly Task[])[],
  workers: readonly Worker[],
  out: Appender,
  progress: (points: number) => void,
): Promise<number> {
  const deal = new Deal(blocks, workers.length);
  let failed = 0;
  const serve = (worker: Worker, index: number) =>
    new Promise<void>((resolve, reject) => {
      let dealt = 0;
      const next = () => {
        const block = deal.next(index);
        if (block !== undefined) {
          dealt++;
          worker.postMessage(block);
        } else if (dealt === 0) resolve();
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
        dealt--;
        next();
      });
      worker.on('error', reject);
      // A block waits behind the one under way, so that no worker waits for its next.
      next();
      next();
    });
  try {
    await Promise.all(workers.map(serve));
  } finally {
    out.close();
  }
  return failed;
}

function jobsOf(given: string | undefined): number {
  if (given === undefined) return availableParallelism();
  if (/^[1-9]\d{0,3}$/.test(given)) return Number(given);
  throw new UserError(`--jobs: got ${JSON.stringify(given)}, expected a whole number from 1 to 9999`);
}
