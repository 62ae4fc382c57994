/**
 * Prints docs/decide-results.md: what policies and bounds come to on the recordings.
 *
 *   npx tsx scripts/decide-results.ts FOLDER_OF_RECORDINGS > docs/decide-results.md
 */

import { parseMethod, takesK } from '../src/drafter/methods.ts';
import { folderLibrary } from '../src/node/folder-library.ts';
import { parsePolicy } from '../src/policy/policies.ts';
import { explanationOf } from '../src/questions/explanation.ts';
import { tuningOf } from '../src/questions/tuning.ts';
import { stream } from '../src/random/streams.ts';
import { Bench } from '../src/scenario/bench.ts';
import { gatherInputs, type Inputs } from '../src/scenario/inputs.ts';
import { completeScenario, type Options } from '../src/scenario/options.ts';
import type { Setting } from '../src/scenario/setup.ts';
import { selectRequests } from '../src/trace/reshape.ts';
import { confidenceSection } from './decide-confidence.ts';
import { switchingSection } from './decide-switching.ts';
import { markdownTable } from './markdown-table.ts';

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

/** How often whole requests are drawn again for intervals of the swinging load. */
const REDRAWS = 100;

/** Chances of a noisy oracle that are tried. */
const CHANCES = Array.from({ length: 20 }, (_, i) => (i + 1) / 20);

/** Seconds that a step pays when any sequence changes its drafter. */
const SWITCHES = ['0', '100 us', '500 us', '2 ms'];

const inputsOf = (dataset: string, options: Options) =>
  gatherInputs(
    completeScenario({ trace: [`${recordings}/combined_${dataset}.jsonl`], ...options }),
    folderLibrary,
  );
const benchOf = (inputs: Inputs, load: 'clones' | 'open' = 'clones') =>
  new Bench(inputs, inputs.traces[0]!, load, new Set());
const setting = (name: string, k: number | null, policy = 'fixed'): Setting => ({
  method: parseMethod(name),
  k,
  policy: { name: policy, spec: parsePolicy(policy) },
});
const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

function bestFixed(bench: Bench, name: string, batch: number): Setting {
  const speed = (one: Setting) => bench.measures(one, batch).throughput_tok_per_s;
  return LENGTHS.map((k) => setting(name, k)).reduce((a, b) => (speed(a) >= speed(b) ? a : b));
}

const tuned: string[][] = [];
const adaptive: string[][] = [];
const predictors: string[][] = [];
const swinging: string[][] = [];
const switching: string[][] = [];
const wasted: string[][] = [];
const bounds: string[][] = [];
for (const dataset of DATASETS) {
  const inputs = await inputsOf(dataset, { method: ['ngram', 'eagle3'], batch: BATCHES });
  const bench = benchOf(inputs);
  const { rows } = await tuningOf([inputs], 10);
  tuned.push([
    dataset,
    ...rows.map(({ method, k, batch_size: batch }) => {
      const over = LENGTHS.flatMap((k) => ['ngram', 'eagle3'].map((name) => setting(name, k)))
        .map((fixed) => bench.ratio(fixed, setting(method, k === 0 ? null : k), batch))
        .reduce((a, b) => (a.ratio >= b.ratio ? a : b));
      return `${over.ratio.toFixed(3)} (${over.lo.toFixed(3)})`;
    }),
  ]);

  for (const policy of ['goodput', 'cascade', 'per-request', 'noisy-oracle:0.8', 'oracle']) {
    adaptive.push([
      `${dataset}, ${policy}`,
      ...BATCHES.map((batch) =>
        percent(bench.ratio(setting('eagle3', 10, policy), bestFixed(bench, 'eagle3', batch), batch).ratio),
      ),
    ]);
  }
  for (const longest of [5, 10]) {
    predictors.push([
      `${dataset}, k = ${longest} when wrong`,
      ...BATCHES.map((batch) => {
        const best = bestFixed(bench, 'eagle3', batch);
        const over = (chance: number) =>
          bench.ratio(setting('eagle3', longest, `noisy-oracle:${chance}`), best, batch);
        const first = (beats: (ratio: ReturnType<typeof over>) => boolean) =>
          CHANCES.find((chance) => beats(over(chance)))?.toFixed(2) ?? '-';
        return `${first(({ ratio }) => ratio > 1)} (${first(({ lo }) => lo > 1)})`;
      }),
    ]);
  }

  const cycle = BURST + ALONE;
  const arrivalS = Float64Array.from(inputs.traces[0]!.outputTokens, (_, r) => {
    const start = Math.floor(r / cycle) * (BURST_LASTS_S + ALONE * ONE_LASTS_S);
    const alone = (r % cycle) - BURST;
    return alone < 0 ? start : start + BURST_LASTS_S + alone * ONE_LASTS_S;
  });
  const open = await inputsOf(dataset, { method: ['eagle3'], load: 'poisson:1' });
  const served = (trace: (typeof open)['traces'][number]) => {
    const swings = new Bench(open, trace, 'open', new Set());
    const speed = (one: Setting) => swings.served(one, arrivalS).measured.decode_tok_per_s!;
    return {
      fixed: LENGTHS.map((k) => speed(setting('eagle3', k))),
      adaptive: ['goodput', 'cascade'].map((policy) => speed(setting('eagle3', 10, policy))),
    };
  };
  const [recorded] = open.traces;
  const { fixed, adaptive: got } = served(recorded!);
  const drawn = Array.from({ length: REDRAWS }, (_, d) => {
    const draw = stream(1, 'swinging load', dataset, d);
    return served(
      selectRequests(
        recorded!,
        Array.from(recorded!.outputTokens, () => Math.floor(draw() * recorded!.outputTokens.length)),
      ),
    );
  });
  const fastest = fixed.indexOf(Math.max(...fixed));
  const gains = got.flatMap((one, p) => {
    const interval = LENGTHS.map((_, i) => {
      const sorted = drawn.map((of) => of.adaptive[p]! / of.fixed[i]! - 1).sort((a, b) => a - b);
      return [0.025, 0.975].map((share) => sorted[Math.round(share * (REDRAWS - 1))]!);
    });
    const surely = LENGTHS.filter((_, i) => interval[i]![0]! > 0);
    return [
      `${percent(one / fixed[fastest]! - 1)} (${interval[fastest]!.map(percent).join(' to ')})`,
      surely.length === LENGTHS.length ? 'all' : surely.join(', ') || 'none',
    ];
  });
  swinging.push([dataset, ...[...got, ...fixed].map((one) => one.toFixed(0)), ...gains]);

  const why = explanationOf(await inputsOf(dataset, { method: ['eagle3'], k: [3], batch: BATCHES })).rows;
  wasted.push(
    [`${dataset}, verifying`, ...why.map(({ ms_per_token: ms }) => percent(ms.rejected_verify / ms.total))],
    [`${dataset}, drafting`, ...why.map(({ ms_per_token: ms }) => percent(ms.rejected_draft / ms.total))],
  );

  const methods = ['ngram', 'eagle3', 'hybrid:ngram+eagle3', 'bandit:ngram+eagle3'];
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
  const twofold = [...methods, ...limits].filter((name) => name.includes('+'));
  const cells = await Promise.all(
    SWITCHES.map(async (value) => {
      const set = value === '0' ? {} : { 'engine.drafterSwitch.fixed': value };
      const dear = benchOf(await inputsOf(dataset, { method: twofold, set }));
      return twofold.map((name) => {
        const one = takesK(parseMethod(name)) ? bestFixed(dear, name, 1) : setting(name, null);
        return dear.ratio(one, setting('none', null), 1).ratio.toFixed(2);
      });
    }),
  );
  switching.push(...twofold.map((name, m) => [`${dataset}, ${name}`, ...cells.map((of) => of[m]!)]));
}

