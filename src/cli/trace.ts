/** `specsim trace`: bring recorded acceptance in, look at it, hand it to other tools. */
import type { Argv, CommandModule } from 'yargs';
import { UserError } from '../errors.ts';

const FROM = {
  type: 'string',
  requiresArg: true,
  describe: 'format, when the contents do not tell it',
} as const;

const STATED = {
  method: 'method that the file does not name, such as eagle3',
  target: 'target model of the recording',
  draft: 'draft model or head of the recording',
  engine: 'serving engine of the recording',
  licence: 'licence of the recording',
} as const;

/** Every option of these commands, for the error that names the nearest. */
export const TRACE_OPTIONS = [...Object.keys(STATED), 'drafting', 'from', 'format', 'to', 'k', 'out'];

export const traceCommand: CommandModule = {
  command: 'trace',
  describe: 'import, inspect or export recorded acceptance',
  builder: (args) =>
    args
      .command(importCommand)
      .command(inspectCommand)
      .command(exportCommand)
      .demandCommand(1, 'trace: expected import, inspect or export'),
  handler() {},
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
        method: text('method'),
        target: text('target'),
        draft: text('draft'),
        engine: text('engine'),
        licence: text('licence'),
        drafting: text('drafting') as 'chain' | 'tree' | 'block' | null,
      },
      out: text('out')!,
    });
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
        choices: ['speculation_profile', 'vllm-synthetic', 'sglang-simulate'],
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
      to: text('to') as 'speculation_profile',
      method: text('method'),
      k: k ?? null,
      out: text('out'),
    });
  },
};

/** The one value of an option; null where it is not given. */
function textIn(args: Readonly<Record<string, unknown>>): (name: string) => string | null {
  return (name) => {
    const given = args[name];
    if (Array.isArray(given)) throw new UserError(`--${name}: got ${given.join(', ')}, expected one value`);
    return given === undefined ? null : String(given);
  };
}
