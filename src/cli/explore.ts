/** `specsim explore`: the page that runs the simulator. */
import type { CommandModule } from 'yargs';

/** Every option of this command, for the error that names the nearest. */
export const EXPLORE_OPTIONS = ['out', 'open', 'state'];

export const exploreCommand: CommandModule = {
  command: 'explore',
  describe: 'the address of a page that runs the simulator in a browser, offline',
  builder: (args) =>
    args
      .option('out', { type: 'string', requiresArg: true, describe: 'copy the page, one file, to this path' })
      .option('open', { type: 'boolean', describe: 'open it in the browser' })
      .option('state', {
        type: 'string',
        requiresArg: true,
        describe: "start at a view, such as 'gpu=h200-sxm&k=5'",
      }),
  async handler(args) {
    const { explore } = await import('../node/explore.ts');
    await explore({
      out: args.out as string | undefined,
      open: args.open === true,
      state: args.state as string | undefined,
    });
  },
};
