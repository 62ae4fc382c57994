/** A JSON file that a user names. */
import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { readJson } from '../json.ts';

/**
 * @param what the file is, such as `grid`
 * @throws UserError for a file that cannot be read or is no JSON
 */
export async function readJsonFile(what: string, path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(({ code }: NodeJS.ErrnoException) => {
    throw new UserError(`${what} ${path}: cannot be read (${code}), expected a JSON file`);
  });
  return readJson({ text, where: path });
}
