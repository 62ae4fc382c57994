import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { byBatch, byBatchAndContext, joined, rangesOf } from '../../src/questions/schedule.ts';
import { scheduleDocument } from '../../src/questions/schedule-document.ts';
import { TIE, tuningOf } from '../../src/questions/tuning.ts';
import { Bench } from '../../src/scenario/bench.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options, parseOptions, parseSizes } from '../../src/scenario/options.ts';
import { said } from '../cli/command.ts';
import { describeWithRecordings } from '../recordings.ts';

const inputsOf = (options: Options) => gatherInputs(completeScenario(options), folderLibrary);

describe('a schedule', () => {
  it('lets an evaluated size decide up to the next one, and nothing below the smallest', () => {
    const ranges = rangesOf([
      { batch: 2, k: 3 },
      { batch: 16, k: 3 },
      { batch: 64, k: 0 },
    ]);
    expect(byBatch(ranges)).toEqual([
      [2, 63, 3],
      [64, 64, 0],
    ]);
    expect(byBatch(rangesOf([{ batch: 32, k: 3 }]))).toEqual([[32, 32, 3]]);
  });

  it('is a grid of batch sizes and contexts, the last context without end', () => {
    const of = (contextTokens: number, k: number) => ({
      contextTokens,
      ranges: rangesOf([
        { batch: 1, k },
        { batch: 8, k: 1 },
      ]),
    });
    expect(byBatchAndContext([of(1024, 4), of(8192, 2)])).toEqual([
      [1, 7, 1, 8191, 4],
      [1, 7, 8192, 2147483647, 2],
      [8, 8, 1, 8191, 1],
      [8, 8, 8192, 2147483647, 1],
    ]);
  });

  it('covers every batch size from the smallest to the largest exactly once', () => {
    const sizes = fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { minLength: 1 });
    fc.assert(
      fc.property(sizes, fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 300 }), (batches, ks) => {
        const evaluated = batches.sort((a, b) => a - b).map((batch, i) => ({ batch, k: ks[i]! }));
        const ranges = joined(rangesOf(evaluated));
        for (let size = 1; size <= batches.at(-1)!; size++) {
          const covering = ranges.filter(({ lo, hi }) => lo <= size && size <= hi);
          const deciding = evaluated.findLast(({ batch }) => batch <= size);
          expect(covering.map(({ k }) => k)).toEqual(deciding === undefined ? [] : [deciding.k]);
        }
      }),
    );
  });
});

describe('the schedule as plain JSON', () => {
  it('has every batch size once in every list, whatever pays there', async () => {
    const inputs = await inputsOf({
      method: ['ngram', 'hybrid:ngram+eagle3'],
      batch: [2, 16, 900],
      requests: 20,
    });
    const tuning = await tuningOf([inputs], 4);
    const [schedule] = scheduleDocument(tuning).schedules;
    const lists = [...schedule!.best, ...schedule!.methods.flatMap(({ contexts }) => contexts)];
    expect(lists).toHaveLength(3);
    for (const { ranges } of lists) {
      expect(ranges[0]!.lo).toBe(2);
      expect(ranges.at(-1)!.hi).toBe(900);
      ranges.slice(1).forEach(({ lo }, i) => {
        expect(lo).toBe(ranges[i]!.hi + 1);
      });
      for (const { method, k } of ranges) expect(method === 'none').toBe(k === 0);
    }
    for (const { batch_size: batch, method, k } of tuning.rows) {
      const range = schedule!.best[0]!.ranges.find(({ lo, hi }) => lo <= batch && batch <= hi);
      expect(range).toMatchObject({ method, k });
    }
    expect(schedule!.best[0]!.ranges.at(-1)).toMatchObject({ method: 'none', k: 0 });
  });
});

describe('sizes', () => {
  it.each([
    ['1..8', [1, 2, 4, 8]],
    ['1..100', [1, 2, 4, 8, 16, 32, 64, 100]],
    ['3,12..24', [3, 12, 24]],
    ['1k..4k', [1024, 2048, 4096]],
    ['2k,512', [512, 2048]],
  ])('%s', (written, sizes) => {
    expect(parseSizes(written, '--context')).toEqual(sizes);
    expect([...parseOptions({ batch: written }, String).batch!].sort((a, b) => a - b)).toEqual(sizes);
  });

  it.each(['8..1', '0..4', '1..', 'many', '1.5k', ''])('%j is refused', (written) => {
    expect(() => parseSizes(written, '--context')).toThrow(/--context: got .*expected/);
  });
});

