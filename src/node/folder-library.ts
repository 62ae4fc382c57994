/** The library of this package's folders, and files of the user's: the only part that touches a disk to read. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { UserError } from '../errors.ts';
import type { Document, Library } from '../scenario/library.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDERS = { gpu: `${ROOT}hardware-profiles`, engine: `${ROOT}hardware-profiles/engines` };
const TRACES = `${ROOT}traces`;

/** Profiles and traces that ship with the package, and any file by its path. */
export const folderLibrary: Library = {
  names: (kind) => jsonNames(FOLDERS[kind]),
  profile: (kind, name) => shipped(`${FOLDERS[kind]}/${name}.json`, `${kind} ${name}`),
  async traces() {
    const targets = await readdir(TRACES);
    return new Map(
      await Promise.all(
        targets.map(async (target) => [target, await jsonNames(`${TRACES}/${target}`)] as const),
      ),
    );
  },
  trace: (target, dataset) => shipped(`${TRACES}/${target}/${dataset}.json`, `trace ${dataset}`),
  async file(path) {
    try {
      return { where: path, text: await textOf(path) };
    } catch (error) {
      if (error instanceof UserError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      throw new UserError(`${path}: cannot be read (${code}), expected a readable file`);
    }
  },
};

/** A file ending in .gz is unpacked. */
async function textOf(path: string): Promise<string> {
  const bytes = await readFile(path);
  if (!path.endsWith('.gz')) return bytes.toString('utf8');
  try {
    return (await promisify(gunzip)(bytes)).toString('utf8');
  } catch {
    throw new UserError(`${path}: not a whole gzip file, expected one since its name ends in .gz`);
  }
}

async function shipped(path: string, where: string): Promise<Document> {
  return { where, text: await readFile(path, 'utf8') };
}

async function jsonNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder);
  return entries
    .filter((entry) => entry.endsWith('.json') && entry !== 'schema.json')
    .map((entry) => entry.slice(0, -'.json'.length))
    .sort();
}
