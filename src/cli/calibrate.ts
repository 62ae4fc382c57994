/** `specsim calibrate`: fit a GPU profile to measured kernels, and an engine profile to serving figures. */
import type { CommandModule } from 'yargs';

const TEXTS = {
  gpu: 'GPU by name, or a profile file: the data sheet that efficiencies are shares of',
  engine: 'engine profile, by name or file, whose times serving figures are fitted from',
  framework: 'serving engine whose rows are taken, such as vllm (its newest version) or vllm/0.24.0',
  target: 'the one model whose rows of a table of served loads are taken; default: every model',
  kernel: 'part of a kernel name, where tables hold several',
  system: 'machine, where tables hold several',
  source: 'where the tables come from, for the profile',
  out: 'the GPU profile to write, for specsim run --gpu',
  'engine-out': 'the engine profile to write, for specsim run --engine; default: beside --out',
} as const;

const LISTS = {
  ops: 'tables of measured operations: CSV, or CSV in gzip (docs/calibration.md)',
  serving: 'tables of measured step times, throughputs and time shares',
} as const;

/** Options that may be repeated. */
export const CALIBRATE_LISTS = Object.keys(LISTS);

/** Every option of `calibrate`, for the error that names the nearest. */
export const CALIBRATE_OPTIONS = [...Object.keys(TEXTS), ...CALIBRATE_LISTS, 'keep-unphysical'];

export const calibrateCommand: CommandModule = {
  command: 'calibrate',
  describe: 'fit a GPU profile to kernel times, an engine profile to serving figures',
  builder(args) {
    for (const [name, describe] of Object.entries(TEXTS)) {
      args.option(name, { type: 'string', requiresArg: true, describe });
    }
    for (const [name, describe] of Object.entries(LISTS)) {
      args.option(name, { type: 'string', array: true, requiresArg: true, default: [], describe });
    }
    return args.demandOption('gpu').option('keep-unphysical', {
      type: 'boolean',
      default: false,
      describe: 'keep efficiencies above 1, negative times and corners below 1',
    });
  },
  async handler(args) {
    const { calibrate } = await import('../node/calibrate.ts');
    const text = (name: keyof typeof TEXTS) => args[name] as string | undefined;
    await calibrate({
      gpu: text('gpu')!,
      engine: text('engine'),
      framework: text('framework'),
      target: text('target'),
      kernel: text('kernel'),
      system: text('system'),
      source: text('source'),
      out: text('out'),
      engineOut: text('engine-out'),
      ops: args.ops as string[],
      serving: args.serving as string[],
      keepUnphysical: args['keep-unphysical'] === true,
    });
  },
};
