/** Writes a report to the terminal or, whole or not at all, to a file. */
import { createWriteStream } from 'node:fs';
import { access, constants, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { UserError } from '../errors.ts';

/**
 * Checks that a file can be written, before any work is done for it.
 *
 * @throws UserError when its folder is missing or not writable, or it is a folder itself
 */
export async function checkWritable(path: string, where: string): Promise<void> {
  const folder = dirname(path);
  const kind = await stat(folder).catch(() => null);
  if (kind === null) throw new UserError(`${where} ${path}: folder ${folder} does not exist`);
  if (!kind.isDirectory()) throw new UserError(`${where} ${path}: ${folder} is not a folder`);
  if ((await stat(path).catch(() => null))?.isDirectory()) {
    throw new UserError(`${where} ${path}: is a folder, expected a file`);
  }
  await access(folder, constants.W_OK).catch(() => {
    throw new UserError(`${where} ${path}: folder ${folder} is not writable`);
  });
}

/**
 * Writes beside the file and renames, so that nobody ever sees half of it.
 *
 * @param text the whole text (or bytes), or its parts; in parts, a file named `.gz` is written in gzip
 */
export async function writeWhole(
  path: string,
  text: string | Uint8Array | Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  const partial = `${path}.partial-${process.pid}`;
  try {
    if (typeof text === 'string' || text instanceof Uint8Array) await writeFile(partial, text);
    else if (path.endsWith('.gz'))
      await pipeline(Readable.from(text), createGzip(), createWriteStream(partial));
    else await pipeline(Readable.from(text), createWriteStream(partial));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
