/**
 * What did not change between two questions, kept: a library that hands out the same documents again. Whatever was made
 * of a document (traces sampled, cut to length and scaled, rounds replayed) is kept as long as the document is, and found
 * by it; draws of intervals are kept by number and seed. So the next question costs what its change costs.
 */
import { entry } from '../memo.ts';
import type { Document, Library } from './library.ts';

/**
 * A library in front of another, for programs that ask many questions: sliders, sweeps, notebooks.
 *
 * ```ts
 * const library = workspace(folderLibrary);
 * for (const k of [1, 2, 3]) runScenario(await gatherInputs(completeScenario({ k: [k] }), library));
 * ```
 *
 * What ships is read once. A file of the user's is read every time, and is the same document while its text is the same.
 *
 * @param filesStay whether files are read once too, as in a sweep
 */
export function workspace(library: Library, filesStay = false): Library {
  const kept = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, read: () => Promise<T>) => entry(kept, key, read) as Promise<T>;
  const files = new Map<string, Document>();
  return {
    names: (kind) => once(`names ${kind}`, () => library.names(kind)),
    profile: (kind, name) => once(`${kind} ${name}`, () => library.profile(kind, name)),
    traces: () => once('traces', () => library.traces()),
    trace: (target, dataset) => once(`trace ${target}/${dataset}`, () => library.trace(target, dataset)),
    async file(path) {
      if (filesStay) return once(`file ${path}`, () => library.file(path));
      const read = await library.file(path);
      if (read === null) return null;
      const known = files.get(path);
      if (known?.text === read.text) return known;
      files.set(path, read);
      return read;
    },
  };
}
