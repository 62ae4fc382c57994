/** `specsim list`: what ships, by name. */
import { type Command, formats } from './command.ts';

const THINGS = ['gpus', 'models', 'engines', 'methods', 'traces'] as const;

export const listCommand: Command = {
  name: 'list',
  describe: 'names that ship: gpus, models, engines, methods or traces',
  takes: [{ word: '<what>', describe: 'what to list', choices: THINGS }],
  expected: 'one of gpus, models, engines, methods and traces',
  flags: { format: formats(['table', 'json']) },
  examples: ['specsim list gpus', 'specsim list traces --format json'],
  async run({ what, format }) {
    const { catalogue } = await import('../node/catalogue.ts');
    const { table } = await import('../report/document.ts');
    const { textOf } = await import('../report/text.ts');
    const entries = await catalogue(what as (typeof THINGS)[number]);
    const columns = Object.keys(entries[0] ?? {}).map((title) => ({
      title,
      cell: (entry: (typeof entries)[number]) => entry[title] ?? '',
    }));
    process.stdout.write(
      format === 'json' ? `${JSON.stringify(entries, null, 2)}\n` : textOf([[table(entries, columns)]]),
    );
  },
};
