/**
 * One rule for every option under every load: where it has no effect it is refused if a flag or a file named it, and at
 * its default in a grid. And every option acts or is refused, whatever the load, the cost model and the method.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commandLineOf } from '../../src/cli/scenario-flags.ts';
import { UserError } from '../../src/errors.ts';
import { once } from '../../src/memo.ts';
import { optionsOf } from '../../src/node/ask.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { Bench } from '../../src/scenario/bench.ts';
import { gatherInputs, type Inputs } from '../../src/scenario/inputs.ts';
import { isOpen } from '../../src/scenario/load.ts';
import { OPTION_NAMES, OPTIONS } from '../../src/scenario/option-table.ts';
import {
  completeScenario,
  DEFAULTS,
  flagOf,
  type OptionName,
  type Options,
} from '../../src/scenario/options.ts';
import type { Row } from '../../src/scenario/result.ts';
import { loadKind, runPoints, runScenario, settingsOf } from '../../src/scenario/run.ts';
import { expandGrid } from '../../src/sweep/grid.ts';
import { OTHER, WORKLOAD } from '../other-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'specsim-options-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LOADS = ['clones', 'closed', 'drain', 'poisson:40', 'gamma:40,2', 'constant:40', 'recorded'];

const under = (load: string): Options => (load === 'recorded' ? { workload: WORKLOAD } : { load });

/** `acts`, or the sentence that refuses. */
async function fate(options: Options): Promise<string> {
  try {
    await gatherInputs(completeScenario(options), folderLibrary);
    return 'acts';
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** What comes of a scenario. */
interface Outcome {
  /** When each request was served, or rows without intervals: what nearly every option changes. */
  readonly course: string;
  /** Rows beside their names, with intervals, which take ten runs each. */
  readonly rows: () => string;
}

/** Or the sentence that refuses it. */
async function outcome(options: Options): Promise<Outcome | string> {
  try {
    const inputs = await gatherInputs(completeScenario(options), folderLibrary);
    return { course: courseOf(inputs), rows: once(() => withoutNames(runScenario(inputs).rows)) };
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

function courseOf(inputs: Inputs): string {
  const kind = loadKind(inputs.scenario);
  if (kind === 'clones') return withoutNames(runPoints(inputs).rows);
  const bench = new Bench(inputs, inputs.traces[0]!, kind, new Set());
  const batches = kind === 'open' ? [null] : inputs.scenario.batch;
  return JSON.stringify(
    settingsOf(inputs).map((setting) =>
      batches.map((batch) => bench.watched(setting, batch, { onStep() {} })),
    ),
  );
}

const withoutNames = (rows: readonly Row[]) =>
  JSON.stringify(
    rows.map(({ gpu, tp, target, draft, method, k, policy, trace, batch_size, requests, ...rest }) => rest),
  );

const written = (value: unknown) =>
  typeof value === 'object' && !Array.isArray(value)
    ? Object.entries(value as object).map(([key, one]) => `${key}=${one}`)
    : typeof value === 'boolean'
      ? value
      : String(value);

describe.each(LOADS)('under %s', (load) => {
  it.each(OPTION_NAMES.filter((name) => name !== 'load'))('%s', async (name) => {
    const [value, beside = {}] = OTHER[name];
    const others: Options = { requests: 4, method: ['eagle3'], ...under(load), ...beside };
    const fateOfFlags = async () => {
      const all = Object.entries({ ...others, [name]: value });
      return fate(
        await optionsOf(
          commandLineOf(Object.fromEntries(all.map(([key, one]) => [flagOf(key), written(one)]))),
        ),
      );
    };
    let flag = await fateOfFlags();
    for (const key of Object.keys(beside)) {
      // What it needs elsewhere has no effect here.
      if (!flag.startsWith(`--${flagOf(key)} has no effect`)) continue;
      delete others[key as OptionName];
      flag = await fateOfFlags();
    }

    const scenario = join(folder, `${name}-${load}.json`);
    writeFileSync(scenario, JSON.stringify({ ...others, [name]: value }));
    expect(await fate(await optionsOf(commandLineOf({ scenario })))).toBe(flag);

    // Beside other loads, so that it acts on some point.
    const grid = {
      method: 'eagle3',
      batch: 2,
      ...beside,
      workload: [null, WORKLOAD],
      load: [...new Set([load, 'closed', 'poisson:1', 'recorded'])],
      [name]: value,
    };
    const ofLoad = expandGrid(grid, 'grid.json').filter(
      ({ scenario }) =>
        scenario.load === load &&
        (name === 'workload' || (scenario.workload !== null) === (load === 'recorded')),
    );
    // What only the file of a trace tells is refused when the point runs: a grid opens none.
    const idle = / has no effect /.test(flag) && name !== 'keepTruncated';
    const usual = OPTIONS[name].holds === 'list' ? [DEFAULTS[name]].flat().slice(0, 1) : DEFAULTS[name];
    expect(ofLoad.map(({ scenario }) => scenario[name])).toEqual([idle ? usual : value]);
  });
});

/** Each load, cost model and kind of method in one case at least. */
const CASES = [
  ['roofline', 'clones', 'none'],
  ['roofline', 'clones', 'best:eagle3'],
  ['roofline', 'closed', 'hybrid:ngram+eagle3'],
  ['roofline', 'poisson:40', 'oracle:eagle3'],
  ['roofline', 'recorded', 'none'],
  ['specdecode-bench', 'clones', 'eagle3'],
  ['specdecode-bench', 'closed', 'ngram'],
] as const;

/**
 * What only a file can tell: whether it was cut off, or is longer than a context; a trace beside a workload lends plain
 * decoding its name alone.
 */
const EXEMPT: readonly OptionName[] = ['keepTruncated', 'trace', 'ignoreContextLimit'];

it.each(CASES)('every option acts or is refused: %s, %s, %s', async (cost, load, method) => {
  const usual = {
    cost,
    method: [method],
    requests: 12,
    ...under(load),
    ...(!isOpen(load) && { batch: [2] }),
  };
  const plain = await outcome(usual);
  if (typeof plain === 'string') throw new Error(plain);
  const silent: string[] = [];
  for (const name of OPTION_NAMES) {
    const [value, beside] = OTHER[name];
    if (EXEMPT.includes(name) || Object.hasOwn(usual, name)) continue;
    const before = beside === undefined ? plain : await outcome({ ...usual, ...beside });
    const after = await outcome({ ...usual, ...beside, [name]: value });
    if (typeof before === 'string' || typeof after === 'string') continue;
    if (after.course === before.course && after.rows() === before.rows()) silent.push(name);
  }
  expect(silent).toEqual([]);
});
