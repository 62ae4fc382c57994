/** Text of a file, out of gzip where its name says so. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { UserError } from '../errors.ts';

/** @throws UserError when a file named `.gz` is not valid gzip */
export async function textOf(bytes: Buffer, path: string): Promise<string> {
  if (!path.endsWith('.gz')) return bytes.toString('utf8');
  try {
    return (await promisify(gunzip)(bytes)).toString('utf8');
  } catch (error) {
    throw new UserError(`${path}: not valid gzip: ${(error as Error).message}`);
  }
}
