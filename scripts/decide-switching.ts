/**
 * Whether schedules survive what their changes may cost, on the recordings; a part of docs/decide-results.md.
 *
 *   npx tsx scripts/decide-switching.ts FOLDER_OF_RECORDINGS
 */
import { fileURLToPath } from 'node:url';
import type { EngineProfile } from '../src/cost/engine-profile.ts';
import { parseMethod } from '../src/drafter/methods.ts';
import { folderLibrary } from '../src/node/folder-library.ts';
import { joined } from '../src/questions/schedule.ts';
import { type SwitchingRow, switchingRows } from '../src/questions/switching.ts';
import { tuningOf } from '../src/questions/tuning.ts';
import { gatherInputs } from '../src/scenario/inputs.ts';
import { completeScenario } from '../src/scenario/options.ts';
import { markdownTable } from './markdown-table.ts';

const DATASETS = ['instructcoder', 'sharegpt', 'gsm8k', 'cnn'];
const BATCHES = [1, 8, 32, 64, 128, 256];
const LONGEST = 6;

/** What an engine may take for a change, and how often it may change. */
const ENGINES: readonly (readonly [string, Partial<EngineProfile>])[] = [
  ['free', {}],
  ['1 ms a change', { lengthSwitchS: 1e-3 }],
  ['5 ms a change', { lengthSwitchS: 5e-3 }],
  ['5 ms, 16 steps apart', { lengthSwitchS: 5e-3, lengthCooldown: 16 }],
  ['20 ms a change', { lengthSwitchS: 20e-3 }],
];

const percent = (share: number) => `${(100 * share).toFixed(1).replace(/^-0\.0$/, '0.0')}%`;

function gain({ over_single: { ratio, lo, hi } }: SwitchingRow): string {
  return `${percent(ratio - 1)} (${percent(lo - 1)} to ${percent(hi - 1)})`;
}

/** Rows of the table, and the schedule of each recording in words. */
async function switchingTables(recordings: string): Promise<{ rows: string[][]; schedules: string[] }> {
  const rows: string[][] = [];
  const schedules: string[] = [];
  const method = parseMethod('eagle3');
  for (const dataset of DATASETS) {
    const scenario = completeScenario({
      trace: [`${recordings}/combined_${dataset}.jsonl`],
      method: [method.name],
      batch: BATCHES,
    });
    const inputs = await gatherInputs(scenario, folderLibrary);
    const [schedule] = (await tuningOf([inputs], LONGEST)).schedules;
    const { ranges } = schedule!.contexts[0]!;
    const single = schedule!.single.k;
    const lengths = joined(ranges).map(({ lo, k }) => `${k === 0 ? 'off' : k} from ${lo}`);
    schedules.push(`${dataset} ${lengths.join(', ')} (single k = ${single})`);
    for (const [title, changed] of ENGINES) {
      const engine = { ...inputs.engine, ...changed };
      const found = switchingRows({ ...inputs, engine }, 0, { method, ranges, single }, new Set());
      rows.push([`${dataset}, ${title}`, ...(found ?? []).map(gain)]);
    }
  }
  return { rows, schedules };
}

/** The section, as Markdown. */
export async function switchingSection(recordings: string): Promise<string[]> {
  const { rows, schedules } = await switchingTables(recordings);
  return [
    '## Whether a schedule survives what its changes may cost',
    '',
    `EAGLE-3, k at most ${LONGEST}, different requests at a time (closed load): the schedule of \`specsim tune\` as a table over the best`,
    'single length, with 95% intervals, where a step whose length is another than that of the step before takes so much longer',
    '(`engine.lengthSwitch`), which nobody has published, and where a length is held for 16 steps at least (`engine.lengthCooldown`).',
    'The schedule was tuned on copies of one request, so that it may lose where nothing changes as well.',
    `Schedules by requests at a time: ${schedules.join('; ')}.`,
    '',
    ...markdownTable('requests at a time', BATCHES, rows),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write((await switchingSection(process.argv[2]!)).join('\n'));
}
