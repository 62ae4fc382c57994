#!/usr/bin/env node
/** The command line: dispatch, and the one place where errors become a line and an exit status. */
import yargs from 'yargs';
import { UserError } from '../errors.ts';
import { TOOL } from '../scenario/result.ts';
import { listCommand } from './list.ts';
import { runCommand } from './run.ts';

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
    .command(listCommand)
    .demandCommand(1, 'no command given: try specsim run, or specsim --help')
    .strict()
    .version(TOOL)
    .help()
    .wrap(100)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UserError(message);
    })
    .parseAsync();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`specsim: ${error.message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
  process.exitCode = USER_ERROR;
}
