/** docs/decide-results.md against the recordings: a part of every table that is quick to make again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseMethod } from '../../src/drafter/methods.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { switchingRows } from '../../src/questions/switching.ts';
import { Bench } from '../../src/scenario/bench.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../../src/scenario/options.ts';
import { describeWithRecordings } from '../recordings.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/decide-results.md'), 'utf8');
const lineOf = (title: string) =>
  text
    .split('\n')
    .find((line) => line.startsWith(`| ${title} |`))!
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.trim());

describeWithRecordings('the results on the recordings', (dir) => {
  const inputsOf = (options: Options) =>
    gatherInputs(completeScenario({ trace: [join(dir, 'combined_gsm8k.jsonl')], ...options }), folderLibrary);

  it('gsm8k: bounds and goodput are what they were', async () => {
    const names = ['oracle:eagle3', 'best:eagle3', 'combined:ngram+eagle3'];
    const inputs = await inputsOf({ method: ['eagle3', ...names] });
    const bench = new Bench(inputs, inputs.traces[0]!, 'clones', new Set());
    const setting = (name: string, k: number | null) => ({ method: parseMethod(name), k });
    for (const name of names) {
      const one = setting(name, null);
      const plain = bench.plainMeasures(one, 32).throughput_tok_per_s;
      const speedup = bench.measures(one, 32).throughput_tok_per_s / plain;
      expect(speedup.toFixed(2)).toBe(lineOf(`gsm8k, ${name}`)[2]);
    }
    const adaptive = await inputsOf({ method: ['eagle3'], policy: ['goodput'], k: [10] });
    const got = new Bench(adaptive, adaptive.traces[0]!, 'clones', new Set()).measures(
      { ...setting('eagle3', 10), policy: adaptive.policies[0]! },
      32,
    );
    const fixed = [1, 2, 3, 4, 5, 6].map((k) => bench.measures(setting('eagle3', k), 32));
    const best = Math.max(...fixed.map((one) => one.throughput_tok_per_s));
    const share = `${((100 * got.throughput_tok_per_s) / best).toFixed(1)}%`;
    expect(share).toBe(lineOf('gsm8k, goodput')[5]);
  });

  it('gsm8k: a schedule that changes for 5 ms is what it was', async () => {
    const inputs = await inputsOf({ method: ['eagle3'], batch: [128] });
    const engine = { ...inputs.engine, lengthSwitchS: 5e-3 };
    const ranges = [
      { lo: 1, hi: 63, k: 3 },
      { lo: 64, hi: 255, k: 2 },
      { lo: 256, hi: 256, k: 1 },
    ];
    const asked = { method: parseMethod('eagle3'), ranges, single: 2 };
    const [row] = switchingRows({ ...inputs, engine }, 0, asked, new Set())!;
    const gain = `${(100 * (row!.over_single.ratio - 1)).toFixed(1)}%`;
    expect(lineOf('gsm8k, 5 ms a change')[4]!.split(' ')[0]).toBe(gain);
  });
});
