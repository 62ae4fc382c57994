/** `specsim sweep`: thousands of what-ifs; `specsim sweep merge`: their results in one piece. */
import { type Command, formats, OUT, text } from './command.ts';

/** Exit status of a sweep that is whole, but has points that cannot be. */
const SOME_FAILED = 3;

export const sweepCommand: Command = {
  name: 'sweep',
  describe: 'every point of a grid of scenarios, on all cores; sweep merge joins the results',
  takes: [{ word: '<grid>', describe: 'scenario file whose keys may hold lists and ranges (docs/sweep.md)' }],
  expected: 'one grid',
  flags: {
    jobs: { describe: 'worker threads (default: one a core)' },
    out: { describe: 'folder (default: GRID-sweep)' },
    resume: { holds: 'switch', describe: 'go on with what the folder holds' },
    shard: { describe: 'one part of the work: i/n, or */n or * in a job array' },
    quiet: { holds: 'switch', describe: 'no progress, no summary' },
  },
  examples: [
    'specsim sweep examples/sweep/grid.json --out results',
    'specsim sweep examples/sweep/grid.json --out results --resume',
  ],
  async run(given) {
    const { sweep } = await import('../node/sweep.ts');
    const failed = await sweep({
      grid: text(given, 'grid')!,
      jobs: text(given, 'jobs'),
      out: text(given, 'out'),
      resume: given.resume === true,
      shard: text(given, 'shard'),
      quiet: given.quiet === true,
    });
    if (failed > 0) process.exitCode = SOME_FAILED;
  },
};

export const mergeCommand: Command = {
  name: 'sweep merge',
  describe: 'the results of a sweep, all shards, in the order of the grid',
  takes: [{ word: '<folders..>', describe: 'folders of one sweep' }],
  expected: 'folders of one sweep',
  flags: { format: formats(['csv', 'json', 'parquet']), out: OUT },
  examples: [
    'specsim sweep merge results --out results.csv',
    'specsim sweep merge shard-1 shard-2 --format json --out results.json',
  ],
  async run(given) {
    const { merge } = await import('../node/sweep-merge.ts');
    await merge({
      folders: given.folders as string[],
      format: given.format as 'csv' | 'json' | 'parquet',
      out: text(given, 'out'),
    });
  },
};
