/** `specsim trace`: bring recorded acceptance in, look at it, hand it to other tools. */
import { shown, UserError } from '../errors.ts';
import { EXPORT_FORMS, type ExportForm } from '../trace/export-forms.ts';
import { NOTHING_STATED } from '../trace/formats/format.ts';
import { LOOK_UPS, type LookUpOptions } from '../trace/lookup.ts';
import { type Argument, type Command, type Flag, formats, type Given, OUT, text } from './command.ts';

/** The longest n-gram that the look-up can index. */
const MAX_NGRAM = 100;
/** Tokens of earlier outputs that a look-up may keep: a search takes time by their number for each request. */
const MAX_FORMER = 1_000_000;
/** The most drafts of a round that a trace can hold. */
const MAX_DRAFTS = 254;

const FROM: Flag = { describe: 'format, when the contents do not tell it' };

const TRACE: Argument = { word: '<file>', describe: 'a trace that ships, or a file' };

const STATED = {
  name: { describe: 'name that results show; default: that of the file' },
  method: { describe: 'method that the file does not name, such as eagle3' },
  target: { describe: 'target model of the recording' },
  draft: { describe: 'draft model or head of the recording' },
  engine: { describe: 'serving engine of the recording' },
  licence: { describe: 'licence of the recording' },
} as const;

const importCommand: Command = {
  name: 'trace import',
  describe: 'acceptance of any known format into the canonical one (docs/formats.md)',
  takes: [{ word: '<files..>', describe: 'a file, or two Prometheus scrapes, earlier first' }],
  expected: 'a file, or two Prometheus scrapes',
  flags: {
    ...STATED,
    from: FROM,
    drafting: { choices: ['chain', 'tree', 'block'], describe: 'how the recorded method drafts' },
    k: { describe: 'draft length, when the file does not say it' },
    out: {
      required: true,
      describe: 'file to write: .jsonl, or .csv for position-indexed; .gz after it compresses',
    },
  },
  examples: [
    'specsim trace import examples/files/vllm-server.log --out mine.jsonl',
    'specsim trace import before.prom after.prom --method eagle3 --out mine.jsonl',
  ],
  async run(given) {
    const { importTrace } = await import('../node/trace.ts');
    const stated = (name: string) => text(given, name) ?? null;
    await importTrace({
      files: given.files as string[],
      from: stated('from'),
      stated: {
        name: stated('name'),
        method: stated('method'),
        target: stated('target'),
        draft: stated('draft'),
        engine: stated('engine'),
        licence: stated('licence'),
        drafting: stated('drafting') as 'chain' | 'tree' | 'block' | null,
        k: wholeNumber(given, 'k', 1, MAX_DRAFTS) ?? null,
      },
      out: text(given, 'out')!,
    });
  },
};

const recordNgramCommand: Command = {
  name: 'trace record-ngram',
  describe: 'run look-up on the token ids or the text of requests: a real trace, without a model',
  expected: 'none',
  flags: {
    target: STATED.target,
    engine: STATED.engine,
    licence: STATED.licence,
    tokens: {
      required: true,
      describe: 'JSONL, one request a line: prompt_token_ids and output_token_ids, or prompt and output',
    },
    method: {
      choices: ['ngram', 'suffix'],
      default: 'ngram',
      describe: "ngram: vLLM's prompt look-up; suffix: the longest match of any length",
    },
    min: {
      describe: `shortest match in tokens; default: ${LOOK_UPS.ngram.minMatch}, for suffix ${LOOK_UPS.suffix.minMatch}`,
    },
    max: { describe: `longest n-gram in tokens; default: ${LOOK_UPS.ngram.maxMatch}` },
    k: { usual: String(LOOK_UPS.ngram.maxK), describe: 'most tokens proposed' },
    occurrence: {
      choices: ['first', 'last'],
      describe: "which occurrence of the n-gram; default: first, which is vLLM's choice",
    },
    'suffix-across': {
      describe: 'with --method suffix: search as many tokens of outputs of earlier requests too',
    },
    out: { required: true, describe: 'file to write: .csv or .jsonl; .gz after it compresses' },
  },
  examples: [
    'specsim trace record-ngram --tokens examples/files/tokens.jsonl --out mine.csv',
    'specsim trace record-ngram --tokens log.jsonl --method suffix --out mine.jsonl',
  ],
  async run(given) {
    const { recordLookUp } = await import('../node/record-ngram.ts');
    const stated = (name: string) => text(given, name) ?? null;
    await recordLookUp({
      tokens: text(given, 'tokens')!,
      lookUp: lookUpOf(given),
      stated: {
        ...NOTHING_STATED,
        target: stated('target'),
        engine: stated('engine'),
        licence: stated('licence'),
      },
      out: text(given, 'out')!,
    });
  },
};

