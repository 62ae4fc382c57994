/** `specsim calibrate`: fit a GPU profile to measured kernels, and an engine profile to serving figures. */
import { type Command, text } from './command.ts';

export const calibrateCommand: Command = {
  name: 'calibrate',
  describe: 'fit a GPU profile to kernel times, an engine profile to serving figures',
  expected: 'none',
  flags: {
    gpu: {
      required: true,
      describe: 'GPU by name or profile file; of tables of served loads several, comma-separated',
      control: { kind: 'name', of: 'gpu' },
    },
    engine: {
      describe: 'engine profile, by name or file, whose times serving figures are fitted from',
      control: { kind: 'name', of: 'engine' },
    },
    framework: {
      describe: 'serving engine whose rows are taken, such as vllm (its newest version) or vllm/0.24.0',
    },
    target: {
      describe:
        'the model that was benchmarked; of a table of served loads the one that is taken, else every',
    },
    tp: { describe: 'GPUs that the benchmarked server ran on; default: 1' },
    dtype: { describe: 'number format of the benchmarked model; default: as it is published' },
    kernel: { describe: 'part of a kernel name, where tables hold several' },
    system: { describe: 'machine, where tables hold several' },
    source: { describe: 'where the tables come from, for the profile' },
    out: { describe: 'the GPU profile to write, for specsim run --gpu' },
    'engine-out': {
      describe: 'the engine profile to write, for specsim run --engine; default: beside --out',
    },
    ops: {
      holds: 'list',
      describe: 'tables of measured operations: CSV, or CSV in gzip (docs/calibration.md)',
    },
    serving: {
      holds: 'list',
      describe: 'tables of serving figures, or JSON of vllm bench serve, SGLang bench_serving or AIPerf',
    },
    'keep-unphysical': {
      holds: 'switch',
      describe: 'keep efficiencies above 1, negative times and corners below 1',
    },
  },
  examples: [
    'specsim calibrate --gpu h100-sxm --ops gemm.csv --out my-gpu.json',
    'specsim calibrate --gpu l4 --target NAME --serving b.json --engine-out e.json',
  ],
  async run(given) {
    const { calibrate } = await import('../node/calibrate.ts');
    await calibrate({
      gpu: text(given, 'gpu')!,
      engine: text(given, 'engine'),
      framework: text(given, 'framework'),
      target: text(given, 'target'),
      tp: text(given, 'tp'),
      dtype: text(given, 'dtype'),
      kernel: text(given, 'kernel'),
      system: text(given, 'system'),
      source: text(given, 'source'),
      out: text(given, 'out'),
      engineOut: text(given, 'engine-out'),
      ops: given.ops as string[],
      serving: given.serving as string[],
      keepUnphysical: given['keep-unphysical'] === true,
    });
  },
};
