/** What a file is that was named where another kind is expected. */
import { stat } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { kindOf } from '../scenario/file-kinds.ts';
import { OPTIONS } from '../scenario/option-table.ts';
import type { CommandLine } from './ask.ts';
import { readText } from './input.ts';

/** The error of a command, and what a file that it speaks of is where that is of another kind. */
export async function withOtherKind(
  error: unknown,
  line: Pick<CommandLine, 'flags' | 'scenarioFile'>,
): Promise<unknown> {
  if (!(error instanceof UserError)) return error;
  for (const [named, file] of filesIn(line)) {
    // A pipe would be read a second time.
    if (!error.message.includes(file) || !(await stat(file).catch(() => null))?.isFile()) continue;
    const text = await readText(file).catch(() => null);
    const kind = text === null ? null : kindOf(text);
    if (kind === null) continue;
    const instead = Object.hasOwn(OPTIONS, kind.named) ? `--${kind.named}` : kind.named;
    if (instead === named) continue;
    return new UserError(
      `${error.message}; it reads as ${kind.what}: ${instead}${instead.endsWith(':') ? '' : ' '}${file}`,
    );
  }
  return error;
}

/** What may be a file, and how it was named; a draft model is a model. */
function filesIn({ flags, scenarioFile }: Pick<CommandLine, 'flags' | 'scenarioFile'>): [string, string][] {
  const named = ['gpu', 'target', 'draft', 'engine', 'trace', 'workload'].flatMap((flag) =>
    String(flags[flag] ?? '')
      .split(',')
      .filter((word) => word !== '')
      .map((word): [string, string] => [flag === 'draft' ? '--target' : `--${flag}`, word]),
  );
  return scenarioFile === undefined ? named : [...named, ['specsim run', scenarioFile]];
}
