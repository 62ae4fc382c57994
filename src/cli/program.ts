/** The commands, and what yargs says of them in this program's words. */
import yargs, { type Argv, type CommandModule } from 'yargs';
import { printable, shown, UserError, unknownName } from '../errors.ts';
import { forgetInputs } from '../node/input.ts';
import { CARDS } from '../questions/cards.ts';
import { TOOL } from '../scenario/result.ts';
import { CALIBRATE_LISTS, CALIBRATE_OPTIONS, calibrateCommand } from './calibrate.ts';
import { EXPLORE_OPTIONS, exploreCommand } from './explore.ts';
import { insteadOf } from './instead.ts';
import { LIST_OPTIONS, listCommand } from './list.ts';
import { MODEL_OPTIONS, modelCommand } from './model.ts';
import { PARETO_OPTIONS, paretoCommand } from './pareto.ts';
import { PLOT_OPTIONS, plotCommand } from './plot.ts';
import { questionCommand, questionOptions } from './question.ts';
import { SCENARIO_OPTIONS, SCENARIO_PAIRS } from './scenario-flags.ts';
import { MERGE_OPTIONS, SWEEP_OPTIONS, sweepCommand } from './sweep.ts';
import { TRACE_OPTIONS, traceCommand } from './trace.ts';
import { VALIDATE_OPTIONS, validateCommand } from './validate.ts';

/** The name over several commands. */
interface CommandGroup {
  readonly command: string;
  readonly describe: string;
  readonly builder: (args: Argv) => Argv;
}

/** By name, in the order of the help. */
const COMMANDS: ReadonlyMap<string, CommandModule | CommandGroup> = new Map(
  [
    ...CARDS.map(questionCommand),
    plotCommand,
    exploreCommand,
    sweepCommand,
    paretoCommand,
    validateCommand,
    calibrateCommand,
    traceCommand,
    listCommand,
    modelCommand,
  ].map((command) => [String(command.command).split(' ')[0]!, command as CommandModule | CommandGroup]),
);

/** The options of every command. */
const OPTIONS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    ...Object.fromEntries(CARDS.map((card) => [card.name, questionOptions(card)])),
    calibrate: CALIBRATE_OPTIONS,
    explore: EXPLORE_OPTIONS,
    list: LIST_OPTIONS,
    model: MODEL_OPTIONS,
    pareto: PARETO_OPTIONS,
    plot: PLOT_OPTIONS,
    sweep: SWEEP_OPTIONS,
    trace: TRACE_OPTIONS,
    validate: VALIDATE_OPTIONS,
  }),
);

/** Options that take no value. */
const SWITCHES: readonly string[] = [
  'ignore-context-limit',
  'keep-truncated',
  'keep-unphysical',
  'open',
  'oracles',
  'quiet',
  'resume',
];

/** What a command takes that is no option, where it is no scenario file. */
const ARGUMENTS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    validate: 'none',
    calibrate: 'none',
    model: 'a name or a file',
    explore: 'none',
    plot: 'a kind of picture and at most one file',
    list: 'one of gpus, models, engines, methods and traces',
    sweep: 'one grid',
    'sweep merge': 'folders of one sweep',
    pareto: 'folders of a sweep, or a merged JSON file',
    trace: 'import, record-ngram, inspect or export',
    'trace import': 'a file, or two Prometheus scrapes',
    'trace record-ngram': 'none',
    'trace inspect': 'one file, or a trace that ships',
    'trace export': 'one file, or a trace that ships',
  }),
);

/** Runs one command. Throws what `mistake` tells apart. */
export async function specsim(typed: readonly string[]): Promise<void> {
  forgetInputs();
  const words = inOurWords(typed);
  await parser(words)
    .strict()
    .middleware((args) => refuseRepeated(words, args), true)
    .middleware(() => refuseUnclear(words), true)
    .locale('en')
    .version(TOOL)
    .help()
    .wrap(100)
    .exitProcess(false)
    .fail((message, error) => {
      throw error === undefined || error.name === 'YError' ? usageError(words, message) : error;
    })
    .parseAsync();
}

