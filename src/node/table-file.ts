/** Tables that a user names, out of gzip where their names say so. */
import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { textOf } from './gzip.ts';

/** @throws UserError, with the flag that named it, for a file that cannot be read or unpacked */
export async function readTable(flag: string, path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      `${flag} ${path}: cannot be read (${error.code}), expected a CSV table, or one in gzip`,
    );
  });
  return textOf(bytes, path);
}
