/** Text of a file, out of gzip where its name says so. */
import { constants } from 'node:buffer';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { UserError } from '../errors.ts';

/** @throws UserError when a file named `.gz` is not valid gzip, and for more text than a string can hold */
export async function textOf(bytes: Buffer, path: string): Promise<string> {
  const plain = path.endsWith('.gz') ? await unpacked(bytes, path) : bytes;
  if (plain.length > constants.MAX_STRING_LENGTH) {
    throw new UserError(
      `${path}: ${(plain.length / 1e9).toFixed(1)} GB of text, expected at most ${(constants.MAX_STRING_LENGTH / 1e9).toFixed(1)} GB (specsim trace import and inspect read files of any size)`,
    );
  }
  return plain.toString('utf8');
}

async function unpacked(bytes: Buffer, path: string): Promise<Buffer> {
  try {
    return await promisify(gunzip)(bytes);
  } catch (error) {
    throw new UserError(`${path}: not valid gzip: ${(error as Error).message}`);
  }
}
