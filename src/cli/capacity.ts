/** `specsim capacity`: how much load a method takes. */
import type { CommandModule } from 'yargs';
import { requestOf, scenarioFlags } from './scenario-flags.ts';

export const capacityCommand: CommandModule = {
  command: 'capacity [scenario]',
  describe: 'the highest rate of requests that holds an SLO, with and without speculation',
  builder: (args) =>
    scenarioFlags(args, {
      load: 'pattern of arrivals, whose rate is only where the search starts (default poisson:1)',
      slo: 'limits such as ttft=500ms,tpot=30ms,share=95% (also itl, e2e; share: 99% unless said)',
    }),
  async handler(args) {
    const { capacity } = await import('../node/capacity.ts');
    await capacity(requestOf(args));
  },
};
