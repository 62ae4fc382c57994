/** The quick samplers of fitted processes equal the plain ones, draw by draw, to the last bit. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import seedrandom from 'seedrandom';
import { expect, test } from 'vitest';
import { inverseNormal, normalBelow } from '../../src/random/inverse-normal.ts';
import { draws, stream } from '../../src/random/streams.ts';
import { CopyRunSampler } from '../../src/trace/copy-runs.ts';
import { MAX_K, parseProcess } from '../../src/trace/process.ts';
import { DifficultySampler } from '../../src/trace/token-difficulty.ts';
import { sampleCopyRuns, sampleTokenDifficulty } from './plain-sampling.ts';

const SETS = ['gsm8k', 'cnn', 'instructcoder', 'sharegpt'] as const;
const process = (set: string) => {
  const where = new URL(`../../traces/llama-3.1-8b/${set}.json`, import.meta.url);
  return parseProcess(JSON.parse(readFileSync(where, 'utf8')), set);
};

test('draws are those of seedrandom, one by one and many at a time', () => {
  fc.assert(
    fc.property(fc.integer(), fc.string(), fc.array(fc.nat({ max: 40 })), (seed, key, counts) => {
      const theirs = seedrandom.alea(`${seed}/${key}`);
      const one = stream(seed, key);
      const many = draws(seed, key);
      for (const count of counts) {
        const filled = new Float64Array(count);
        many.fill(filled);
        for (const draw of filled) expect([draw, one()]).toEqual([draw, draw]);
        for (const draw of filled) expect(draw).toBe(theirs());
      }
    }),
    { numRuns: 50 },
  );
});

test('a normal draw is below a limit where its quantile is', () => {
  const draw = stream(1, 'bins');
  for (let i = 0; i < 200_000; i++) {
    const [p, scale] = [i < 2000 ? i / 2000 : draw(), i % 7 === 0 ? 0 : 3 * draw()];
    // Half of the limits lie where the bin cannot tell.
    const offset = i % 2 === 0 ? 8 * draw() - 4 : -scale * inverseNormal(p) * (1 + 1e-3 * (draw() - 0.5));
    if (normalBelow(offset, scale, p) !== offset + scale * inverseNormal(p) < 0) {
      expect.fail(`${offset} + ${scale} * inverseNormal(${p})`);
    }
  }
});

test.each(SETS)('%s: columns are those of the plain form', (set) => {
  const { ngram, eagle3 } = process(set);
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 700 }),
      fc.double({ min: -4, max: 4, noNaN: true }),
      (seed, tokens, score) => {
        const scratch = new Float64Array(tokens);
        const column = () => new Uint8Array(tokens);
        const [copied, plainCopied] = [0, 1].map(() => ({ emitted: column(), proposed: column() }));
        sampleCopyRuns(ngram, plainCopied!, score, stream(seed, 'copy'), scratch, MAX_K);
        // Longer than the request, as others of its trace are.
        const sampler = new CopyRunSampler(ngram, tokens + 5, MAX_K);
        sampler.sample(copied!, score, draws(seed, 'copy'));
        expect(copied).toEqual(plainCopied);
        const copies = column();
        sampler.copies(copies, score, draws(seed, 'copy'));
        expect(copies).toEqual(plainCopied!.emitted.map((emitted) => Math.min(emitted, 2)));
        const [drafted, plainDrafted] = [0, 1].map(() => ({ emitted: column(), lookedUp: copied!.emitted }));
        sampleTokenDifficulty(eagle3!, plainDrafted!, score, stream(seed, 'ease'), scratch, MAX_K);
        new DifficultySampler(eagle3!, tokens + 5, MAX_K).sample(drafted!, score, draws(seed, 'ease'));
        expect(drafted!.emitted).toEqual(plainDrafted!.emitted);
      },
    ),
    { numRuns: 60 },
  );
});
