/** `specsim tune`: the best method and k at every batch size, and the schedule for an engine. */
import type { CommandModule } from 'yargs';
import { requestOf, SCENARIO_OPTIONS, scenarioFlags } from './scenario-flags.ts';

/** Every option of this command, for the error that names the nearest. */
export const TUNE_OPTIONS = [...SCENARIO_OPTIONS.filter((name) => name !== 'k'), 'max-k', 'context', 'emit'];

const EMITTED = ['vllm', 'vllm-2d', 'json'] as const;

export const tuneCommand: CommandModule = {
  command: 'tune [scenario]',
  describe: 'which method, which k, when to switch off: the best at every batch size, and its schedule',
  builder: (args) =>
    scenarioFlags(args, {
      k: 'not used: --max-k says how far to look',
      method: 'methods to choose from, comma-separated (default ngram,eagle3)',
      batch: 'batch sizes, comma-separated; 1..256 is 1,2,4 and so on (the default)',
    })
      .option('max-k', {
        type: 'string',
        requiresArg: true,
        describe: 'longest draft to try (default 16)',
      })
      .option('context', {
        type: 'string',
        requiresArg: true,
        describe: "prompt lengths to tune at, such as 1k..32k, instead of the trace's",
      })
      .option('emit', {
        choices: EMITTED,
        requiresArg: true,
        describe: 'print the schedule alone: json, or as the speculative_config of vLLM',
      }),
  async handler(args) {
    const { tuneRequest } = await import('../node/tune.ts');
    await tuneRequest(requestOf(args), {
      maxK: args.maxK as string | undefined,
      context: args.context as string | undefined,
      emit: args.emit as (typeof EMITTED)[number] | undefined,
    });
  },
};
