/** GPUs side by side: the best speculation at every batch size, where it stops paying, and what binds. */
import { RESOURCES, type Resource } from '../cost/fields.ts';
import { binding, secondsByResource } from '../cost/resources.ts';
import { takesK } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import { Bench } from '../scenario/bench.ts';
import { answeredK } from '../scenario/draft-cards.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { checkHardwareQuestion, type Scenario } from '../scenario/options.ts';
import { type Answer, answerOf, type Group, type Row } from '../scenario/result.ts';
import { loadKind, type Progress, settingsOf } from '../scenario/run.ts';
import type { Setting } from '../scenario/setup.ts';
import { leastTrust } from '../scenario/trust.ts';
import { sha256 } from '../sha256.ts';

/** Draft lengths to choose the best from. */
const LENGTHS: readonly number[] = [1, 2, 3, 4, 5, 6, 8];

/** The largest batch size at which a break-even is looked for. */
const LARGEST_BATCH = 1024;

/** One GPU, trace and batch size, with the method and k that speed it up most. */
export interface ComparisonRow
  extends Pick<
    Row,
    | 'gpu'
    | 'tp'
    | 'target'
    | 'draft'
    | 'method'
    | 'k'
    | 'policy'
    | 'trace'
    | 'trace_kind'
    | 'batch_size'
    | 'requests'
    | 'throughput_tok_per_s'
    | 'throughput_lo_tok_per_s'
    | 'throughput_hi_tok_per_s'
    | 'baseline_throughput_tok_per_s'
    | 'speedup'
    | 'speedup_lo'
    | 'speedup_hi'
  > {
  /** The smallest batch size from which no setting pays; null when the largest one tried still pays. */
  readonly break_even_batch: number | null;
  readonly break_even_searched_to: number;
  /** What most of a step's verification, sampling and host work is spent on; null without decode steps. */
  readonly binding: Resource | null;
  readonly verification_share: Readonly<Record<Resource, number>> | null;
}

/** A group a GPU and trace; the scenario's `gpu` names all of them, comma-separated. */
export type Comparison = Answer<ComparisonRow>;

/**
 * The GPUs that a scenario names, comma-separated.
 *
 * @throws UserError for an empty name, and for one named twice
 */
export function comparedGpus({ gpu }: Scenario): string[] {
  const names = gpu.split(',').map((name) => name.trim());
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new UserError(`--gpu: ${twice} given twice, expected different gpus`);
  if (names.includes('')) throw new UserError(`--gpu: got "${gpu}", expected names separated by one comma`);
  return names;
}

/** Draft lengths to compare when nobody names any: up to what every recording in use can answer for. */
export function comparedLengths(inputs: Inputs): number[] {
  const methods = inputs.methods.filter(takesK);
  const longest = inputs.traces.flatMap((trace) => methods.map((method) => answeredK(method, inputs, trace)));
  return LENGTHS.filter((k) => k <= Math.min(...longest));
}

/**
 * Simulates every GPU.
 *
 * @param inputs of one scenario, a GPU each
 * @throws UserError for a load, cost model or list of methods that leaves nothing to compare
 */
export async function comparisonOf(
  scenario: Scenario,
  inputs: readonly Inputs[],
  progress: Progress = () => {},
): Promise<Comparison> {
  checkHardwareQuestion('compare', scenario);
  const warnings = new Set<string>();
  const groups: Group<ComparisonRow>[] = [];
  let done = 0;
  const total = inputs.length * inputs[0]!.traces.length * scenario.batch.length;
  for (const one of inputs) {
    const settings = settingsOf(one).filter(({ method }) => method.kind !== 'none');
    if (settings.length === 0) {
      throw new UserError('--method none: compare needs a method that speculates, such as eagle3');
    }
    for (const warning of one.warnings) warnings.add(warning);
    for (const [t, trace] of one.traces.entries()) {
      const seen = new Set<string>();
      const bench = new Bench(one, trace, loadKind(scenario), seen);
      const compared = scenario.batch.map((batch) => {
        progress(done++, total);
        return bestAt(bench, one, settings, batch);
      });
      for (const warning of seen) warnings.add(`gpu ${one.hardware.name}: ${warning}`);
      const limit = largestBatch(one, trace.outputTokens.length);
      const pays = (batch: number) => settings.some((setting) => speedupOf(bench, setting, batch) > 1);
      const breakEven = breakEvenBatch(pays, limit);
      const found = { break_even_batch: breakEven, break_even_searched_to: limit };
      groups.push({ trace: t, rows: compared.map((row) => ({ ...row, ...found })) });
    }
  }
  const configHash = await sha256(inputs.map((one) => one.configHash).join());
  return answerOf(
    { ...inputs[0]!.scenario, gpu: scenario.gpu },
    { configHash, trust: leastTrust(inputs.map(({ trust }) => trust)) },
    warnings,
    groups,
  );
}

