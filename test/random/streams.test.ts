import fc from 'fast-check';
import seedrandom from 'seedrandom';
import { expect, test } from 'vitest';
import { generator, stream } from '../../src/random/streams.ts';

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

test('whole numbers that are written at once are those of single draws, and so are draws behind them', () => {
  const small = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(fc.integer(), small, small, small, (seed, below, apart, count) => {
      const draw = stream(seed);
      const draws = generator(seed);
      const written = new Uint16Array(1 + apart * count);
      draws.writeWhole(written, 1, written.length, apart, below);
      for (let i = 1; i < written.length; i++)
        expect(written[i]).toBe((i - 1) % apart === 0 ? Math.floor(draw() * below) : 0);
      expect(draws.next()).toBe(draw());
    }),
  );
});
