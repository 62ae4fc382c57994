/** The flags of every command that runs a scenario, and the command line that they make. */
import { UserError } from '../errors.ts';
import type { CommandLine } from '../node/ask.ts';
import { FORMATS } from '../report/formats.ts';
import { OPTION_NAMES, OPTIONS } from '../scenario/option-table.ts';
import { flagOf, type OptionName } from '../scenario/options.ts';
import { type Argument, type Flag, formats, type Given, OUT, text } from './command.ts';

export const SCENARIO_FILE: Argument = {
  word: '[scenario]',
  describe: 'scenario file (JSON); flags win over it',
};

/**
 * A flag for each option of a scenario.
 *
 * @param help words for those that mean something else in this command, or have another default
 * @param without those that it refuses
 */
export function optionFlags(
  help: Partial<Record<OptionName, string>> = {},
  without: readonly OptionName[] = [],
): Record<string, Flag> {
  return Object.fromEntries(
    OPTION_NAMES.map((name) => {
      const { holds, help: usual, group, default: value, control } = OPTIONS[name];
      const hasDefault =
        help[name] === undefined && holds !== 'switch' && holds !== 'pairs' && value !== null;
      const flag: Flag = {
        describe: help[name] ?? usual,
        ...((holds === 'switch' || holds === 'pairs') && { holds }),
        ...(hasDefault && { usual: String(value) }),
        ...(without.includes(name) && { hidden: true }),
        group: `${group[0]!.toUpperCase()}${group.slice(1)}:`,
        control,
      };
      return [flagOf(name), flag];
    }),
  );
}

/** Flags of how an answer is delivered. */
export const DELIVERY = { format: formats(FORMATS), out: OUT } as const;

/** What the user asked for, as written; `own`: flags of the question alone. */
export function commandLineOf(given: Given, own: CommandLine['own'] = {}): CommandLine {
  const flags: Record<string, unknown> = {};
  for (const name of OPTION_NAMES) {
    const flag = flagOf(name);
    const { control } = OPTIONS[name];
    if (given[flag] === undefined) continue;
    flags[flag] = control.kind === 'pairs' ? pairs(given[flag], `--${flag}`, control.form) : given[flag];
  }
  return {
    scenarioFile: text(given, 'scenario'),
    flags,
    own,
    format: given.format as CommandLine['format'],
    out: text(given, 'out'),
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
