/** `specsim pareto`: tokens/s per user against tokens/s per GPU. */
import type { CommandModule } from 'yargs';
import { FORMATS } from '../report/formats.ts';

/** Every option, for the error that names the nearest. */
export const PARETO_OPTIONS = ['oracles', 'format', 'out'];

export const paretoCommand: CommandModule = {
  command: 'pareto <results..>',
  describe: 'tokens/s per user against tokens/s per GPU in a sweep, and the best method and k',
  builder: (args) =>
    args
      .positional('results', { type: 'string', describe: 'folders of a sweep, or a merged JSON file' })
      .option('oracles', { type: 'boolean', default: false, describe: 'keep methods that know the future' })
      .option('format', {
        choices: FORMATS,
        requiresArg: true,
        default: 'table',
        describe: 'output format',
      })
      .option('out', { type: 'string', requiresArg: true, describe: 'write to this file instead' }),
  async handler(args) {
    const { pareto } = await import('../node/pareto.ts');
    await pareto({
      paths: args.results as string[],
      oracles: args.oracles === true,
      format: args.format as (typeof FORMATS)[number],
      out: args.out as string | undefined,
    });
  },
};
