/** `specsim explain`: why a setting is as fast as it is. */
import type { CommandModule } from 'yargs';
import { requestOf, scenarioFlags } from './scenario-flags.ts';

export const explainCommand: CommandModule = {
  command: 'explain [scenario]',
  describe: 'why: what each draft position brings and costs, what is wasted, what binds, what would help',
  builder: (args) =>
    scenarioFlags(args, {
      method: 'the method (default eagle3)',
      k: 'the draft length (default 3)',
      batch: 'batch sizes (with a closed load: concurrencies), comma-separated (default 1,64)',
    }),
  async handler(args) {
    const { explainRequest } = await import('../node/explain.ts');
    await explainRequest(requestOf(args));
  },
};
