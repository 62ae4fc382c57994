/** `specsim run`: replay a trace on a GPU, with and without speculation. */
import type { CommandModule } from 'yargs';
import { UserError } from '../errors.ts';

/** Flags that are scenario keys, in the order of the help. */
const FLAGS = {
  gpu: 'GPU by name, or a profile file',
  tp: 'GPUs that share the model (tensor parallel)',
  target: 'target model by name, or a Hugging Face config.json',
  draft: 'draft model or head by name, or a file; serves the methods it fits',
  dtype: 'number format of the target weights: bf16, fp8 or int4',
  engine: 'engine profile by name, or a file',
  method: 'methods, comma-separated (specsim list methods)',
  k: 'draft lengths, comma-separated',
  trace: 'acceptance traces by name, or files, comma-separated',
  acceptance: 'stated acceptance METHOD=SPEC; SPEC is 0.62, 0.85:0.6:0.35 or 3.1@3; may be repeated',
  'prompt-len': "prompt length in tokens, instead of the trace's",
  'output-len': "output length in tokens, instead of the trace's",
  batch: 'batch sizes (with a closed load: concurrencies), comma-separated',
  load: 'clones, closed or poisson:RATE (requests/s)',
  requests: 'how many requests of the trace',
  seed: 'seed of everything random',
  cost: 'cost model: roofline or specdecode-bench',
} as const;

/** Every option of `run`, for the error that names the nearest. */
export const RUN_OPTIONS = [...Object.keys(FLAGS), 'keep-truncated', 'format', 'out'];

export const runCommand: CommandModule = {
  command: 'run [scenario]',
  describe: 'replay an acceptance trace on a GPU: tokens/s, speedup, and where the time goes',
  builder(args) {
    args.positional('scenario', { type: 'string', describe: 'scenario file (JSON); flags win over it' });
    for (const [name, describe] of Object.entries(FLAGS)) {
      args.option(name, { type: 'string', requiresArg: true, describe });
    }
    return args
      .option('keep-truncated', {
        type: 'boolean',
        describe: "keep requests that reached the recording's output limit",
      })
      .option('format', { choices: ['table', 'csv', 'json'], default: 'table', describe: 'output format' })
      .option('out', { type: 'string', requiresArg: true, describe: 'write to this file instead' });
  },
  async handler(args) {
    const { run } = await import('../node/run.ts');
    const flags: Record<string, unknown> = {};
    for (const name of [...Object.keys(FLAGS), 'keep-truncated']) {
      if (args[name] !== undefined) flags[name] = args[name];
    }
    if (flags.acceptance !== undefined) flags.acceptance = acceptances(flags.acceptance);
    await run({
      scenarioFile: args.scenario as string | undefined,
      flags,
      format: args.format as 'table' | 'csv' | 'json',
      out: args.out as string | undefined,
    });
  },
};

function acceptances(given: unknown): Record<string, string> {
  const specs = [given].flat().map((spec) => {
    const [, method, value] = /^([^=]+)=(.+)$/.exec(String(spec)) ?? [];
    if (method === undefined || value === undefined) {
      throw new UserError(
        `--acceptance: got ${JSON.stringify(spec)}, expected METHOD=SPEC, such as eagle=0.62`,
      );
    }
    return [method, value] as const;
  });
  return Object.fromEntries(specs);
}
