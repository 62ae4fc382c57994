/**
 * What a user may ask of a run: keys, types, defaults. Flags and scenario files hold the same keys; a value
 * may be what JSON has (16, [1, 16]) or what a flag has ("16", "1,16").
 */
import * as z from 'zod';
import { ROUTERS, type RouterName } from '../engine/router.ts';
import { shown, UserError, unknownName } from '../errors.ts';
import { isOpen, LOAD_FORMS, parseLoad } from './load.ts';

const wholeNumber = (least: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^[+-]?\d+$/.test(value.trim()) ? Number(value) : value),
    z
      .int({ error: `a whole number of at least ${least}` })
      .min(least, { error: `a whole number of at least ${least}` }),
  );

const text = z.string({ error: 'a name or a file' }).trim().min(1, { error: 'a name or a file' });

/** Rows that are equal tell nothing. */
const eachOnce = (values: readonly unknown[]) => new Set(values).size === values.length;
const ONCE = 'each value once';

const list = <T extends z.ZodType>(of: T) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [value]),
    z
      .array(of, { error: 'a list' })
      .min(1, { error: 'a list of at least one' })
      .refine(eachOnce, { error: ONCE }),
  );

/** A list of sizes in which 1..256 stands for the powers of two between, and 8k for 8 x 1024. */
const sizes = z.preprocess(
  (value) =>
    typeof value === 'string' ? value.split(',').flatMap(doublings) : Array.isArray(value) ? value : [value],
  z
    .array(wholeNumber(1), { error: 'a list' })
    .min(1, { error: 'a list of at least one' })
    .refine(eachOnce, { error: ONCE }),
);

function doublings(item: string): (string | number)[] {
  const plain = item.replace(/^\s*(\d+)k\s*$/i, (_, thousands) => String(1024 * Number(thousands)));
  const [, from, to] = /^\s*(\d+k?)\.\.(\d+k?)\s*$/i.exec(item) ?? [];
  if (from === undefined || to === undefined) return [plain];
  const [first, last] = [Number(doublings(from)[0]), Number(doublings(to)[0])];
  // Not a range of sizes: left as written, for the check that follows to refuse.
  if (first < 1 || last < first) return [item];
  const steps = Math.floor(Math.log2(last / first));
  const doubled = Array.from({ length: steps + 1 }, (_, i) => first * 2 ** i);
  return doubled.at(-1) === last ? doubled : [...doubled, last];
}

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });

const load = z.string({ error: LOAD_FORMS }).refine((value) => parseLoad(value) !== null, {
  error: ({ input }) =>
    /^workload\b/.test(String(input))
      ? '--workload FILE and no --load: its requests then arrive as recorded'
      : LOAD_FORMS,
});

const positiveNumber = z.preprocess(
  (value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
  z
    .number({ error: 'a number above 0' })
    .positive({ error: 'a number above 0' })
    .finite({ error: 'a number above 0' }),
);

const DRAFTER_QUALITY = 'a number from 0.8 to 1.3';

const drafterQuality = z.preprocess(
  (value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
  z
    .number({ error: DRAFTER_QUALITY })
    .min(0.8, { error: DRAFTER_QUALITY })
    .max(1.3, { error: DRAFTER_QUALITY }),
);

const acceptance = z.record(z.string(), z.union([z.string(), z.number().transform(String)]), {
  error: 'METHOD=SPEC, such as eagle=0.62',
});

const SET_FORM = 'values by path, such as "hardware.memoryBandwidth": "1.2x"';

const set = z
  .record(z.string(), z.union([z.string(), z.number().transform(String)], { error: SET_FORM }), {
    error: SET_FORM,
  })
  .transform((values) => Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))));

const optionSchemas = {
  gpu: text,
  set,
  tp: wholeNumber(1),
  target: text,
  draft: text,
  dtype: oneOf(['bf16', 'fp8', 'int4']),
  engine: text,
  method: list(text),
  k: list(wholeNumber(1)),
  policy: list(text),
  trace: list(text),
  acceptance,
  drafterQuality,
  promptLen: wholeNumber(1),
  outputLen: wholeNumber(1),
  batch: sizes,
  load,
  replicas: wholeNumber(1),
  router: oneOf(ROUTERS),
  workload: text,
  timeScale: positiveNumber,
  duration: positiveNumber,
  slo: text,
  requests: wholeNumber(1),
  keepTruncated: z.boolean({ error: 'true or false' }),
  seed: wholeNumber(0),
  cost: oneOf(['roofline', 'specdecode-bench']),
};

