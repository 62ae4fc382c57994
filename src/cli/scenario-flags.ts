/** The flags of every command that runs a scenario, and the request they make. */
import type { Argv } from 'yargs';
import { UserError } from '../errors.ts';
import type { Request } from '../node/request.ts';

/** Flags that are scenario keys, in the order of the help. */
const FLAGS = {
  gpu: 'GPU by name, or a profile file',
  set: 'what if: PATH=VALUE, such as hardware.memoryBandwidth=1.2x; may be repeated',
  tp: 'GPUs that share the model (tensor parallel)',
  target: 'target model by name, or a Hugging Face config.json',
  draft: 'draft model or head by name, or a file; serves the methods it fits',
  dtype: 'number format of the target weights: bf16, fp8 or int4',
  engine: 'engine profile by name, or a file',
  method: 'methods, comma-separated (specsim list methods)',
  k: 'draft lengths, comma-separated; with a policy, the longest',
  policy:
    'who decides how far to draft, comma-separated: fixed, table:FILE, off-above:BATCH, goodput, per-request, cascade, oracle, noisy-oracle:CHANCE',
  trace: 'acceptance traces, comma-separated: NAME of the target, TARGET/NAME, or files',
  acceptance: 'stated acceptance METHOD=SPEC; SPEC is 0.62, 0.85:0.6:0.35 or 3.1@3; may be repeated',
  'drafter-quality': 'what if: drafters that accept 0.8 to 1.3 times as many tokens a round (fitted traces)',
  'prompt-len': "prompt length in tokens, instead of the trace's",
  'output-len': "output length in tokens, instead of the trace's",
  batch: 'batch sizes (with a closed load: concurrencies), comma-separated',
  replicas: 'identical engines that share the load, each on tp GPUs',
  router: 'how replicas share the load: round-robin, least-loaded or prefix-aware',
  load: 'clones, closed, poisson:RATE, gamma:RATE,CV, constant:RATE (requests/s) or recorded',
  workload: 'recorded workload (Azure, BurstGPT, Mooncake, Vidur): its lengths and, as recorded, its times',
  'time-scale': 'how many times as fast a recorded workload arrives',
  duration: 'seconds after which an open load is cut off; who has not ended counts as unfinished',
  slo: 'limits a request should meet, such as ttft=500ms,tpot=30ms (also itl, e2e)',
  requests: 'how many requests of the trace',
  seed: 'seed of everything random',
  cost: 'cost model: roofline or specdecode-bench',
} as const;

/** Options that are scenario keys: whether one may be repeated is checked with its value. */
export const SCENARIO_KEYS = [...Object.keys(FLAGS), 'keep-truncated'];

/** Every option of these commands, for the error that names the nearest. */
export const SCENARIO_OPTIONS = [...SCENARIO_KEYS, 'format', 'out'];

/**
 * Declares the scenario file and the flags.
 *
 * @param help words for flags that mean something else in this command
 */
export function scenarioFlags(args: Argv, help: Partial<Record<keyof typeof FLAGS, string>> = {}): Argv {
  args.positional('scenario', { type: 'string', describe: 'scenario file (JSON); flags win over it' });
  for (const [name, describe] of Object.entries({ ...FLAGS, ...help })) {
    args.option(name, { type: 'string', requiresArg: true, describe });
  }
  return args
    .option('keep-truncated', {
      type: 'boolean',
      describe: "keep requests that reached the recording's output limit",
    })
    .option('format', {
      choices: ['table', 'csv', 'json'],
      requiresArg: true,
      default: 'table',
      describe: 'output format',
    })
    .option('out', { type: 'string', requiresArg: true, describe: 'write to this file instead' });
}

/** What the user asked for, as written. */
export function requestOf(args: Readonly<Record<string, unknown>>): Request {
  const flags: Record<string, unknown> = {};
  for (const name of SCENARIO_KEYS) {
    if (args[name] !== undefined) flags[name] = args[name];
  }
  if (flags.acceptance !== undefined) {
    flags.acceptance = pairs(flags.acceptance, '--acceptance', 'METHOD=SPEC, such as eagle=0.62');
  }
  if (flags.set !== undefined) {
    flags.set = pairs(flags.set, '--set', 'PATH=VALUE, such as hardware.memoryBandwidth=1.2x');
  }
  return {
    scenarioFile: args.scenario as string | undefined,
    flags,
    format: args.format as Request['format'],
    out: args.out as string | undefined,
  };
}

function pairs(given: unknown, flag: string, expected: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const pair of [given].flat()) {
    const [, key, value] = /^([^=]+)=(.+)$/.exec(String(pair)) ?? [];
    if (key === undefined || value === undefined) {
      throw new UserError(`${flag}: got ${JSON.stringify(pair)}, expected ${expected}`);
    }
    if (Object.hasOwn(values, key)) throw new UserError(`${flag} ${key}: given twice, expected one value`);
    values[key] = value;
  }
  return values;
}