describe('tune', () => {
  it('takes the smallest k within a tie of the best, and nothing where nothing pays', async () => {
    const inputs = await inputsOf({ method: ['eagle3'], batch: [1, 512], requests: 40 });
    const { rows, schedules } = await tuningOf([inputs], 8);
    const [method] = inputs.methods;
    const bench = new Bench(inputs, inputs.traces[0]!, 'clones', new Set());
    for (const { batch_size: batch, k } of rows) {
      const speedups = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((k) =>
        k === 0 ? 1 : bench.row({ method: method!, k }, batch).speedup!,
      );
      const good = (1 - TIE) * Math.max(...speedups);
      expect(k).toBe(speedups.findIndex((speedup) => speedup >= good));
    }
    expect(schedules[0]!.contexts[0]!.ranges.map(({ k }) => k)).toEqual(rows.map(({ k }) => k));
  });

  it('gives gains that are ratios of the rows of a run, with intervals around them', async () => {
    const inputs = await inputsOf({ method: ['ngram', 'eagle3'], batch: [8], requests: 40 });
    const [row] = (await tuningOf([inputs], 5)).rows;
    const bench = new Bench(inputs, inputs.traces[0]!, 'clones', new Set());
    const of = (name: string, k: number) =>
      bench.row({ method: inputs.methods.find((method) => method.name === name)!, k }, 8);
    const best = of(row!.method, row!.k);
    expect(row!.throughput_tok_per_s).toBe(best.throughput_tok_per_s);
    expect(row!.over_none.ratio).toBeCloseTo(best.speedup!, 12);
    expect(row!.over_none.lo).toBeCloseTo(best.speedup_lo!, 12);
    const next = row!.runner_up!;
    expect(next.method).not.toBe(row!.method);
    const other = of(next.method, next.k);
    expect(next.over.ratio).toBeCloseTo(best.throughput_tok_per_s / other.throughput_tok_per_s, 12);
    for (const { ratio, lo, hi } of [row!.over_none, row!.oracle_over, next.over]) {
      expect(lo).toBeLessThan(ratio);
      expect(hi).toBeGreaterThan(ratio);
    }
    expect(row!.oracle_over.ratio).toBeGreaterThan(1);
  });

  it('stops at what a recording can answer for', async () => {
    const inputs = await inputsOf({ method: ['ngram'], batch: [1], requests: 5 });
    await expect(tuningOf([inputs], 64)).resolves.toBeDefined();
  });

  it.each([
    ['--k 3', /--k: tune chooses it/],
    ['--max-k 0', /--max-k: got "0"/],
    ['--method none', /needs a method that speculates/],
    ['--method oracle:eagle3', /tune chooses draft lengths/],
    ['--load poisson:1', /tune needs batch sizes/],
    ['--emit vlm', /unknown value of --emit "vlm": nearest is vllm/],
    ['--emit json --format csv', /--format csv has no effect/],
    ['--emit vllm --trace gsm8k,cnn', /a schedule is of one trace/],
    ['--emit vllm --method hybrid:ngram+eagle3', /vLLM runs none of/],
    ['--emit vllm-2d --method suffix --acceptance suffix=0.5', /vLLM runs none of/],
    ['--context 1k --prompt-len 9', /expected one of them/],
    ['--contxt 1k', /nearest is --context/],
  ])('%s is refused', async (flags, message) => {
    const { mistake } = await said('tune', '--requests', '5', ...flags.split(' '));
    expect(mistake).toMatch(message);
    expect(mistake).not.toContain('\n');
  });
});

describeWithRecordings('tuning on the recordings', (dir) => {
  it.each(['gsm8k', 'cnn', 'instructcoder', 'sharegpt'])(
    '%s: no fixed k is surely better by more than what counts as a tie, at any batch size',
    async (dataset) => {
      const trace = [join(dir, `combined_${dataset}.jsonl`)];
      const inputs = await inputsOf({ method: ['ngram', 'eagle3'], trace, batch: [1, 8, 32, 128] });
      const { rows } = await tuningOf([inputs], 10);
      const bench = new Bench(inputs, inputs.traces[0]!, 'clones', new Set());
      for (const row of rows) {
        const best = {
          method: inputs.methods.find(({ name }) => name === row.method)!,
          k: row.k,
        };
        for (const method of inputs.methods) {
          for (let k = 1; k <= 10; k++) {
            const { ratio, lo } = bench.ratio({ method, k }, best, row.batch_size);
            expect(lo, `${method.name} k=${k} at ${row.batch_size}: ${ratio}`).toBeLessThanOrEqual(
              1 / (1 - TIE),
            );
          }
        }
      }
    },
  );
});