const lines = [
  '# Decisions on the recordings',
  '',
  'Written by `npx tsx scripts/decide-results.ts` on the recordings of SpecDecode-Bench; Llama-3.1-8B on an H100,',
  'copies of one request unless it says otherwise. [Decide](decide.md) says what the words mean.',
  '',
  '## The tuned table against every fixed k of 1 to 10, of n-gram look-up and EAGLE-3',
  '',
  'Throughput of the fastest fixed k over that of `specsim tune`, and in brackets the lower end of its 95% interval:',
  'at most 1 unless a fixed k is surely better.',
  '',
  ...markdownTable('batch', BATCHES, tuned),
  '## Adaptive lengths, not told the batch size, against the best fixed k of EAGLE-3 there',
  '',
  ...markdownTable('k at most 10; batch', BATCHES, adaptive),
  '## How good must a predictor be?',
  '',
  'The least chance, in steps of 0.05, at which a noisy oracle is faster than the best fixed k of EAGLE-3, and in',
  'brackets the least at which it is surely so. It drafts exactly what will be accepted where it knows, else its k.',
  '',
  ...markdownTable('batch', BATCHES, predictors),
  '## A load that swings between 1 and 128 requests',
  '',
  'The serving engine, decode tokens per decode second of EAGLE-3: 128 requests come at once, and when they have ended 8',
  'come one after the other, and so on. Gains are over the fixed k that is best on the recording, with the 95% interval',
  `over ${REDRAWS} draws of whole requests with replacement; a k is beaten surely where that interval of the gain over it`,
  'lies above 0.',
  '',
  ...markdownTable(
    '',
    [
      ...['goodput', 'cascade', ...LENGTHS.map((k) => `k = ${k}`)],
      ...['goodput over the best', 'it surely beats', 'cascade over the best', 'it surely beats'],
    ],
    swinging,
  ),
  '## Share of the time of a token that goes into rejected drafts, EAGLE-3, k = 3',
  '',
  ...markdownTable('batch', BATCHES, wasted),
  '## Speedups, and their bounds',
  '',
  'The oracles take every run in full; `best` may stop short to land where a longer run starts, and of two methods',
  'runs only the one it uses, where `combined` runs both to know the better.',
  '',
  ...markdownTable('batch', [1, 8, 32, 128], bounds),
  '## What a switch of drafters may cost',
  '',
  'Speedups at batch 1 when a step in which the drafter changes takes so much longer (`engine.drafterSwitch.fixed`),',
  'beyond what the drafter that takes over has to read, which all rows pay.',
  '',
  ...markdownTable('a switch', SWITCHES, switching),
  ...(await switchingSection(recordings)),
  ...(await confidenceSection(recordings)),
];
process.stdout.write(lines.join('\n'));
