/** What ships, in documents of one question alone: nothing that another question made is found by them. */
import { folderLibrary } from '../src/node/folder-library.ts';
import type { Library } from '../src/scenario/library.ts';

export const freshLibrary: Library = {
  ...folderLibrary,
  profile: async (kind, name) => ({ ...(await folderLibrary.profile(kind, name)) }),
  trace: async (target, dataset) => ({ ...(await folderLibrary.trace(target, dataset)) }),
};
