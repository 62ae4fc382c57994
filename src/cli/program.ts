/** The commands, and what yargs says of them in this program's words. */
import yargs, { type Argv } from 'yargs';
import { printable, shown, UserError, unknownName } from '../errors.ts';
import { forgetInputs } from '../node/input.ts';
import { CARDS } from '../questions/cards.ts';
import { insteadOf } from '../scenario/instead.ts';
import { TOOL } from '../scenario/result.ts';
import { calibrateCommand } from './calibrate.ts';
import { type Command, declare } from './command.ts';
import { complete, completionCommand } from './completion.ts';
import { exploreCommand } from './explore.ts';
import { initCommand } from './init.ts';
import { listCommand } from './list.ts';
import { modelCommand } from './model.ts';
import { paretoCommand } from './pareto.ts';
import { plotCommand } from './plot.ts';
import { questionCommand } from './question.ts';
import { mergeCommand, sweepCommand } from './sweep.ts';
import { traceCommands } from './trace.ts';
import { validateCommand } from './validate.ts';

/** By name, in the order of the help. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  [
    ...CARDS.map(questionCommand),
    plotCommand,
    exploreCommand,
    sweepCommand,
    mergeCommand,
    paretoCommand,
    validateCommand,
    calibrateCommand,
    ...traceCommands,
    listCommand,
    modelCommand,
    initCommand,
    completionCommand,
  ].map((command) => [command.name, command]),
);

/** First words, of which some stand for several commands. */
const GROUPS: ReadonlyMap<string, readonly Command[]> = new Map(
  [...COMMANDS.values()].map(({ name }) => {
    const [word] = name.split(' ');
    return [word!, [...COMMANDS.values()].filter((other) => other.name.split(' ')[0] === word)];
  }),
);

/** How a shell asks what could be typed next. */
const COMPLETE = '--complete';

/** Columns of the help. */
const WIDTH = 80;

/** Runs one command. Throws what `mistake` tells apart. */
export async function specsim(typed: readonly string[]): Promise<void> {
  forgetInputs();
  if (typed[0] === COMPLETE) {
    const found = await complete(typed.slice(1), COMMANDS);
    for (const [word, about] of found) process.stdout.write(`${word}\t${about}\n`);
    return;
  }
  const words = inOurWords(typed);
  await parser(words)
    .strict()
    .middleware((args) => refuseRepeated(words, args), true)
    .middleware(() => refuseUnclear(words), true)
    .locale('en')
    .version(TOOL)
    .help()
    .wrap(WIDTH)
    // Each option says itself what a number is.
    .parserConfiguration({ 'parse-numbers': false, 'parse-positional-numbers': false })
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
  if (first === 'help') return GROUPS.has(rest[0]!) ? [...rest, '--help'] : rest;
  if (first === '-v' || first === '-V') return ['--version'];
  return typed.map((word) => (word === '-h' ? '--help' : word));
}

/** The command that is named, and the words behind its name; undefined where there is none of that name. */
function called([first, second, ...rest]: readonly string[]):
  | { command: Command; behind: readonly string[] }
  | undefined {
  const command = COMMANDS.get(`${first} ${second}`);
  if (command !== undefined) return { command, behind: rest };
  const alone = COMMANDS.get(first ?? '');
  return alone && { command: alone, behind: second === undefined ? [] : [second, ...rest] };
}

/** A program of its own for the command that is named, since yargs lays out the help of a command it finds itself, asked or not. */
function parser(words: readonly string[]): Argv {
  const named = called(words);
  if (named !== undefined) {
    return declare(yargs([...named.behind]).scriptName(`specsim ${named.command.name}`), named.command);
  }
  const group = GROUPS.get(words[0] ?? '');
  if (group !== undefined) {
    return listed(
      yargs(words.slice(1)).scriptName(`specsim ${words[0]}`).usage('$0 <command>'),
      group.map((command) => [command.name.split(' ')[1]!, command]),
    ).demandCommand(1, `${words[0]}: expected ${wordsOf(group)}`);
  }
  return listed(
    yargs([...words])
      .scriptName('specsim')
      .usage('$0 <command>\n\nWhich drafter, which k, at which batch size, on which GPU, and why.')
      .epilogue('specsim <command> --help has the options of each, and two examples.'),
    [...COMMANDS],
  ).demandCommand(1, 'no command given: try specsim run, or specsim --help');
}

