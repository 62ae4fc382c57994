/** The quick samplers of fitted processes equal the plain ones, draw by draw, to the last bit; and what their draws are worth. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawKeys } from '../../src/random/hashed.ts';
import { stream } from '../../src/random/streams.ts';
import { valueAlongOutput, writeAlongOutput } from '../../src/trace/along-output.ts';
import { CopyRunSampler } from '../../src/trace/copy-runs.ts';
import { MAX_K, parseProcess } from '../../src/trace/process.ts';
import { DifficultySampler } from '../../src/trace/token-difficulty.ts';
import {
  hashedCopyDraws,
  hashedDifficultyDraws,
  sampleCopyRuns,
  sampleTokenDifficulty,
  streamedDraws,
} from './plain-sampling.ts';

const SETS = ['gsm8k', 'cnn', 'instructcoder', 'sharegpt'] as const;
const process = (set: string) => {
  const where = new URL(`../../traces/llama-3.1-8b/${set}.json`, import.meta.url);
  return parseProcess(JSON.parse(readFileSync(where, 'utf8')), set);
};

test.each(SETS)('%s: columns are those of the plain form', (set) => {
  const { ngram, eagle3 } = process(set);
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 700 }),
      fc.double({ min: -4, max: 4, noNaN: true }),
      (seed, tokens, score) => {
        const column = () => new Uint8Array(tokens);
        const copyKey = drawKeys(seed, 'copy')(7);
        const [copied, plainCopied] = [0, 1].map(() => ({ emitted: column(), proposed: column() }));
        sampleCopyRuns(ngram, plainCopied!, score, hashedCopyDraws(copyKey), MAX_K);
        // Longer than the request, as others of its trace are.
        const sampler = new CopyRunSampler(ngram, tokens + 5, MAX_K);
        sampler.sample(copied!, score, copyKey);
        assert.deepEqual(copied, plainCopied);
        const copies = column();
        sampler.copies(copies, score, copyKey);
        assert.deepEqual(
          copies,
          plainCopied!.emitted.map((emitted) => Math.min(emitted, 2)),
        );
        const easeKey = drawKeys(seed, 'ease')(7);
        const plain = { emitted: column(), lookedUp: copied!.emitted };
        sampleTokenDifficulty(eagle3!, plain, score, hashedDifficultyDraws(easeKey), MAX_K);
        const heads = new DifficultySampler(eagle3!, tokens + 5, MAX_K);
        heads.begin(copied!.emitted, score, easeKey);
        const drafted = column();
        heads.fill(drafted);
        assert.deepEqual(drafted, plain.emitted);
      },
    ),
    { numRuns: 60 },
  );
});

test('values along an output are the same at once and one by one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 6, maxLength: 6 }),
      fc.integer({ min: 1, max: 500 }),
      (values, tokens) => {
        const written = new Float64Array(tokens);
        writeAlongOutput(values, tokens, written);
        written.forEach((value, position) => {
          assert.ok(Math.abs(value - valueAlongOutput(values, position / tokens)) < 1e-9);
        });
      },
    ),
    { numRuns: 100 },
  );
});

/** Mean over positions of what the two methods emit, of short requests of one seed. */
function meansOf(set: string, seed: number, hashes: boolean): number[] {
  const { ngram, eagle3 } = process(set);
  const tokens = 200;
  const requests = 20;
  const heads = new DifficultySampler(eagle3!, tokens, MAX_K);
  const [copyKey, easeKey] = [drawKeys(seed, 'ngram'), drawKeys(seed, 'eagle3')];
  const totals = [0, 0, 0];
  for (let r = 0; r < requests; r++) {
    const streamed = streamedDraws(stream(seed, 'plain', r));
    const copied = { emitted: new Uint8Array(tokens), proposed: new Uint8Array(tokens) };
    const drafted = { emitted: new Uint8Array(tokens), lookedUp: copied.emitted };
    const score = (4 * r) / requests - 2;
    if (hashes) {
      new CopyRunSampler(ngram, tokens, MAX_K).sample(copied, score, copyKey(r));
      heads.begin(copied.emitted, score, easeKey(r));
      heads.fill(drafted.emitted);
    } else {
      sampleCopyRuns(ngram, copied, score, streamed, MAX_K);
      sampleTokenDifficulty(eagle3!, drafted, score, streamed, MAX_K);
    }
    for (const [i, column] of [copied.emitted, copied.proposed, drafted.emitted].entries()) {
      totals[i]! += column.reduce((sum, value) => sum + value, 0) / tokens / requests;
    }
  }
  return totals;
}

test.each(SETS)('%s: 30 seeds are distributed as exact normal draws would have them', (set) => {
  const seeds = Array.from({ length: 30 }, (_, seed) => seed);
  const [hashes, exact] = [true, false].map((hashed) => seeds.map((seed) => meansOf(set, seed, hashed)));
  const moments = (rows: readonly number[][], i: number) => {
    const mean = rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length;
    const variance = rows.reduce((sum, row) => sum + (row[i]! - mean) ** 2, 0) / (rows.length - 1);
    return { mean, variance };
  };
  for (const [i, what] of ['copied', 'proposed', 'drafted'].entries()) {
    const [of, to] = [moments(hashes!, i), moments(exact!, i)];
    const error = Math.sqrt((of.variance + to.variance) / seeds.length);
    expect(Math.abs(of.mean - to.mean) / error, what).toBeLessThan(3);
    expect(of.variance / to.variance, `spread of ${what}`).toBeGreaterThan(0.35);
    expect(of.variance / to.variance, `spread of ${what}`).toBeLessThan(2.9);
  }
});