/** A whole scenario: every key has a value; null where the trace or the method decides. */
export interface Scenario {
  readonly gpu: string;
  /** What-if values of the GPU and the engine by path, in order of the path. */
  readonly set: Readonly<Record<string, string>>;
  readonly tp: number;
  readonly target: string;
  readonly draft: string | null;
  readonly dtype: 'bf16' | 'fp8' | 'int4';
  readonly engine: string;
  readonly method: readonly string[];
  readonly k: readonly number[];
  /** Who decides how far to draft; for all but `fixed`, k is the longest draft. */
  readonly policy: readonly string[];
  readonly trace: readonly string[];
  readonly acceptance: Readonly<Record<string, string>>;
  /** What if: how many times as many drafts a fitted trace accepts, a round. */
  readonly drafterQuality: number;
  readonly promptLen: number | null;
  readonly outputLen: number | null;
  readonly batch: readonly number[];
  readonly load: string;
  /** Identical engines, each on `tp` GPUs, and how requests are spread over them. */
  readonly replicas: number;
  readonly router: RouterName;
  /** A recorded workload, whose lengths stand for the trace's; null without. */
  readonly workload: string | null;
  /** How many times as fast a recorded workload arrives. */
  readonly timeScale: number;
  /** Seconds after which an open load is cut off; null to serve it to its end. */
  readonly duration: number | null;
  readonly slo: string | null;
  readonly requests: number | null;
  readonly keepTruncated: boolean;
  readonly seed: number;
  readonly cost: 'roofline' | 'specdecode-bench';
}

export type OptionName = keyof Scenario;

export const DEFAULTS: Scenario = {
  gpu: 'h100-sxm',
  set: {},
  tp: 1,
  target: 'llama-3.1-8b',
  draft: null,
  dtype: 'bf16',
  engine: 'vllm-0.10',
  method: ['none', 'ngram', 'eagle3'],
  k: [3],
  policy: ['fixed'],
  trace: ['gsm8k'],
  acceptance: {},
  drafterQuality: 1,
  promptLen: null,
  outputLen: null,
  batch: [1, 16, 64, 128],
  load: 'clones',
  replicas: 1,
  router: 'round-robin',
  workload: null,
  timeScale: 1,
  duration: null,
  slo: null,
  requests: null,
  keepTruncated: false,
  seed: 1,
  cost: 'roofline',
};

/** Options somebody named, checked one by one. */
export type Options = { readonly [K in OptionName]?: NonNullable<Scenario[K]> };

/**
 * Checks named options.
 *
 * @param raw keys in camelCase or, as flags are written, with dashes
 * @param where how an option is named in an error, such as `--batch` or `scenario.json: batch`
 * @throws UserError for an unknown key or a value of the wrong kind
 */
export function parseOptions(
  raw: Readonly<Record<string, unknown>>,
  where: (key: string) => string,
): Options {
  const options: Record<string, unknown> = {};
  for (const [given, value] of Object.entries(raw)) {
    const key = given.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (!Object.hasOwn(optionSchemas, key)) {
      throw new UserError(
        `${where(given)}: ${unknownName('option', given, Object.keys(optionSchemas)).message}`,
      );
    }
    // A resolved scenario holds null where nobody chose; it must be readable as a scenario file.
    if (value === null && DEFAULTS[key as OptionName] === null) continue;
    const parsed = optionSchemas[key as OptionName].safeParse(value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      const items = typeof value === 'string' ? value.split(',') : value;
      const got = typeof issue.path[0] === 'number' && Array.isArray(items) ? items[issue.path[0]] : value;
      throw new UserError(`${where(given)}: got ${shown(got)}, expected ${issue.message}`);
    }
    options[key] = parsed.data;
  }
  return options as Options;
}

/** Fills what nobody named from the defaults; a workload comes as recorded unless a load says otherwise. */
export function completeScenario(options: Options): Scenario {
  return { ...DEFAULTS, ...(options.workload !== undefined && { load: 'recorded' }), ...options };
}

