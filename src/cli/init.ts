/** `specsim init`: a scenario file to go on from. */
import { type Command, text } from './command.ts';
import { commandLineOf, optionFlags } from './scenario-flags.ts';

export const initCommand: Command = {
  name: 'init',
  describe: 'write a scenario file, in which editors complete and explain every option',
  takes: [{ word: '[file]', describe: 'a new file (default: scenario.json)' }],
  expected: 'at most one new file',
  flags: optionFlags(),
  examples: ['specsim init', 'specsim init h200.json --gpu h200-sxm --method none,eagle3 --k 1..5'],
  async run(given) {
    const { init } = await import('../node/init.ts');
    await init(text(given, 'file') ?? 'scenario.json', commandLineOf(given).flags);
  },
};
