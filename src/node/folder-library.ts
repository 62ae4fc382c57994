/** The library of this package's folders, and files of the user's: the only part that touches a disk to read. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { entry } from '../memo.ts';
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
    const targets = (await entriesOf(TRACES)).toSorted();
    const datasets = async (target: string) =>
      (await entriesOf(`${TRACES}/${target}`)).map((entry) => entry.replace(/\.jsonl?$/, '')).sort();
    return new Map(
      await Promise.all(targets.map(async (target) => [target, await datasets(target)] as const)),
    );
  },
  async trace(target, dataset) {
    const entries = await entriesOf(`${TRACES}/${target}`);
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

const listings = new Map<string, Promise<readonly string[]>>();

/** Of a folder of this package, which stays as it is while a program runs. */
function entriesOf(folder: string): Promise<readonly string[]> {
  return entry(listings, folder, () => readdir(folder));
}

const documents = new Map<string, Promise<Document>>();

/** The same document whenever it is asked for: what was made of it is found by it (src/memo.ts). */
function shipped(path: string, where: string): Promise<Document> {
  return entry(documents, path, async () => ({ where, text: await readFile(path, 'utf8') }));
}

async function jsonNames(folder: string): Promise<string[]> {
  const entries = await entriesOf(folder);
  return entries
    .filter((entry) => entry.endsWith('.json') && entry !== 'schema.json')
    .map((entry) => entry.slice(0, -'.json'.length))
    .sort();
}
