#!/usr/bin/env node
/** The command line: dispatch, and the one place where errors become a line and an exit status. */
import yargs, { type Argv, type CommandModule } from 'yargs';
import { shown, UserError, unknownName } from '../errors.ts';
import { TOOL } from '../scenario/result.ts';
import { CALIBRATE_OPTIONS, calibrateCommand } from './calibrate.ts';
import { capacityCommand } from './capacity.ts';
import { compareCommand } from './compare.ts';
import { explainCommand } from './explain.ts';
import { listCommand } from './list.ts';
import { PARETO_OPTIONS, paretoCommand } from './pareto.ts';
import { runCommand } from './run.ts';
import { SCENARIO_OPTIONS } from './scenario-flags.ts';
import { sensitivityCommand } from './sensitivity.ts';
import { MERGE_OPTIONS, SWEEP_OPTIONS, sweepCommand } from './sweep.ts';
import { TRACE_OPTIONS, traceCommand } from './trace.ts';
import { TUNE_OPTIONS, tuneCommand } from './tune.ts';
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
    runCommand,
    tuneCommand,
    explainCommand,
    compareCommand,
    capacityCommand,
    sensitivityCommand,
    sweepCommand,
    paretoCommand,
    validateCommand,
    calibrateCommand,
    traceCommand,
    listCommand,
  ].map((command) => [String(command.command).split(' ')[0]!, command as CommandModule | CommandGroup]),
);

/** The options of commands that have others than a scenario's. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  calibrate: CALIBRATE_OPTIONS,
  pareto: PARETO_OPTIONS,
  sweep: SWEEP_OPTIONS,
  trace: TRACE_OPTIONS,
  tune: TUNE_OPTIONS,
  validate: VALIDATE_OPTIONS,
};

/** Options that take no value. */
const SWITCHES: readonly string[] = ['keep-truncated', 'keep-unphysical', 'oracles', 'quiet', 'resume'];

/** Exit status for a mistake of the user's. */
const USER_ERROR = 2;

/** What a command takes that is no option, where it is no scenario file. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  validate: 'none',
  calibrate: 'none',
  list: 'one list',
  sweep: 'one grid',
  trace: 'import, record-ngram, inspect or export',
};

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await parser(process.argv.slice(2))
    .strict()
    .middleware(refuseRepeated, true)
    .middleware(refuseUnclear, true)
    .locale('en')
    .version(TOOL)
    .help()
    .wrap(100)
    .exitProcess(false)
    .fail((message, error) => {
      throw error === undefined || error.name === 'YError' ? usageError(message) : error;
    })
    .parseAsync();
} catch (error) {
  if (!(error instanceof Error && (error instanceof UserError || error.name === 'YError'))) throw error;
  process.stderr.write(`specsim: ${error.message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
  process.exitCode = USER_ERROR;
}

/** A program of its own for the command that is named, since yargs lays out the help of a command it finds itself, asked or not. */
function parser([name, ...rest]: readonly string[]): Argv {
  const command = COMMANDS.get(name ?? '');
  if (command === undefined) {
    const program = yargs(process.argv.slice(2))
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

/** Lists may be repeated and scenario keys have checks of their own; for the rest yargs would pass on an array. */
function refuseRepeated(args: Readonly<Record<string, unknown>>): void {
  for (const name of ['format', 'out', 'recordings', 'timeline', 'max-k', 'context', 'emit']) {
    const given = args[name];
    if (Array.isArray(given)) throw new UserError(`--${name}: got ${shown(given)}, expected one value`);
  }
}

/** Anything but true after a switch is false to yargs. */
function refuseUnclear(): void {
  for (const word of process.argv.slice(2)) {
    const [, name, value] = /^--(?:no-)?([^=]+)=(.*)$/s.exec(word) ?? [];
    if (value === undefined || !SWITCHES.includes(name!) || value === 'true' || value === 'false') continue;
    throw new UserError(`--${name}: got ${shown(value)}, expected true or false`);
  }
}

/** yargs' complaints in this program's words. */
function usageError(message: string): UserError {
  const unknown = /^Unknown arguments?: ([^,\s]+)/.exec(message)?.[1];
  const [, name, given, choices] = /Argument: (\S+), Given: "(.*)", Choices: "(.*)"$/.exec(message) ?? [];
  if (given !== undefined)
    return unknownName(name === 'what' ? 'list' : name!, given, choices!.split('", "'));
  const bare = /^Not enough arguments following: (\S+)/.exec(message)?.[1];
  if (bare !== undefined) return new UserError(`--${bare}: got nothing, expected a value`);
  if (unknown === undefined) return new UserError(message.replaceAll('\n', ' ').toLowerCase());
  if (process.argv.some((word) => word === `--${unknown}` || word.startsWith(`--${unknown}=`))) {
    return unknownName(
      'option',
      `--${unknown}`,
      optionsOf(process.argv.slice(2)).map((name) => `--${name}`),
    );
  }
  return process.argv[2] === unknown
    ? unknownName('command', unknown, [...COMMANDS.keys()])
    : new UserError(
        `unexpected argument ${shown(unknown)}: expected ${ARGUMENTS[process.argv[2]!] ?? 'at most one, a scenario file'}`,
      );
}

function optionsOf([command, second]: readonly string[]): readonly string[] {
  if (command === 'sweep' && second === 'merge') return MERGE_OPTIONS;
  return OPTIONS[command!] ?? SCENARIO_OPTIONS;
}
