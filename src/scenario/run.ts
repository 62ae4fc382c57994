/** Runs a scenario: every trace, method, k and batch size is a row, beside its baseline without speculation. */
import { takesK } from '../drafter/methods.ts';
import type { LoadKind } from '../metrics/measure.ts';
import { Bench, type Setting } from './bench.ts';
import type { Inputs } from './inputs.ts';
import { isOpen } from './load.ts';
import type { Scenario } from './options.ts';
import { envelope, type Result, type Row } from './result.ts';

/** Called before each row, for progress. */
export type Progress = (done: number, total: number) => void;

/** Simulates every row of the scenario. Same inputs, same result, to the byte. */
export function runScenario(inputs: Inputs, progress: Progress = () => {}): Result {
  const { scenario } = inputs;
  const kind = loadKind(scenario);
  const batches = kind === 'open' ? [null] : scenario.batch;
  const settings = settingsOf(inputs);
  const total = inputs.traces.length * settings.length * batches.length;
  const warnings = new Set(inputs.warnings);
  const rows: Row[] = [];
  for (const trace of inputs.traces) {
    const bench = new Bench(inputs, trace, kind, warnings);
    for (const setting of settings) {
      for (const batch of batches) {
        progress(rows.length, total);
        rows.push(bench.row(setting.method, setting.k, batch));
      }
    }
  }
  return envelope(scenario, inputs.configHash, warnings, rows);
}

/** Every setting a scenario asks for, in its order. */
export function settingsOf({ methods, scenario }: Inputs): Setting[] {
  return methods.flatMap((method) => (takesK(method) ? scenario.k : [null]).map((k) => ({ method, k })));
}

export function loadKind({ load }: Scenario): LoadKind {
  return isOpen(load) ? 'open' : (load as 'clones' | 'closed');
}
