/** `specsim trace`: bring recorded acceptance in, look at it, hand it to other tools. */
import type { Argv, CommandModule } from 'yargs';
import { shown, UserError } from '../errors.ts';
import { EXPORT_FORMS, type ExportForm } from '../trace/export-forms.ts';
import { NOTHING_STATED } from '../trace/formats/format.ts';
import { LOOK_UPS, type LookUpOptions } from '../trace/lookup.ts';

/** The longest n-gram that the look-up can index. */
const MAX_NGRAM = 100;
/** The most drafts of a round that a trace can hold. */
const MAX_DRAFTS = 254;

const FROM = {
  type: 'string',
  requiresArg: true,
  describe: 'format, when the contents do not tell it',
} as const;

const STATED = {
  name: 'name that results show; default: that of the file',
  method: 'method that the file does not name, such as eagle3',
  target: 'target model of the recording',
  draft: 'draft model or head of the recording',
  engine: 'serving engine of the recording',
  licence: 'licence of the recording',
} as const;

/** Every option of these commands, for the error that names the nearest. */
export const TRACE_OPTIONS = [
  ...Object.keys(STATED),
  'drafting',
  'from',
  'format',
  'to',
  'k',
  'out',
  'tokens',
  'min',
  'max',
  'occurrence',
];

const ABOUT = 'import, record, inspect or export acceptance';

export const traceCommand = {
  command: 'trace',
  describe: ABOUT,
  builder: (args: Argv) =>
    args
      .usage(`$0 <command>\n\n${ABOUT}`)
      .command(importCommand)
      .command(recordNgramCommand)
      .command(inspectCommand)
      .command(exportCommand)
      .demandCommand(1, 'trace: expected import, record-ngram, inspect or export'),
};

const importCommand: CommandModule = {
  command: 'import <files..>',
  describe: 'acceptance of any known format into the canonical one (docs/formats.md)',
  builder(args: Argv) {
    for (const [name, describe] of Object.entries(STATED))
      args.option(name, { type: 'string', requiresArg: true, describe });
    return args
      .positional('files', {
        type: 'string',
        array: true,
        describe: 'a file, or two Prometheus scrapes, earlier first',
      })
      .option('from', FROM)
      .option('drafting', {
        choices: ['chain', 'tree', 'block'],
        requiresArg: true,
        describe: 'how the recorded method drafts',
      })
      .option('k', {
        type: 'number',
        requiresArg: true,
        describe: 'draft length, when the file does not say it',
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        demandOption: true,
        describe: 'file to write: .jsonl, or .csv for position-indexed; .gz after it compresses',
      });
  },
  async handler(args) {
    const { importTrace } = await import('../node/trace.ts');
    const text = textIn(args);
    await importTrace({
      files: (args.files as (string | number)[]).map(String),
      from: text('from'),
      stated: {
        name: text('name'),
        method: text('method'),
        target: text('target'),
        draft: text('draft'),
        engine: text('engine'),
        licence: text('licence'),
        drafting: text('drafting') as 'chain' | 'tree' | 'block' | null,
        k: args.k === undefined ? null : wholeNumber('k', args.k, 1, MAX_DRAFTS),
      },
      out: text('out')!,
    });
  },
};

