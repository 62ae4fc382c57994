/** What a command takes and says of itself: the parser, its help, the words of errors and completion come from it. */
import type { Argv } from 'yargs';
import type { Control } from '../scenario/kinds.ts';

export interface Flag {
  readonly describe: string;
  /** One value unless said: a `switch` takes none, a `list` or `pairs` may be given again. */
  readonly holds?: 'switch' | 'list' | 'pairs';
  readonly choices?: readonly string[];
  readonly default?: string;
  /** The default in words, where it is found elsewhere. */
  readonly usual?: string;
  readonly required?: true;
  readonly group?: string;
  /** What stands in an option of a scenario, for completion. */
  readonly control?: Control;
  /** Parsed, so that its refusal can say why, and not in the help. */
  readonly hidden?: true;
}

/** What a command takes that is no option. */
export interface Argument {
  /** As yargs writes them: `<file>`, `[file]`, `<files..>`. */
  readonly word: string;
  readonly describe: string;
  readonly choices?: readonly string[];
}

/** Values by name, as parsed. */
export type Given = Readonly<Record<string, unknown>>;

export interface Command {
  /** One word, or two of a group. */
  readonly name: string;
  readonly describe: string;
  readonly takes?: readonly Argument[];
  /** What it takes, in words of an error. */
  readonly expected: string;
  readonly flags: Readonly<Record<string, Flag>>;
  /** Commands as they are typed, of at most 78 columns. */
  readonly examples: readonly [string, string];
  run(given: Given): Promise<void>;
}

export const OUT: Flag = { describe: 'write to this file instead' };

/** Output formats, the first unless said. */
export const formats = (choices: readonly string[]): Flag => ({
  choices,
  default: choices[0]!,
  describe: 'output format',
});

/** The value of an option as typed; undefined where it is not given. */
export const text = (given: Given, name: string): string | undefined => given[name] as string | undefined;

/** Declares a command as the only one of a program. */
export function declare(program: Argv, command: Command): Argv {
  const { takes = [], flags, examples } = command;
  return program
    .command({
      command: ['$0', ...takes.map(({ word }) => word)].join(' '),
      describe: command.describe,
      builder(args) {
        for (const { word, describe, choices } of takes) {
          args.positional(word.replace(/[^\w]/g, ''), {
            describe,
            ...(choices !== undefined && { choices }),
          });
        }
        for (const [name, flag] of Object.entries(flags)) args.option(name, optionOf(flag));
        return args;
      },
      handler: (args) => command.run(args),
    })
    .epilogue(['Examples:', ...examples.map((example) => `  ${example}`)].join('\n'));
}

function optionOf({ describe, holds, choices, default: value, usual, required, group, hidden }: Flag) {
  return {
    describe,
    ...(holds === 'switch' ? { boolean: true } : { requiresArg: true }),
    ...(holds === 'list' && { array: true, default: [], defaultDescription: 'none' }),
    ...(choices !== undefined && { choices }),
    ...(value !== undefined && { default: value }),
    ...(usual !== undefined && { defaultDescription: usual }),
    ...(required !== undefined && { demandOption: true }),
    ...(group !== undefined && { group }),
    ...(hidden !== undefined && { hidden }),
  };
}
