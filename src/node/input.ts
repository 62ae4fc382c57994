/** Files that a user names: unpacked, within bounds, and remembered, so that no output replaces what was read. */
import { constants } from 'node:buffer';
import { createReadStream, fstatSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UserError } from '../errors.ts';

/** Bytes read at a time. */
const CHUNK = 2 ** 20;
/** A text read whole may not be longer than a string can be. */
const MOST_TEXT = constants.MAX_STRING_LENGTH;

const BYTE_ORDER_MARK = 'efbbbf';

const read = new Set<string>();

/** Forgets what earlier commands of this process read. */
export function forgetInputs(): void {
  read.clear();
}

/** Whether a path leads to a file that was read, by whatever name. */
export async function wasRead(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() === true && read.has(`${found.dev}:${found.ino}`);
}

/**
 * The bytes of a file without a byte order mark, a piece at a time, out of gzip where its name ends in `.gz`.
 *
 * @param what how an error calls the file
 * @throws UserError when it cannot be read or unpacked, and for UTF-16
 */
export async function* chunksOf(path: string, what: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: CHUNK });
  file.once('open', (opened: number) => {
    const { dev, ino } = fstatSync(opened);
    read.add(`${dev}:${ino}`);
  });
  // An error of the file also ends the iteration below, with that error.
  const bytes = path.endsWith('.gz') ? pipeline(file, createGunzip({ chunkSize: CHUNK }), () => {}) : file;
  let begun = false;
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      if (!begun && /^(?:fffe|feff)/.test(chunk.toString('hex', 0, 2))) {
        throw new UserError(`${what}: UTF-16 text, expected UTF-8`);
      }
      yield begun || chunk.toString('hex', 0, 3) !== BYTE_ORDER_MARK ? chunk : chunk.subarray(3);
      begun = true;
    }
  } catch (error) {
    throw cannotRead(what, error as NodeJS.ErrnoException);
  }
}

/**
 * The whole text of a file.
 *
 * @throws UserError as `chunksOf`, for bytes that no text has, and for more text than a string can hold
 */
export async function readText(path: string, what = path): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(path, what)) {
    if (chunk.includes(0)) throw new UserError(`${what}: not text: holds a NUL byte, expected UTF-8 text`);
    bytes += chunk.length;
    if (bytes > MOST_TEXT) {
      throw new UserError(
        `${what}: more than ${(MOST_TEXT / 1e9).toFixed(1)} GB of text, expected less (specsim trace import and inspect read files of any size)`,
      );
    }
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}

/**
 * Names of all that lies below a folder.
 *
 * @param what the flag that names it
 * @param expected what it should be
 */
export async function namesBelow(folder: string, what: string, expected: string): Promise<string[]> {
  return readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw cannotRead(`${what} ${folder}`, error, expected);
  });
}

function cannotRead(what: string, error: NodeJS.ErrnoException, expected = 'a readable file'): Error {
  if (error instanceof UserError) return error;
  const { code, message } = error;
  if (code === 'ENOENT' || code === 'ENOTDIR') return new NoSuchFile(`${what}: no such file`);
  if (code?.startsWith('Z_')) return new UserError(`${what}: not valid gzip: ${message}`);
  return new UserError(`${what}: cannot be read (${code ?? message}), expected ${expected}`);
}

/** The mistake of naming a file that is not there. */
export class NoSuchFile extends UserError {}
