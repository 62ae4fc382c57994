/** What Node adds to the core: the profiles and traces that ship, and files. */
export { folderLibrary } from './folder-library.ts';