/** The line for a mistake of the user's; null for a defect of the program. */
export function mistake(error: unknown): string | null {
  if (!(error instanceof Error && (error instanceof UserError || error.name === 'YError'))) return null;
  const line = printable(
    error.message
      .split('\n')
      .map((part) => part.trim())
      .join(' '),
  );
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}...` : line;
}

/** Characters of a message: names from files may have any number. */
const LONGEST = 4000;

/** What other programs call help and version. */
function inOurWords(typed: readonly string[]): readonly string[] {
  const [first, ...rest] = typed;
  if (first === 'help' && rest.length === 0) return ['--help'];
  if (first === 'help') return COMMANDS.has(rest[0]!) ? [...rest, '--help'] : rest;
  if (first === '-v' || first === '-V') return ['--version'];
  return typed.map((word) => (word === '-h' ? '--help' : word));
}

/** A program of its own for the command that is named, since yargs lays out the help of a command it finds itself, asked or not. */
function parser(words: readonly string[]): Argv {
  const [name, ...rest] = words;
  const command = COMMANDS.get(name ?? '');
  if (command === undefined) {
    const program = yargs([...words])
      .scriptName('specsim')
      .usage('$0 <command>\n\nWhich drafter, which k, at which batch size, on which GPU, and why.')
      .demandCommand(1, 'no command given: try specsim run, or specsim --help');
    for (const known of COMMANDS.values()) program.command(known as CommandModule);
    return program;
  }
  const program = yargs(rest).scriptName(`specsim ${name}`);
  if (!('handler' in command)) return command.builder(program);
  return program.command({ ...command, command: String(command.command).replace(name!, '$0') });
}

/** For a repeated option yargs would pass on an array. */
function refuseRepeated(words: readonly string[], args: Readonly<Record<string, unknown>>): void {
  const lists = words[0] === 'calibrate' ? CALIBRATE_LISTS : takesScenario(words) ? SCENARIO_PAIRS : [];
  for (const name of optionsOf(words)) {
    const given = args[name];
    if (Array.isArray(given) && !lists.includes(name))
      throw new UserError(`--${name}: got ${shown(given)}, expected one value`);
  }
}

/** Anything but true after a switch is false to yargs. */
function refuseUnclear(words: readonly string[]): void {
  for (const word of words) {
    const [, name, value] = /^--(?:no-)?([^=]+)=(.*)$/s.exec(word) ?? [];
    if (value === undefined || !SWITCHES.includes(name!) || value === 'true' || value === 'false') continue;
    throw new UserError(`--${name}: got ${shown(value)}, expected true or false`);
  }
}

/** yargs' complaints in this program's words. */
function usageError(words: readonly string[], message: string): UserError {
  const [command, second] = words;
  const expected =
    ARGUMENTS.get(`${command} ${second}`) ?? ARGUMENTS.get(command!) ?? 'at most one, a scenario file';
  const [, name, given, choices] = /Argument: (\S+), Given: "(.*)", Choices: "(.*)"$/.exec(message) ?? [];
  if (given !== undefined) {
    const what = name === 'what' ? 'list' : name === 'format' ? name : `value of --${name}`;
    return unknownName(what, given, choices!.split('", "'));
  }
  const bare = /^Not enough arguments following: (\S+)/.exec(message)?.[1];
  if (bare !== undefined) return new UserError(`--${bare}: got nothing, expected a value`);
  if (message.startsWith('Not enough non-option arguments'))
    return new UserError(`${command}: got nothing, expected ${expected}`);
  const missing = /^Missing required arguments?: (.+)$/.exec(message)?.[1];
  if (missing !== undefined) return new UserError(`missing --${missing.replaceAll(', ', ', --')}`);
  const unknown = /^Unknown arguments?: ([^,\s]+)/.exec(message)?.[1];
  if (unknown === undefined) return new UserError(message.replaceAll('\n', ' ').toLowerCase());
  if (words.some((word) => word === `--${unknown}` || word.startsWith(`--${unknown}=`))) {
    const instead = insteadOf(unknown);
    if (instead !== null) return new UserError(`--${unknown}: ${instead}`);
    return unknownName(
      'option',
      `--${unknown}`,
      optionsOf(words).map((name) => `--${name}`),
    );
  }
  return command === unknown
    ? unknownName('command', unknown, [...COMMANDS.keys()])
    : new UserError(`unexpected argument ${shown(unknown)}: expected ${expected}`);
}

function optionsOf([command, second]: readonly string[]): readonly string[] {
  if (command === 'sweep' && second === 'merge') return MERGE_OPTIONS;
  return OPTIONS.get(command!) ?? SCENARIO_OPTIONS;
}

function takesScenario(words: readonly string[]): boolean {
  return optionsOf(words).includes('batch');
}
