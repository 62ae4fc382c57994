/**
 * What going by the drafter's confidence brings on the recordings; a part of docs/decide-results.md.
 *
 *   npx tsx scripts/decide-confidence.ts FOLDER_OF_RECORDINGS
 */
import { fileURLToPath } from 'node:url';
import { parseMethod } from '../src/drafter/methods.ts';
import { folderLibrary } from '../src/node/folder-library.ts';
import { isShared, parsePolicy } from '../src/policy/policies.ts';
import { Bench, type Ratio } from '../src/scenario/bench.ts';
import { gatherInputs, type Inputs } from '../src/scenario/inputs.ts';
import { completeScenario } from '../src/scenario/options.ts';
import type { Setting } from '../src/scenario/setup.ts';
import { markdownTable } from './markdown-table.ts';

const DATASETS = ['instructcoder', 'sharegpt', 'gsm8k', 'cnn'];
const BATCHES = [16, 64, 128];
const LENGTHS = [1, 2, 3, 4, 5, 6];
const MOST = 8;
/** Whole steps are captured there, for sequences that verify the same number of drafts. */
const CAPTURING = 'vllm-0.19';

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
const gain = ({ ratio, lo, hi }: Ratio) => `${percent(ratio - 1)} (${percent(lo - 1)} to ${percent(hi - 1)})`;

function setting(k: number, policy: string, auc: number | null = null): Setting {
  const spec = parsePolicy(policy);
  const named = isShared(spec) ? { ...spec, auc } : spec;
  return { method: parseMethod('eagle3'), k, policy: { name: `${policy} ${auc}`, spec: named } };
}

const benchOf = (inputs: Inputs) => new Bench(inputs, inputs.traces[0]!, 'closed', new Set());

function bestFixed(bench: Bench, batch: number): Setting {
  const speed = (one: Setting) => bench.measures(one, batch).throughput_tok_per_s;
  return LENGTHS.map((k) => setting(k, 'fixed')).reduce((a, b) => (speed(a) >= speed(b) ? a : b));
}

/** Rows of the two tables: gains over the best table by batch, and what lost graphs take of them. */
export async function confidenceTables(
  recordings: string,
): Promise<{ gains: string[][]; graphs: string[][] }> {
  const gains: string[][] = [];
  const graphs: string[][] = [];
  for (const dataset of DATASETS) {
    const inputsOf = (engine: string) =>
      gatherInputs(
        completeScenario({
          trace: [`${recordings}/combined_${dataset}.jsonl`],
          method: ['eagle3'],
          load: 'closed',
          engine,
        }),
        folderLibrary,
      );
    const bench = benchOf(await inputsOf('vllm-0.10'));
    for (const [title, policy, auc] of [
      ['goodput', 'goodput', null],
      ['goodput:confidence', 'goodput:confidence', null],
      ['budget:auto', 'budget:auto', null],
      ['budget:auto, a signal that knows', 'budget:auto', 1],
      ['budget:auto, one that knows nothing', 'budget:auto', 0.5],
    ] as const) {
      gains.push([
        `${dataset}, ${title}`,
        ...BATCHES.map((batch) =>
          gain(bench.ratio(setting(MOST, policy, auc), bestFixed(bench, batch), batch)),
        ),
      ]);
    }
    const lost = await inputsOf(CAPTURING);
    const plain = await inputsOf('vllm-0.10');
    const with1ms = { ...plain.engine, raggedOverhead: { fixedS: 1e-3, eachS: 0 } };
    for (const [title, inputs] of [
      ['graphs kept', { ...lost, engine: { ...lost.engine, raggedGraphs: true } }],
      ['graphs lost', lost],
      ['1 ms of host work a ragged step', { ...plain, engine: with1ms }],
    ] as const) {
      const of = benchOf(inputs);
      graphs.push([
        `${dataset}, ${title}`,
        ...BATCHES.map((batch) => gain(of.ratio(setting(MOST, 'budget:auto'), bestFixed(of, batch), batch))),
      ]);
    }
  }
  return { gains, graphs };
}

/** The section, as Markdown. */
export async function confidenceSection(recordings: string): Promise<string[]> {
  const { gains, graphs } = await confidenceTables(recordings);
  return [
    '## Going by the confidence of EAGLE-3',
    '',
    'Different requests at a time (closed load), k at most 8. Gains over the best table by batch, which is the best fixed k of',
    '1 to 6 at a constant number of requests, with their 95% intervals. The recordings have no confidence: it is assumed',
    '(calibrated, AUC 0.87), and its error is in the intervals.',
    '',
    ...markdownTable('requests at a time', BATCHES, gains),
    `What raggedness costs: \`budget:auto\` on ${CAPTURING}, which captures whole steps, where its graphs would hold ragged`,
    'steps (`raggedGraphs`) and where, as they do, they hold uniform ones alone; and on vllm-0.10 with a millisecond of host',
    'work for every ragged step (`engine.raggedOverhead.fixed`), which nobody measured.',
    '',
    ...markdownTable('requests at a time', BATCHES, graphs),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write((await confidenceSection(process.argv[2]!)).join('\n'));
}
