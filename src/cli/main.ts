/** The one place where errors become a line and an exit status. */
import { mistake, specsim } from './program.ts';

/** Exit status for a mistake of the user's. */
const USER_ERROR = 2;

process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  // A reader that has enough, such as head, is no mistake.
  if (code === 'EPIPE') process.exit(0);
  process.stderr.write(`specsim: standard output: cannot be written (${code})\n`);
  process.exit(USER_ERROR);
});
// Nobody is left to be told.
process.stderr.on('error', () => {});

specsim(process.argv.slice(2)).catch((error: unknown) => {
  const line = mistake(error);
  if (line === null) throw error;
  process.stderr.write(`specsim: ${line}\n`);
  process.exitCode = USER_ERROR;
});
