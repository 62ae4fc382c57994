/** `specsim sweep`: thousands of what-ifs; `specsim sweep merge`: their results in one piece. */
import type { Argv, CommandModule } from 'yargs';

/** Exit status of a sweep that is whole, but has points that cannot be. */
const SOME_FAILED = 3;

/** Every option of `sweep` and `sweep merge`, for the error that names the nearest. */
export const SWEEP_OPTIONS = ['jobs', 'out', 'resume', 'shard', 'quiet'];
export const MERGE_OPTIONS = ['format', 'out'];

const pointsCommand: CommandModule = {
  command: '$0 <grid>',
  describe: 'evaluate every point of a grid of scenarios, on all cores',
  builder: (args) =>
    args
      .positional('grid', {
        type: 'string',
        describe: 'scenario file whose keys may hold lists and ranges (docs/sweep.md)',
      })
      .option('jobs', { type: 'string', requiresArg: true, describe: 'worker threads (default: one a core)' })
      .option('out', { type: 'string', requiresArg: true, describe: 'folder (default: GRID-sweep)' })
      .option('resume', { type: 'boolean', describe: 'go on with what the folder holds' })
      .option('shard', {
        type: 'string',
        requiresArg: true,
        describe: 'one part of the work: i/n, or */n or * in a job array',
      })
      .option('quiet', { type: 'boolean', describe: 'no progress, no summary' }),
  async handler(args) {
    const { sweep } = await import('../node/sweep.ts');
    const failed = await sweep({
      grid: args.grid as string,
      jobs: args.jobs as string | undefined,
      out: args.out as string | undefined,
      resume: args.resume === true,
      shard: args.shard as string | undefined,
      quiet: args.quiet === true,
    });
    if (failed > 0) process.exitCode = SOME_FAILED;
  },
};

const mergeCommand: CommandModule = {
  command: 'merge <folders..>',
  describe: 'the results of a sweep, all shards, in the order of the grid',
  builder: (args) =>
    args
      .positional('folders', { type: 'string', describe: 'folders of one sweep' })
      .option('format', {
        choices: ['csv', 'json', 'parquet'],
        requiresArg: true,
        default: 'csv',
        describe: 'output format',
      })
      .option('out', { type: 'string', requiresArg: true, describe: 'write to this file instead' }),
  async handler(args) {
    const { merge } = await import('../node/sweep-merge.ts');
    await merge({
      folders: args.folders as string[],
      format: args.format as 'csv' | 'json' | 'parquet',
      out: args.out as string | undefined,
    });
  },
};

export const sweepCommand = {
  command: 'sweep',
  describe: 'every point of a grid of scenarios, on all cores; sweep merge joins the results',
  builder: (args: Argv) => args.command(pointsCommand).command(mergeCommand),
};
