/** The one hash of its package that is asked for, by itself: a bundle of an `import()` of the package holds them all. */
export { sha256 } from '@noble/hashes/sha2.js';