const recordNgramCommand: CommandModule = {
  command: 'record-ngram',
  describe: 'run look-up on the token ids or the text of requests: a real trace, without a model',
  builder(args: Argv) {
    for (const name of ['target', 'engine', 'licence'] as const)
      args.option(name, { type: 'string', requiresArg: true, describe: STATED[name] });
    return args
      .option('tokens', {
        type: 'string',
        requiresArg: true,
        demandOption: true,
        describe: 'JSONL, one request a line: prompt_token_ids and output_token_ids, or prompt and output',
      })
      .option('method', {
        choices: ['ngram', 'suffix'],
        requiresArg: true,
        default: 'ngram',
        describe: "ngram: vLLM's prompt look-up; suffix: the longest match of any length",
      })
      .option('min', {
        type: 'number',
        requiresArg: true,
        describe: `shortest match in tokens; default: ${LOOK_UPS.ngram.minMatch}, for suffix ${LOOK_UPS.suffix.minMatch}`,
      })
      .option('max', {
        type: 'number',
        requiresArg: true,
        describe: `longest n-gram in tokens; default: ${LOOK_UPS.ngram.maxMatch}`,
      })
      .option('k', {
        type: 'number',
        requiresArg: true,
        default: LOOK_UPS.ngram.maxK,
        describe: 'most tokens proposed',
      })
      .option('occurrence', {
        choices: ['first', 'last'],
        requiresArg: true,
        describe: "which occurrence of the n-gram; default: first, which is vLLM's choice",
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        demandOption: true,
        describe: 'file to write: .csv or .jsonl; .gz after it compresses',
      });
  },
  async handler(args) {
    const { recordLookUp } = await import('../node/record-ngram.ts');
    const text = textIn(args);
    const method = text('method');
    const tokens = (name: string, least: number, most: number, usual: number): number =>
      wholeNumber(name, args[name] ?? usual, least, most);
    const maxK = tokens('k', 1, MAX_DRAFTS, LOOK_UPS.ngram.maxK);
    let lookUp: LookUpOptions;
    if (method === 'suffix') {
      for (const name of ['max', 'occurrence'])
        if (args[name] !== undefined)
          throw new UserError(
            `--${name} has no effect with --method suffix: it takes the first occurrence of the longest match`,
          );
      lookUp = { method, minMatch: tokens('min', 1, MAX_NGRAM, LOOK_UPS.suffix.minMatch), maxK };
    } else {
      const minMatch = tokens('min', 1, MAX_NGRAM, LOOK_UPS.ngram.minMatch);
      const usual = Math.max(LOOK_UPS.ngram.maxMatch, minMatch);
      lookUp = {
        method: 'ngram',
        minMatch,
        maxMatch: tokens('max', minMatch, MAX_NGRAM, usual),
        occurrence: text('occurrence') === 'last' ? 'last' : 'first',
        maxK,
      };
    }
    const [target, engine, licence] = [text('target'), text('engine'), text('licence')];
    const stated = { ...NOTHING_STATED, target, engine, licence };
    await recordLookUp({ tokens: text('tokens')!, lookUp, stated, out: text('out')! });
  },
};

const inspectCommand: CommandModule = {
  command: 'inspect <file>',
  describe: 'lengths, tokens per round, acceptance by position, spread, drift of a trace or file',
  builder: (args: Argv) =>
    args
      .positional('file', { type: 'string', describe: 'a trace that ships, or a file' })
      .option('from', FROM)
      .option('format', { choices: ['table', 'json'], requiresArg: true, default: 'table' }),
  async handler(args) {
    const { inspectTrace } = await import('../node/trace.ts');
    await inspectTrace(String(args.file), textIn(args)('from'), args.format as 'table' | 'json');
  },
};

const exportCommand: CommandModule = {
  command: 'export <file>',
  describe: 'acceptance as another tool reads it',
  builder: (args: Argv) =>
    args
      .positional('file', { type: 'string', describe: 'a trace that ships, or a file' })
      .option('from', FROM)
      .option('to', {
        choices: EXPORT_FORMS,
        requiresArg: true,
        demandOption: true,
        describe: 'what to write',
      })
      .option('method', { type: 'string', requiresArg: true, describe: 'method, where the file has several' })
      .option('k', { type: 'number', requiresArg: true, describe: 'draft length; default: the recorded one' })
      .option('out', { type: 'string', requiresArg: true, describe: 'write to this file instead' }),
  async handler(args) {
    const { exportTrace } = await import('../node/trace.ts');
    const text = textIn(args);
    const k = args.k as number | undefined;
    if (k !== undefined && !Number.isInteger(k))
      throw new UserError(`--k: got ${k}, expected a whole number`);
    await exportTrace({
      file: String(args.file),
      from: text('from'),
      to: text('to') as ExportForm,
      method: text('method'),
      k: k ?? null,
      out: text('out'),
    });
  },
};

function wholeNumber(name: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
    return value as number;
  throw new UserError(`--${name}: got ${shown(value)}, expected a whole number from ${least} to ${most}`);
}

/** The value of an option; null where it is not given. */
function textIn(args: Readonly<Record<string, unknown>>): (name: string) => string | null {
  return (name) => {
    const given = args[name];
    return given === undefined ? null : String(given);
  };
}
