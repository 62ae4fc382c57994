import fc from 'fast-check';
import seedrandom from 'seedrandom';
import { expect, test } from 'vitest';
import { stream } from '../../src/random/streams.ts';

test('draws are those of seedrandom', () => {
  fc.assert(
    fc.property(fc.integer(), fc.string(), (seed, key) => {
      const theirs = seedrandom.alea(`${seed}/${key}`);
      const ours = stream(seed, key);
      for (let i = 0; i < 100; i++) expect(ours()).toBe(theirs());
    }),
    { numRuns: 50 },
  );
});
