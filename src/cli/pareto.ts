/** `specsim pareto`: tokens/s per user against tokens/s per GPU. */
import type { FORMATS } from '../report/formats.ts';
import { type Command, text } from './command.ts';
import { DELIVERY } from './scenario-flags.ts';

export const paretoCommand: Command = {
  name: 'pareto',
  describe: 'tokens/s per user against tokens/s per GPU in a sweep, and the best method and k',
  takes: [{ word: '<results..>', describe: 'folders of a sweep, or a merged JSON file' }],
  expected: 'folders of a sweep, or a merged JSON file',
  flags: {
    oracles: { holds: 'switch', describe: 'keep methods that know the future' },
    ...DELIVERY,
  },
  examples: ['specsim pareto results', 'specsim pareto shard-1 shard-2 --format csv --out fronts.csv'],
  async run(given) {
    const { pareto } = await import('../node/pareto.ts');
    await pareto({
      paths: given.results as string[],
      oracles: given.oracles === true,
      format: given.format as (typeof FORMATS)[number],
      out: text(given, 'out'),
    });
  },
};
