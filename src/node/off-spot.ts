/**
 * Published speedups of other methods, models and engines than those that were calibrated, what is predicted for each,
 * and of what its interval is made. The figures and their sources are in validation/off-spot.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readSheet } from '../cost/calibration/sheet.ts';
import { grouped } from '../memo.ts';
import type { Interval, Uncertainty } from '../metrics/confidence.ts';
import { gatherInputs } from '../scenario/inputs.ts';
import { completeScenario, type Options, parseOptions } from '../scenario/options.ts';
import { runScenario } from '../scenario/run.ts';
import { Setups } from '../scenario/setup.ts';
import { classesOf } from '../scenario/trust.ts';
import { folderLibrary } from './folder-library.ts';

const FILE = fileURLToPath(new URL('../../validation/off-spot/speedups.csv', import.meta.url));

/** Keys of a scenario among the columns. */
const SETTINGS = ['target', 'draft', 'engine', 'gpu', 'tp', 'trace', 'method', 'k', 'load'] as const;

/** Of every row: what a speedup needs of the lengths that stand for its data set. */
const REQUESTS = 60;

export interface OffSpotPoint {
  readonly target: string;
  readonly engine: string;
  readonly method: string;
  readonly setting: string;
  readonly batchSize: number;
  readonly measured: number;
  readonly predicted: number;
  /** Percent of the measured. */
  readonly error: number;
  readonly interval: Interval;
  readonly uncertainty: Uncertainty;
  /** Classes of distance and acceptance that it is in, and how often. */
  readonly classes: readonly { readonly name: string; readonly by: number }[];
  /** Whether an engine profile was fitted to it. */
  readonly calibrates: boolean;
}

interface Figure {
  readonly options: Options;
  readonly dataSet: string;
  readonly batch: number;
  readonly speedup: number;
  readonly calibrates: boolean;
}

export async function offSpotPoints(): Promise<OffSpotPoint[]> {
  const points: OffSpotPoint[] = [];
  const byRun = grouped(readFigures(), ({ options }) => JSON.stringify(options));
  for (const figures of byRun.values()) points.push(...(await predicted(figures)));
  return points;
}

function readFigures(): Figure[] {
  const sheet = readSheet(readFileSync(FILE, 'utf8'), FILE);
  return [...sheet.rows()].map((row): Figure => {
    const method = row.text('method');
    const raw = Object.fromEntries(
      SETTINGS.flatMap((key) => (row.cell(key) === '' ? [] : [[key, row.cell(key)]])),
    );
    const acceptance = row.cell('acceptance');
    return {
      options: {
        ...parseOptions(raw, (key) => `${FILE}, line ${row.line}: ${key}`),
        ...(acceptance !== '' && { acceptance: { [method]: acceptance } }),
      },
      dataSet: row.text('data_set'),
      batch: row.whole('batch'),
      speedup: row.positive('speedup'),
      calibrates: row.text('use') === 'calibrate',
    };
  });
}

/** Figures of one run at several batch sizes. */
async function predicted(figures: readonly Figure[]): Promise<OffSpotPoint[]> {
  const batch = [...new Set(figures.map((figure) => figure.batch))].sort((a, b) => a - b);
  const { options } = figures[0]!;
  const inputs = await gatherInputs(
    completeScenario({ ...options, batch, requests: REQUESTS }),
    folderLibrary,
  );
  const { rows } = runScenario(inputs);
  const [method] = inputs.methods;
  const [trace] = inputs.traces;
  const setup = new Setups(inputs, trace!, new Set()).of({ method: method!, k: options.k![0]! }, batch[0]!);
  return figures.map(({ dataSet, batch: own, speedup: measured, calibrates }): OffSpotPoint => {
    const row = rows.find(({ batch_size }) => batch_size === own)!;
    return {
      target: row.target,
      engine: inputs.engine.name,
      method: row.method,
      setting: `${dataSet} ${row.method} k=${row.k}`,
      batchSize: own,
      measured,
      predicted: row.speedup!,
      error: 100 * (row.speedup! / measured - 1),
      interval: { lo: row.speedup_lo!, hi: row.speedup_hi! },
      uncertainty: row.uncertainty!,
      classes: classesOf(inputs, setup, trace!, own).map(({ of: { name }, by }) => ({ name, by })),
      calibrates,
    };
  });
}
