/** A library that reads each document once; what is kept with a document, such as its trace, is kept with it. */
import { entry } from '../memo.ts';
import type { Library } from '../scenario/library.ts';

export function sharedLibrary(library: Library): Library {
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, read: () => Promise<T>) => entry(known, key, read) as Promise<T>;
  return {
    names: (kind) => once(`names ${kind}`, () => library.names(kind)),
    profile: (kind, name) => once(`${kind} ${name}`, () => library.profile(kind, name)),
    traces: () => once('traces', () => library.traces()),
    trace: (target, dataset) => once(`trace ${target} ${dataset}`, () => library.trace(target, dataset)),
    file: (path) => once(`file ${path}`, () => library.file(path)),
  };
}
