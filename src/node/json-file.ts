/** A JSON file that a user names. */
import { readJson } from '../json.ts';
import { readText } from './input.ts';

/**
 * @param what the file is, such as `grid`
 * @throws UserError for a file that cannot be read or is no JSON
 */
export async function readJsonFile(what: string, path: string): Promise<unknown> {
  return readJson({ text: await readText(path, `${what} ${path}`), where: path });
}
