/**
 * Which parameter moves the answer most: elasticities of throughput and speedup, d ln y / d ln p. Requests and
 * acceptance are the same in every variation, so that nothing but the price differs.
 */
import { type Machine, scaled } from '../cost/fields.ts';
import { Bench } from '../scenario/bench.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { OPTIONS } from '../scenario/option-table.ts';
import { askedOf, checkHardwareQuestion } from '../scenario/options.ts';
import { overruled } from '../scenario/overruled.ts';
import { type Answer, answerOf, type Group, type Row } from '../scenario/result.ts';
import { loadKind, type Progress, settingsOf } from '../scenario/run.ts';
import type { Setting } from '../scenario/setup.ts';
import { usedFields } from '../scenario/used-fields.ts';

/** Central differences: each parameter is multiplied and divided by 1 plus this. */
export const STEP = 0.01;

export interface Elasticity {
  /** As `--set` names it. */
  readonly parameter: string;
  readonly throughput: number;
  /** Null for plain decoding. */
  readonly speedup: number | null;
}

export interface SensitivityRow
  extends Pick<Row, 'gpu' | 'tp' | 'target' | 'method' | 'k' | 'policy' | 'trace' | 'batch_size'> {
  readonly throughput_tok_per_s: number;
  readonly speedup: number | null;
  /** By size of the elasticity of throughput, largest first. */
  readonly elasticities: readonly Elasticity[];
}

/** A group a trace and setting. */
export interface Sensitivity extends Answer<SensitivityRow> {
  readonly step: number;
}

/** @throws UserError for a load or cost model that has no such derivatives */
export function sensitivityOf(inputs: Inputs, progress: Progress = () => {}): Sensitivity {
  const { scenario, hardware } = inputs;
  checkHardwareQuestion('sensitivity', scenario);
  const asked = askedOf(scenario);
  const fields = usedFields(inputs).filter(
    ({ path }) => (OPTIONS.set.idle!(scenario, asked, path) ?? overruled(path, scenario, hardware)) === null,
  );
  const settings = settingsOf(inputs);
  const warnings = new Set(inputs.warnings);
  const total = inputs.traces.length * settings.length * scenario.batch.length;
  const groups: Group<SensitivityRow>[] = [];
  let done = 0;
  for (const [t, trace] of inputs.traces.entries()) {
    const bench = new Bench(inputs, trace, loadKind(scenario), warnings);
    const varied = fields.map((field) => ({
      parameter: field.path,
      more: scaled(field, inputs, 1 + STEP),
      less: scaled(field, inputs, 1 / (1 + STEP)),
    }));
    for (const setting of settings) {
      const rows: SensitivityRow[] = [];
      for (const batch of scenario.batch) {
        progress(done++, total);
        const elasticities = varied.map(({ parameter, more, less }) => {
          const above = answer(bench, setting, batch, more);
          const below = answer(bench, setting, batch, less);
          return {
            parameter,
            throughput: slope(above.throughput, below.throughput),
            speedup: setting.method.kind === 'none' ? null : slope(above.speedup, below.speedup),
          };
        });
        // Plain decoding drafts no tree, so that a speedup follows as the throughput does.
        elasticities.push(
          ...bench
            .treeElasticities(setting, batch)
            .map(({ path, throughput }) => ({ parameter: path, throughput, speedup: throughput })),
        );
        const { throughput, speedup } = answer(bench, setting, batch, inputs);
        rows.push({
          gpu: hardware.name,
          tp: scenario.tp,
          target: inputs.target.name,
          method: setting.method.name,
          k: setting.k,
          policy: setting.policy?.name ?? null,
          trace: trace.name,
          batch_size: batch,
          throughput_tok_per_s: throughput,
          speedup: setting.method.kind === 'none' ? null : speedup,
          elasticities: elasticities.sort((a, b) => Math.abs(b.throughput) - Math.abs(a.throughput)),
        });
      }
      groups.push({ trace: t, rows });
    }
  }
  return { ...answerOf(scenario, inputs, warnings, groups), step: STEP };
}

function answer(
  bench: Bench,
  setting: Setting,
  batch: number,
  machine: Machine,
): { throughput: number; speedup: number } {
  const throughput = bench.measures(setting, batch, machine).throughput_tok_per_s;
  const plain = bench.plainMeasures(setting, batch, machine).throughput_tok_per_s;
  return { throughput, speedup: throughput / plain };
}

function slope(above: number, below: number): number {
  return Math.log(above / below) / (2 * Math.log(1 + STEP));
}