/** The keys that a hash is made of: those that came later are part of it only where they change something. */
export function hashedOptions({ drafterQuality, duration, ...rest }: Scenario) {
  return {
    ...rest,
    ...(drafterQuality !== DEFAULTS.drafterQuality && { drafterQuality }),
    ...(duration !== DEFAULTS.duration && { duration }),
  };
}

/** Sizes as a flag lists them, such as 1k..32k. Throws a UserError for anything else. */
export function parseSizes(written: string, where: string): number[] {
  const parsed = sizes.safeParse(written);
  if (!parsed.success)
    throw new UserError(`${where}: got ${shown(written)}, expected sizes such as 1k,4k or 1k..32k`);
  return [...new Set(parsed.data)].sort((a, b) => a - b);
}

const SERVING_ONLY = ['replicas', 'router'] as const;

/**
 * Refuses options that change nothing in the chosen mode, so that nobody believes they did.
 *
 * @param options what was named, before defaults
 */
export function checkUsed(options: Options, scenario: Scenario): void {
  // A resolved scenario holds every default; it must be readable as a scenario file.
  const chosen = (name: OptionName) =>
    options[name] !== undefined && JSON.stringify(options[name]) !== JSON.stringify(DEFAULTS[name]);
  if (chosen('batch') && isOpen(scenario.load)) {
    throw new UserError(`--batch has no effect with --load ${scenario.load}: arrivals decide the batch`);
  }
  if (scenario.load === 'clones') {
    for (const name of SERVING_ONLY) {
      if (!chosen(name)) continue;
      throw new UserError(
        `--${name} has no effect with --load clones: a batch is served at once, by one engine`,
      );
    }
  }
  if (chosen('router') && scenario.replicas === 1) {
    throw new UserError(
      `--router ${scenario.router} has no effect with one replica, expected --replicas of 2 or more`,
    );
  }
  if (scenario.router === 'prefix-aware' && scenario.workload === null) {
    throw new UserError(
      '--router prefix-aware: traces say nothing of what their prompts share, expected a --workload with hash_ids (Mooncake)',
    );
  }
  if (scenario.load === 'recorded' && scenario.workload === null) {
    throw new UserError(
      '--load recorded: arrives as a workload file says, expected one named with --workload',
    );
  }
  if (chosen('timeScale') && scenario.load !== 'recorded') {
    throw new UserError(
      `--time-scale has no effect with --load ${scenario.load}: it scales the times of a --workload that arrives as recorded`,
    );
  }
  if (scenario.duration !== null && !isOpen(scenario.load)) {
    throw new UserError(
      `--duration has no effect with --load ${scenario.load}, which ends with its requests, expected an open load, such as poisson:RATE`,
    );
  }
  if (scenario.slo !== null && scenario.load === 'clones') {
    throw new UserError(
      '--slo has no effect with --load clones, whose requests never wait, expected another load, such as closed or poisson:RATE',
    );
  }
  for (const name of ['promptLen', 'outputLen'] as const) {
    if (scenario.workload !== null && scenario[name] !== null) {
      throw new UserError(
        `--${name === 'promptLen' ? 'prompt-len' : 'output-len'} has no effect with --workload, which has lengths of its own`,
      );
    }
  }
  if (chosen('engine') && scenario.cost === 'specdecode-bench') {
    throw new UserError('--engine has no effect with --cost specdecode-bench, which has its own overheads');
  }
  if (Object.keys(scenario.set).length > 0 && scenario.cost === 'specdecode-bench') {
    throw new UserError('--set has no effect with --cost specdecode-bench, which has its own constants');
  }
}

/** Refuses what a question about the hardware cannot be asked of: open loads, and constants of a fit. */
export function checkHardwareQuestion(command: string, scenario: Scenario): void {
  if (isOpen(scenario.load)) {
    throw new UserError(
      `--load ${scenario.load}: ${command} needs batch sizes, expected clones or closed, as arrivals fix the throughput`,
    );
  }
  if (scenario.cost !== 'roofline') {
    throw new UserError(
      `--cost ${scenario.cost}: ${command} needs a price made of the hardware's parts, expected roofline`,
    );
  }
}
