/** `specsim run`: replay a trace on a GPU, with and without speculation. */
import type { CommandModule } from 'yargs';
import { requestOf, SCENARIO_OPTIONS, scenarioFlags } from './scenario-flags.ts';

/** Every option of this command, for the error that names the nearest. */
export const RUN_OPTIONS = [...SCENARIO_OPTIONS, 'timeline'];

export const runCommand: CommandModule = {
  command: 'run [scenario]',
  describe: 'replay an acceptance trace on a GPU: tokens/s, speedup, and where the time goes',
  builder: (args) =>
    scenarioFlags(args).option('timeline', {
      type: 'string',
      requiresArg: true,
      describe: 'write the one row step by step to this file, for ui.perfetto.dev',
    }),
  async handler(args) {
    const { run } = await import('../node/run.ts');
    await run(requestOf(args), args.timeline as string | undefined);
  },
};
