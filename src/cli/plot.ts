/** `specsim plot`: one picture in a file. */
import type { CommandModule } from 'yargs';
import { CHART_KINDS } from '../plot/chart.ts';
import { CARDS } from '../questions/cards.ts';
import { commandLineOf, SCENARIO_OPTIONS, scenarioFlags } from './scenario-flags.ts';

/** Flags of questions that change what they answer. */
const OWN = CARDS.flatMap(({ flags }) => Object.entries(flags ?? {})).filter(
  ([, { role }]) => role === undefined,
);

const LOOK = {
  measured: 'of speedup: crosses from a CSV with dataset, method, k, batch_size and speedup',
  theme: 'light, dark or print (default light)',
  size: 'width and height in pixels (default 760x440)',
  title: 'a title of your own',
} as const;

/** Every option of this command, for the error that names the nearest. */
export const PLOT_OPTIONS = [
  ...SCENARIO_OPTIONS.filter((name) => name !== 'format'),
  ...OWN.map(([name]) => name),
  ...Object.keys(LOOK),
];

export const plotCommand: CommandModule = {
  command: 'plot <kind> [scenario]',
  describe: 'draw one picture, of a saved result (JSON) or of a scenario that is run',
  builder(args) {
    scenarioFlags(args)
      .positional('kind', { type: 'string', describe: CHART_KINDS.join(', ') })
      .positional('scenario', {
        type: 'string',
        describe: 'a result or a scenario (JSON); flags win over a scenario',
      });
    for (const [name, describe] of [
      ...OWN.map(([flag, own]) => [flag, own.describe] as const),
      ...Object.entries(LOOK),
    ])
      args.option(name, { type: 'string', requiresArg: true, describe });
    return args;
  },
  async handler(args) {
    const [{ plot }, { lookOf }] = await Promise.all([
      import('../node/plot.ts'),
      import('../node/picture.ts'),
    ]);
    const own = Object.fromEntries(OWN.map(([name]) => [name, args[name] as string | undefined]));
    const look = lookOf(args as Parameters<typeof lookOf>[0]);
    await plot(String(args.kind), commandLineOf(args, own), look, args.measured as string | undefined);
  },
};
