/** Rounds of fitted processes that are sampled one by one are those of the column. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AS_RECORDED, Replay } from '../../src/drafter/replay.ts';
import { MODEL_METHODS, parseProcess, processMethods, sampleProcess } from '../../src/trace/process.ts';
import { selectLengths } from '../../src/trace/reshape.ts';
import { samplerOf } from '../../src/trace/sampled-rounds.ts';

const PROCESSES = ['llama-3.1-8b/gsm8k', 'llama-3.1-8b/instructcoder', 'llama-3-70b/sharegpt'].map((file) => {
  const where = new URL(`../../traces/${file}.json`, import.meta.url);
  return parseProcess(JSON.parse(readFileSync(where, 'utf8')), file);
});
const drawn = fc.record({
  process: fc.constantFrom(...PROCESSES),
  seed: fc.integer(),
  requests: fc.integer({ min: 1, max: 6 }),
  k: fc.oneof(fc.integer({ min: 0, max: 25 }), fc.constant(Number.POSITIVE_INFINITY)),
  from: fc.nat({ max: 5 }),
});

test('any round of any request is that of the column, in any order and of any length', () => {
  fc.assert(
    fc.property(drawn, fc.infiniteStream(fc.nat()), ({ process, seed, requests, k }, numbers) => {
      const [single, whole] = [0, 1].map(() => sampleProcess(process, { requests, seed }));
      for (const method of MODEL_METHODS.filter((method) => processMethods(process).includes(method))) {
        const sampler = samplerOf(single!.drafters.get(method)!);
        const { emitted, offsets } = whole!.drafters.get(method)!;
        for (let r = requests - 1; r >= 0; r--) {
          const tokens = offsets[r + 1]! - offsets[r]!;
          for (let i = 0; i < 20 && tokens > 1; i++) {
            const position = 1 + (numbers.next().value! % (tokens - 1));
            assert.equal(
              sampler!.emittedBy(r, position, k),
              Math.min(emitted[offsets[r]! + position]!, k + 1),
            );
          }
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('a replay of a process is that of its column, round by round and as streams', () => {
  fc.assert(
    fc.property(drawn, fc.boolean(), ({ process, seed, requests, k, from }, exact) => {
      const [single, whole] = [0, 1].map(() => {
        const trace = sampleProcess(process, { requests, seed });
        const method = trace.drafters.has('eagle3') ? 'eagle3' : 'draft-model';
        return { lengths: trace.drafters.get(method)!, tokens: trace.outputTokens };
      });
      assert.ok(whole!.lengths.emitted.length > 0);
      const length = exact ? 'exact' : Math.min(k, 20);
      // Thrice, as the third pass over the same requests is that of a column.
      for (let pass = 0; pass < 3; pass++) {
        const replays = [single!, whole!].map(({ lengths }) => new Replay(lengths, length, AS_RECORDED));
        for (const [request, tokens] of whole!.tokens.entries()) {
          const rounds = replays.map((replay) => {
            const all: number[][] = [];
            for (let position = 1; position < tokens; position += replay.emitted) {
              replay.round(request, position, tokens - position);
              all.push([position, replay.emitted, replay.drafted]);
            }
            return all;
          });
          assert.deepEqual(rounds[0], rounds[1]);
          const position = 1 + from;
          if (position >= tokens) continue;
          const streams = replays.map((replay) => {
            const asked = Math.min(k, 20);
            const { lengths, start, end, byPosition } = replay.stream(
              request,
              position,
              tokens - position,
              asked,
            );
            const all: number[] = [];
            for (let at = start; at < end; at += byPosition ? all.at(-1)! : 1) {
              const left = byPosition ? end - at : Number.POSITIVE_INFINITY;
              all.push(Math.min(lengths[at]!, asked + 1, left));
            }
            return all;
          });
          assert.deepEqual(streams[0], streams[1]);
        }
      }
    }),
    { numRuns: 40 },
  );
});

test('the column takes over when it is read, and when a request is begun a third time; copies have no sampler', () => {
  const [gsm8k] = PROCESSES;
  const lengthsOf = () => sampleProcess(gsm8k!, { requests: 3, seed: 1 }).drafters.get('eagle3')!;
  const read = lengthsOf();
  expect(samplerOf(read)!.emittedBy(0, 1, 3)).toBeGreaterThan(0);
  expect(read.emitted.length).toBeGreaterThan(0);
  expect(samplerOf(read)!.emittedBy(0, 1, 3)).toBe(0);
  expect(samplerOf({ ...read, maxK: 3 })).toBe(null);

  const sampler = samplerOf(lengthsOf())!;
  const begun = [0, 1, 0, 0, 2, 1, 0].map((request) => sampler.emittedBy(request, 1, 3) > 0);
  expect(begun).toEqual([true, true, true, true, true, true, false]);
});

test('of many requests one in sixteen is begun a third time without the column of all, and is what that says', () => {
  const [gsm8k] = PROCESSES;
  const [single, whole] = [0, 1].map(
    () => sampleProcess(gsm8k!, { requests: 64, seed: 3 }).drafters.get('eagle3')!,
  );
  const sampler = samplerOf(single!)!;
  const { offsets, emitted } = whole!;
  const all = [...Array(64).keys()];
  const says = (request: number, position: number, k: number) =>
    Math.min(emitted[offsets[request]! + position]!, k + 1);
  for (const [position, k] of [
    [1, 3],
    [2, 20],
  ] as const) {
    for (const request of all) {
      assert.equal(sampler.emittedBy(request, position, k), says(request, position, k));
    }
  }
  // Four of them in turn, again and again; a fifth is one too many.
  for (let position = 1; position < 20; position++) {
    for (const request of [3, 60, 17, 9]) {
      assert.equal(sampler.emittedBy(request, position, 5), says(request, position, 5));
    }
  }
  assert.equal(sampler.emittedBy(5, 1, 3), 0);
  assert.deepEqual(single!.emitted, emitted);
});

test('requests that are selected are sampled alone, and are those of the column', () => {
  const [gsm8k] = PROCESSES;
  const [single, whole] = [0, 1].map(
    () => sampleProcess(gsm8k!, { requests: 9, seed: 2 }).drafters.get('eagle3')!,
  );
  assert.ok(whole!.emitted.length > 0);
  const indices = [7, 0, 7, 3];
  expect(selectLengths(single!, indices).emitted).toEqual(selectLengths(whole!, indices).emitted);
  const { offsets, emitted } = whole!;
  expect([...selectLengths(single!, indices).emitted]).toEqual(
    indices.flatMap((r) => [...emitted.subarray(offsets[r], offsets[r + 1])]),
  );
});
