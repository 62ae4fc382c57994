/** `specsim compare`: GPUs side by side. */
import type { CommandModule } from 'yargs';
import { requestOf, scenarioFlags } from './scenario-flags.ts';

export const compareCommand: CommandModule = {
  command: 'compare [scenario]',
  describe: 'GPUs side by side: tokens/s, best method and k, break-even batch, and what binds',
  builder: (args) =>
    scenarioFlags(args, {
      gpu: 'GPUs by name, or profile files, comma-separated (default h100-sxm)',
      k: 'draft lengths to choose from, comma-separated (default 1,2,3,4,5,6,8)',
    }),
  async handler(args) {
    const { compare } = await import('../node/compare.ts');
    await compare(requestOf(args));
  },
};
