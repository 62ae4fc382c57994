/** How far the program's own speedups on a fitted process are from those on its recording. */
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';
import type { Row } from '../../src/scenario/result.ts';
import { runPoints } from '../../src/scenario/run.ts';
import { type FitError, REQUESTS, rounded, UNSEEN_SEEDS } from './fit-error.ts';
import { BATCHES } from './moments.ts';
import { type Method, mean } from './replay-totals.ts';

/** What `specsim run` is asked for: an H100 and Llama-3.1-8B are its defaults. */
const ASKED = {
  method: ['ngram', 'eagle3', 'oracle:ngram', 'oracle:eagle3', 'combined:ngram+eagle3'],
  k: [1, 3, 5, 10, 20],
  batch: [...BATCHES],
};

type SpeedupError = Pick<FitError[Method], 'speedupMeanPercent' | 'speedupWorstPercent'>;

/**
 * Errors by method, its oracle included, of the mean speedup over samples of a process.
 *
 * @param processPath a process file
 * @param log told the worst setting of each method
 */
export async function simulatedErrors(
  processPath: string,
  recordingPath: string,
  log: (line: string) => void,
  seeds: readonly number[] = UNSEEN_SEEDS,
): Promise<Record<Method, SpeedupError>> {
  const speedups = async (options: object) => {
    const inputs = await gatherInputs(completeScenario({ ...ASKED, ...options }), folderLibrary);
    return new Map(runPoints(inputs).rows.map((row) => [settingOf(row), row.speedup!]));
  };
  const recorded = await speedups({ trace: [recordingPath] });
  const samples: Map<string, number>[] = [];
  for (const seed of seeds) samples.push(await speedups({ trace: [processPath], requests: REQUESTS, seed }));
  const errors = new Map<string, { at: string; percent: number }[]>();
  for (const [at, speedup] of recorded) {
    const fitted = mean(samples.map((sample) => sample.get(at)!));
    const method = at.startsWith('combined') ? 'combined' : at.replace('oracle:', '').split(' ')[0]!;
    const all = errors.get(method) ?? [];
    errors.set(method, all);
    all.push({ at, percent: 100 * Math.abs(fitted / speedup - 1) });
  }
  return Object.fromEntries(
    [...errors].map(([method, all]) => {
      const worst = all.reduce((a, b) => (b.percent > a.percent ? b : a));
      log(`${method}: the worst speedup is that of ${worst.at}`);
      const speedupMeanPercent = rounded(mean(all.map(({ percent }) => percent)));
      return [method, { speedupMeanPercent, speedupWorstPercent: rounded(worst.percent) }];
    }),
  ) as Record<Method, SpeedupError>;
}

function settingOf({ method, k, batch_size }: Row): string {
  return `${method}${k === null ? '' : ` k=${k}`} batch ${batch_size}`;
}
