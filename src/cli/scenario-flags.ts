/** The flags of every command that runs a scenario, and the command line that they make. */
import type { Argv } from 'yargs';
import { UserError } from '../errors.ts';
import type { CommandLine } from '../node/ask.ts';
import { FORMATS } from '../report/formats.ts';
import { OPTION_NAMES, OPTIONS } from '../scenario/option-table.ts';
import { flagOf, type OptionName } from '../scenario/options.ts';

const SCENARIO_KEYS = OPTION_NAMES.map(flagOf);

/** Those that may be repeated: each time another name has a value. */
export const SCENARIO_PAIRS = OPTION_NAMES.filter((name) => OPTIONS[name].holds === 'pairs').map(flagOf);

/** Every option of these commands, for the error that names the nearest. */
export const SCENARIO_OPTIONS = [...SCENARIO_KEYS, 'format', 'out'];

/**
 * Declares the scenario file and the flags.
 *
 * @param help words for flags that mean something else in this command, or have another default
 */
export function scenarioFlags(args: Argv, help: Partial<Record<OptionName, string>> = {}): Argv {
  args.positional('scenario', { type: 'string', describe: 'scenario file (JSON); flags win over it' });
  for (const name of OPTION_NAMES) {
    const { holds, help: usual, group, default: value } = OPTIONS[name];
    const hasDefault = help[name] === undefined && holds !== 'switch' && holds !== 'pairs' && value !== null;
    args.option(flagOf(name), {
      ...(holds === 'switch' ? { type: 'boolean' } : { type: 'string', requiresArg: true }),
      ...(hasDefault && { defaultDescription: String(value) }),
      describe: help[name] ?? usual,
      group: `${group[0]!.toUpperCase()}${group.slice(1)}:`,
    });
  }
  return args
    .option('format', {
      choices: FORMATS,
      requiresArg: true,
      default: 'table',
      describe: 'output format',
    })
    .option('out', { type: 'string', requiresArg: true, describe: 'write to this file instead' });
}

/** What the user asked for, as written; `own`: flags of the question alone. */
export function commandLineOf(
  args: Readonly<Record<string, unknown>>,
  own: CommandLine['own'] = {},
): CommandLine {
  const flags: Record<string, unknown> = {};
  for (const name of OPTION_NAMES) {
    const flag = flagOf(name);
    const { control } = OPTIONS[name];
    if (args[flag] === undefined) continue;
    flags[flag] = control.kind === 'pairs' ? pairs(args[flag], `--${flag}`, control.form) : args[flag];
  }
  return {
    scenarioFile: args.scenario as string | undefined,
    flags,
    own,
    format: args.format as CommandLine['format'],
    out: args.out as string | undefined,
  };
}

function pairs(given: unknown, flag: string, expected: string): Record<string, string> {
  const values = new Map<string, string>();
  for (const pair of [given].flat()) {
    const [, key, value] = /^([^=]+)=(.+)$/.exec(String(pair)) ?? [];
    if (key === undefined || value === undefined) {
      throw new UserError(`${flag}: got ${JSON.stringify(pair)}, expected ${expected}`);
    }
    if (values.has(key)) throw new UserError(`${flag} ${key}: given twice, expected one value`);
    values.set(key, value);
  }
  return Object.fromEntries(values);
}
