/** `specsim sensitivity`: which parameter moves the answer most. */
import type { CommandModule } from 'yargs';
import { requestOf, scenarioFlags } from './scenario-flags.ts';

export const sensitivityCommand: CommandModule = {
  command: 'sensitivity [scenario]',
  describe: 'elasticity of throughput and of speedup to every parameter of the GPU and the engine',
  builder: (args) => scenarioFlags(args),
  async handler(args) {
    const { sensitivity } = await import('../node/sensitivity.ts');
    await sensitivity(requestOf(args));
  },
};
