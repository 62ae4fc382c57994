/** `specsim list`: what ships, by name. */
import type { CommandModule } from 'yargs';

const THINGS = ['gpus', 'models', 'engines', 'methods', 'traces'] as const;

/** Every option, for the error that names the nearest. */
export const LIST_OPTIONS = ['format'];

export const listCommand: CommandModule<object, { what: string; format: string }> = {
  command: 'list <what>',
  describe: 'names that ship: gpus, models, engines, methods or traces',
  builder: (args) =>
    args
      .positional('what', { choices: THINGS, demandOption: true })
      .option('format', { choices: ['table', 'json'], requiresArg: true, default: 'table' }),
  async handler({ what, format }) {
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
