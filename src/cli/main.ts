#!/usr/bin/env node
/** The command line: dispatch, and the one place where errors become a line and an exit status. */
import yargs from 'yargs';
import { shown, UserError, unknownName } from '../errors.ts';
import { TOOL } from '../scenario/result.ts';
import { listCommand } from './list.ts';
import { RUN_OPTIONS, runCommand } from './run.ts';
import { validateCommand } from './validate.ts';

/** Exit status for a mistake of the user's. */
const USER_ERROR = 2;

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await yargs(process.argv.slice(2))
    .scriptName('specsim')
    .usage('$0 <command>\n\nWhich drafter, which k, at which batch size, on which GPU, and why.')
    .command(runCommand)
    .command(validateCommand)
    .command(listCommand)
    .demandCommand(1, 'no command given: try specsim run, or specsim --help')
    .strict()
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

/** yargs' complaints in this program's words. */
function usageError(message: string): UserError {
  const unknown = /^Unknown arguments?: ([^,\s]+)/.exec(message)?.[1];
  if (unknown === undefined) return new UserError(message.replaceAll('\n', ' ').toLowerCase());
  if (process.argv.some((word) => word === `--${unknown}` || word.startsWith(`--${unknown}=`))) {
    return unknownName(
      'option',
      `--${unknown}`,
      RUN_OPTIONS.map((name) => `--${name}`),
    );
  }
  return process.argv[2] === unknown
    ? unknownName('command', unknown, ['run', 'validate', 'list'])
    : new UserError(`unexpected argument ${shown(unknown)}: expected at most one, a scenario file`);
}
