#!/usr/bin/env node
/** The one place where errors become a line and an exit status. */
import { mistake, specsim } from './program.ts';

/** Exit status for a mistake of the user's. */
const USER_ERROR = 2;

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await specsim(process.argv.slice(2));
} catch (error) {
  const line = mistake(error);
  if (line === null) throw error;
  process.stderr.write(`specsim: ${line}\n`);
  process.exitCode = USER_ERROR;
}