/** For the help alone: a command that is called is found before. */
function listed(program: Argv, commands: readonly (readonly [string, Command])[]): Argv {
  for (const [name, { takes = [], describe }] of commands)
    program.command([name, ...takes.map(({ word }) => word)].join(' '), describe);
  return program;
}

/** import, record-ngram, inspect or export. */
function wordsOf(group: readonly Command[]): string {
  const words = group.map(({ name }) => name.split(' ')[1]!);
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** For a repeated option yargs would pass on an array. */
function refuseRepeated(words: readonly string[], args: Readonly<Record<string, unknown>>): void {
  for (const [name, { holds }] of Object.entries(called(words)?.command.flags ?? {})) {
    const given = args[name];
    if (Array.isArray(given) && holds !== 'list' && holds !== 'pairs')
      throw new UserError(`--${name}: got ${shown(given)}, expected one value`);
  }
}

/** Anything but true after a switch is false to yargs. */
function refuseUnclear(words: readonly string[]): void {
  const flags = called(words)?.command.flags ?? {};
  for (const word of words) {
    const [, name, value] = /^--(?:no-)?([^=]+)=(.*)$/s.exec(word) ?? [];
    if (value === undefined || value === 'true' || value === 'false') continue;
    if (Object.hasOwn(flags, name!) && flags[name!]!.holds === 'switch')
      throw new UserError(`--${name}: got ${shown(value)}, expected true or false`);
  }
}

/** yargs' complaints in this program's words. */
function usageError(words: readonly string[], message: string): UserError {
  const [word] = words;
  const command = called(words)?.command;
  const group = GROUPS.get(word ?? '');
  const expected = command?.expected ?? (group && wordsOf(group));
  const [, name, given, choices] = /Argument: (\S+), Given: "(.*)", Choices: "(.*)"$/.exec(message) ?? [];
  if (given !== undefined) {
    const what = name === 'what' ? 'list' : name === 'format' ? name : `value of --${name}`;
    return unknownName(what, given, choices!.split('", "'));
  }
  const bare = /^Not enough arguments following: (\S+)/.exec(message)?.[1];
  if (bare !== undefined) return new UserError(`--${bare}: got nothing, expected a value`);
  if (message.startsWith('Not enough non-option arguments'))
    return new UserError(`${command?.name}: got nothing, expected ${expected}`);
  const missing = /^Missing required arguments?: (.+)$/.exec(message)?.[1];
  if (missing !== undefined) return new UserError(`missing --${missing.replaceAll(', ', ', --')}`);
  const unknown = /^Unknown arguments?: ([^,\s]+)/.exec(message)?.[1];
  if (unknown === undefined) return new UserError(message.replaceAll('\n', ' ').toLowerCase());
  // yargs takes no- for the opposite of an option.
  const option = words
    .map((given) => given.replace(/=.*$/s, ''))
    .find((given) => given === `--${unknown}` || given === `--no-${unknown}`);
  if (option !== undefined) {
    const instead = insteadOf(option.slice(2));
    if (instead !== null) return new UserError(`${option}: ${instead}`);
    const known = Object.entries(command?.flags ?? {}).filter(([, { hidden }]) => hidden !== true);
    return unknownName(
      'option',
      option,
      known.map(([name]) => `--${name}`),
    );
  }
  return expected === undefined
    ? unknownName('command', unknown, [...GROUPS.keys()])
    : new UserError(`unexpected argument ${shown(unknown)}: expected ${expected}`);
}
