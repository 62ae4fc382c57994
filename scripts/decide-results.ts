/**
 * Prints docs/decide-results.md: what policies and bounds come to on the recordings.
 *
 *   npx tsx scripts/decide-results.ts FOLDER_OF_RECORDINGS > docs/decide-results.md
 */
import { explain } from '../src/decide/explain.ts';
import { tune } from '../src/decide/tune.ts';
import { parseMethod } from '../src/drafter/methods.ts';
import { folderLibrary } from '../src/node/folder-library.ts';
import { Bench, type Setting } from '../src/scenario/bench.ts';
import { gatherInputs, type Inputs } from '../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../src/scenario/options.ts';

const [recordings] = process.argv.slice(2);
if (recordings === undefined) throw new Error('name the folder of the recordings');

const DATASETS = ['instructcoder', 'sharegpt', 'gsm8k', 'cnn'];
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128];
const LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** A cycle of the swinging load: a burst of 128 requests at once, then some that come alone. */
const BURST = 128;
const ALONE = 8;
const BURST_LASTS_S = 40;
const ONE_LASTS_S = 10;

const inputsOf = (dataset: string, options: Options) =>
  gatherInputs(
    completeScenario({ trace: [`${recordings}/combined_${dataset}.jsonl`], ...options }),
    folderLibrary,
  );
const benchOf = (inputs: Inputs, load: 'clones' | 'open' = 'clones') =>
  new Bench(inputs, inputs.traces[0]!, load, new Set());
const setting = (name: string, k: number | null): Setting => ({ method: parseMethod(name), k });
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function table(title: string, columns: readonly (string | number)[], rows: readonly (readonly string[])[]) {
  return [
    `| ${[title, ...columns].join(' | ')} |`,
    `|---|${columns.map(() => '---:|').join('')}`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
  ];
}

function bestFixed(bench: Bench, name: string, batch: number): Setting {
  const speed = (one: Setting) => bench.measures(one, batch).throughput_tok_per_s;
  return LENGTHS.map((k) => setting(name, k)).reduce((a, b) => (speed(a) >= speed(b) ? a : b));
}

const tuned: string[][] = [];
const adaptive: string[][] = [];
const swinging: string[][] = [];
const wasted: string[][] = [];
const bounds: string[][] = [];
for (const dataset of DATASETS) {
  const inputs = await inputsOf(dataset, { method: ['ngram', 'eagle3'], batch: BATCHES });
  const bench = benchOf(inputs);
  const { rows } = await tune([inputs], 10);
  tuned.push([
    dataset,
    ...rows.map(({ method, k, batch_size: batch }) => {
      const over = LENGTHS.flatMap((k) => ['ngram', 'eagle3'].map((name) => setting(name, k)))
        .map((fixed) => bench.ratio(fixed, setting(method, k === 0 ? null : k), batch))
        .reduce((a, b) => (a.ratio >= b.ratio ? a : b));
      return `${over.ratio.toFixed(3)} (${over.lo.toFixed(3)})`;
    }),
  ]);

  const policies = ['goodput', 'per-request', 'noisy-oracle:0.8'];
  for (const policy of policies) {
    const told = benchOf(await inputsOf(dataset, { method: ['eagle3'], policy, k: [10] }));
    adaptive.push([
      `${dataset}, ${policy}`,
      ...BATCHES.map((batch) => {
        const best = bench.measures(bestFixed(bench, 'eagle3', batch), batch).throughput_tok_per_s;
        return percent(told.measures(setting('eagle3', 10), batch).throughput_tok_per_s / best);
      }),
    ]);
  }

  const cycle = BURST + ALONE;
  const arrivalS = Float64Array.from(inputs.traces[0]!.ids, (_, r) => {
    const start = Math.floor(r / cycle) * (BURST_LASTS_S + ALONE * ONE_LASTS_S);
    const alone = (r % cycle) - BURST;
    return alone < 0 ? start : start + BURST_LASTS_S + alone * ONE_LASTS_S;
  });
  const served = async (policy: string, k: number) => {
    const one = await inputsOf(dataset, { method: ['eagle3'], policy, k: [k], load: 'poisson:1' });
    return benchOf(one, 'open').served(setting('eagle3', k), arrivalS).measured.decode_tok_per_s!;
  };
  const fixed = await Promise.all(LENGTHS.map((k) => served('fixed', k)));
  const got = await served('goodput', 10);
  const fastest = Math.max(...fixed);
  swinging.push([dataset, got.toFixed(0), ...fixed.map((one) => one.toFixed(0)), percent(got / fastest - 1)]);

  const why = explain(await inputsOf(dataset, { method: ['eagle3'], k: [3], batch: BATCHES })).rows;
  wasted.push(
    [`${dataset}, verifying`, ...why.map(({ ms_per_token: ms }) => percent(ms.rejected_verify / ms.total))],
    [`${dataset}, drafting`, ...why.map(({ ms_per_token: ms }) => percent(ms.rejected_draft / ms.total))],
  );

  const methods = ['ngram', 'eagle3', 'hybrid:ngram+eagle3'];
  const limits = ['oracle:eagle3', 'best:eagle3', 'combined:ngram+eagle3', 'best:ngram+eagle3'];
  const all = benchOf(await inputsOf(dataset, { method: [...methods, ...limits] }));
  const speedups = (of: (batch: number) => Setting) =>
    [1, 8, 32, 128].map((batch) => {
      const one = of(batch);
      const plain = all.plainMeasures(one, batch).throughput_tok_per_s;
      return (all.measures(one, batch).throughput_tok_per_s / plain).toFixed(2);
    });
  for (const name of methods) {
    bounds.push([`${dataset}, ${name}, its best k`, ...speedups((batch) => bestFixed(all, name, batch))]);
  }
  for (const name of limits) bounds.push([`${dataset}, ${name}`, ...speedups(() => setting(name, null))]);
}

const lines = [
  '# Decisions on the recordings',
  '',
  'Written by `npx tsx scripts/decide-results.ts` on the recordings of SpecDecode-Bench; Llama-3.1-8B on an H100,',
  'copies of one request unless it says otherwise. [Decide](decide.md) says what the words mean.',
  '',
  '## The tuned table against every fixed k of 1 to 10, of n-gram look-up and EAGLE-3',
  '',
  'Throughput of the fastest fixed k over that of `specsim tune`, and in brackets the lower end of its 95 % interval:',
  'at most 1 unless a fixed k is surely better.',
  '',
  ...table('batch', BATCHES, tuned),
  '## Adaptive lengths, not told the batch size, against the best fixed k of EAGLE-3 there',
  '',
  ...table('k at most 10; batch', BATCHES, adaptive),
  '## A load that swings between 1 and 128 requests',
  '',
  'The serving engine, decode tokens per decode second of EAGLE-3: 128 requests come at once, and when they have ended 8',
  'come one after the other, and so on.',
  '',
  ...table('', ['goodput', ...LENGTHS.map((k) => `k = ${k}`), 'goodput over the best'], swinging),
  '## Share of the time of a token that goes into rejected drafts, EAGLE-3, k = 3',
  '',
  ...table('batch', BATCHES, wasted),
  '## Speedups, and their bounds',
  '',
  'The oracles take every run in full; `best` may stop short to land where a longer run starts, and of two methods',
  'runs only the one it uses, where `combined` runs both to know the better.',
  '',
  ...table('batch', [1, 8, 32, 128], bounds),
];
process.stdout.write(lines.join('\n'));
