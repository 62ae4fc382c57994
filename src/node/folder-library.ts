/** The library of this package's folders, and files of the user's: the only part that touches a disk to read. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Document, Library, Profile } from '../scenario/library.ts';
import { NoSuchFile, readText } from './input.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDERS: Readonly<Record<Profile, string>> = {
  gpu: `${ROOT}hardware-profiles`,
  kernels: `${ROOT}hardware-profiles/kernels`,
  engine: `${ROOT}hardware-profiles/engines`,
  model: `${ROOT}models`,
  head: `${ROOT}models/heads`,
};
const TRACES = `${ROOT}traces`;

/** Profiles, models and traces that ship with the package, and any file by its path. */
export const folderLibrary: Library = {
  names: (kind) => jsonNames(FOLDERS[kind]),
  profile: (kind, name) => shipped(`${FOLDERS[kind]}/${name}.json`, `${kind} ${name}`),
  async traces() {
    const targets = await readdir(TRACES);
    const datasets = async (target: string) =>
      (await readdir(`${TRACES}/${target}`)).map((entry) => entry.replace(/\.jsonl?$/, '')).sort();
    return new Map(
      await Promise.all(targets.sort().map(async (target) => [target, await datasets(target)] as const)),
    );
  },
  async trace(target, dataset) {
    const entries = await readdir(`${TRACES}/${target}`);
    const entry = entries.find((name) => name.replace(/\.jsonl?$/, '') === dataset);
    return shipped(`${TRACES}/${target}/${entry}`, `trace ${target}/${dataset}`);
  },
  async file(path) {
    try {
      return { where: path, text: await readText(path) };
    } catch (error) {
      if (error instanceof NoSuchFile) return null;
      throw error;
    }
  },
};

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
