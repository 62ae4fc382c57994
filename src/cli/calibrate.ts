/** `specsim calibrate`: fit a GPU profile to measured kernels. */
import type { CommandModule } from 'yargs';

interface Args {
  gpu: string;
  ops: string[];
  framework: string | undefined;
  kernel: string | undefined;
  system: string | undefined;
  source: string | undefined;
  'keep-unphysical': boolean;
  out: string;
}

export const CALIBRATE_OPTIONS = [
  'gpu',
  'ops',
  'framework',
  'kernel',
  'system',
  'source',
  'keep-unphysical',
  'out',
];

export const calibrateCommand: CommandModule<object, Args> = {
  command: 'calibrate',
  describe: 'fit the efficiencies of a GPU profile to measured kernel times',
  builder: {
    gpu: {
      type: 'string',
      requiresArg: true,
      demandOption: true,
      describe: 'GPU by name, or a profile file: the data sheet that efficiencies are shares of',
    },
    ops: {
      type: 'string',
      array: true,
      requiresArg: true,
      demandOption: true,
      describe: 'tables of measured operations: CSV files, or CSV in gzip',
    },
    framework: {
      type: 'string',
      requiresArg: true,
      describe: 'serving engine whose rows are taken, such as vllm (its newest version) or vllm/0.24.0',
    },
    kernel: { type: 'string', requiresArg: true, describe: 'part of a kernel name, where there are several' },
    system: { type: 'string', requiresArg: true, describe: 'machine in tables that hold several' },
    source: { type: 'string', requiresArg: true, describe: 'where the tables come from, for the profile' },
    'keep-unphysical': {
      type: 'boolean',
      default: false,
      describe: 'keep efficiencies above 1, negative times and corners below 1',
    },
    out: {
      type: 'string',
      requiresArg: true,
      demandOption: true,
      describe: 'the profile to write, for specsim run --gpu',
    },
  },
  async handler(args) {
    const { calibrate } = await import('../node/calibrate.ts');
    await calibrate({ ...args, keepUnphysical: args['keep-unphysical'] });
  },
};