/**
 * The smallest batch size above all tried ones that pay. Tried are the limit and the powers of two below it,
 * from above, then halves of the interval in which it stops paying.
 *
 * @returns null when the limit pays, 1 when nothing does
 */
export function breakEvenBatch(pays: (batch: number) => boolean, limit: number): number | null {
  if (pays(limit)) return null;
  let fails = limit;
  let holds = 0;
  while (fails > 1 && holds === 0) {
    const lower = 2 ** (Math.ceil(Math.log2(fails)) - 1);
    if (pays(lower)) holds = lower;
    else fails = lower;
  }
  while (fails - holds > 1) {
    const middle = (holds + fails) >> 1;
    if (pays(middle)) holds = middle;
    else fails = middle;
  }
  return fails;
}

function speedupOf(bench: Bench, setting: Setting, batch: number): number {
  const plain = bench.plainMeasures(setting, batch);
  return bench.measures(setting, batch).throughput_tok_per_s / plain.throughput_tok_per_s;
}

type RowOfBatch = Omit<ComparisonRow, 'break_even_batch' | 'break_even_searched_to'>;

function bestAt(bench: Bench, inputs: Inputs, settings: readonly Setting[], batch: number): RowOfBatch {
  const speedups = settings.map((setting) => speedupOf(bench, setting, batch));
  const best = settings[speedups.indexOf(Math.max(...speedups))]!;
  const row = bench.row(best, batch);
  const seconds =
    row.step_ms === null
      ? null
      : secondsByResource((machine) => {
          const step = bench.stepMs(best, batch, machine)!;
          return step.verify + step.sampling + step.overhead;
        }, inputs);
  return {
    gpu: row.gpu,
    tp: row.tp,
    target: row.target,
    draft: row.draft,
    method: row.method,
    k: row.k,
    policy: row.policy,
    trace: row.trace,
    trace_kind: row.trace_kind,
    batch_size: row.batch_size,
    requests: row.requests,
    throughput_tok_per_s: row.throughput_tok_per_s,
    throughput_lo_tok_per_s: row.throughput_lo_tok_per_s,
    throughput_hi_tok_per_s: row.throughput_hi_tok_per_s,
    baseline_throughput_tok_per_s: row.baseline_throughput_tok_per_s,
    speedup: row.speedup,
    speedup_lo: row.speedup_lo,
    speedup_hi: row.speedup_hi,
    binding: seconds === null ? null : binding(seconds),
    verification_share: seconds === null ? null : shares(seconds),
  };
}

function shares(seconds: Readonly<Record<Resource, number>>): Record<Resource, number> {
  const total = RESOURCES.reduce((sum, resource) => sum + seconds[resource], 0);
  const entries = RESOURCES.map((resource) => [resource, seconds[resource] / total] as const);
  return Object.fromEntries(entries) as Record<Resource, number>;
}

/** Larger batches would not run at once, whatever the memory. */
export function largestBatch({ scenario, engine }: Inputs, requests: number): number {
  return Math.min(LARGEST_BATCH, engine.maxSequences, scenario.load === 'closed' ? requests : LARGEST_BATCH);
}