function lookUpOf(given: Given): LookUpOptions {
  const method = text(given, 'method');
  const maxK = wholeNumber(given, 'k', 1, MAX_DRAFTS) ?? LOOK_UPS.ngram.maxK;
  if (method === 'suffix') {
    for (const name of ['max', 'occurrence'])
      if (given[name] !== undefined)
        throw new UserError(
          `--${name} has no effect with --method suffix: it takes the first occurrence of the longest match`,
        );
    return {
      method,
      minMatch: wholeNumber(given, 'min', 1, MAX_NGRAM) ?? LOOK_UPS.suffix.minMatch,
      maxK,
      across: wholeNumber(given, 'suffix-across', 1, MAX_FORMER) ?? 0,
    };
  }
  if (given['suffix-across'] !== undefined) {
    throw new UserError(
      '--suffix-across has no effect with --method ngram, which looks within a request; expected --method suffix',
    );
  }
  const minMatch = wholeNumber(given, 'min', 1, MAX_NGRAM) ?? LOOK_UPS.ngram.minMatch;
  return {
    method: 'ngram',
    minMatch,
    maxMatch: wholeNumber(given, 'max', minMatch, MAX_NGRAM) ?? Math.max(LOOK_UPS.ngram.maxMatch, minMatch),
    occurrence: text(given, 'occurrence') === 'last' ? 'last' : 'first',
    maxK,
  };
}

const inspectCommand: Command = {
  name: 'trace inspect',
  describe: 'lengths, tokens per round, acceptance by position, spread, drift of a trace or file',
  takes: [TRACE],
  expected: 'one file, or a trace that ships',
  flags: { from: FROM, format: formats(['table', 'json']) },
  examples: ['specsim trace inspect gsm8k', 'specsim trace inspect examples/files/sglang-server.log'],
  async run(given) {
    const { inspectTrace } = await import('../node/trace.ts');
    await inspectTrace(text(given, 'file')!, text(given, 'from') ?? null, given.format as 'table' | 'json');
  },
};

const exportCommand: Command = {
  name: 'trace export',
  describe: 'acceptance as another tool reads it',
  takes: [TRACE],
  expected: 'one file, or a trace that ships',
  flags: {
    from: FROM,
    to: {
      required: true,
      choices: EXPORT_FORMS,
      describe: 'what to write',
    },
    method: { describe: 'method, where the file has several' },
    k: { describe: 'draft length; default: the recorded one' },
    out: OUT,
  },
  examples: [
    'specsim trace export gsm8k --method eagle3 --to vllm-synthetic',
    'specsim trace export mine.jsonl --to speculation_profile --out mine.yaml',
  ],
  async run(given) {
    const { exportTrace } = await import('../node/trace.ts');
    await exportTrace({
      file: text(given, 'file')!,
      from: text(given, 'from') ?? null,
      to: given.to as ExportForm,
      method: text(given, 'method') ?? null,
      k: wholeNumber(given, 'k', 1, MAX_DRAFTS) ?? null,
      out: text(given, 'out') ?? null,
    });
  },
};

export const traceCommands = [importCommand, recordNgramCommand, inspectCommand, exportCommand];

function wholeNumber(given: Given, name: string, least: number, most: number): number | undefined {
  const written = text(given, name);
  if (written === undefined) return undefined;
  const value = /^\d+$/.test(written) ? Number(written) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UserError(`--${name}: got ${shown(written)}, expected a whole number from ${least} to ${most}`);
}
