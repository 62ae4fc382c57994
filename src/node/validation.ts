/**
 * Published measurements under vLLM 0.10.1 on H100s, nearly all of Llama-3.1-8B, and what the program predicts for
 * each. The figures and their sources are in validation/h100-sxm.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readSheet } from '../cost/calibration/sheet.ts';
import type { EngineProfile } from '../cost/engine-profile.ts';
import type { Machine } from '../cost/fields.ts';
import type { Interval, Uncertainty } from '../metrics/confidence.ts';
import { withTimes } from '../scenario/engine-times.ts';
import { gatherInputs, type Inputs } from '../scenario/inputs.ts';
import { completeScenario } from '../scenario/options.ts';
import type { Row } from '../scenario/result.ts';
import { runPoints, runScenario } from '../scenario/run.ts';
import { folderLibrary } from './folder-library.ts';

/** Folder of the figures. */
const FOLDER = fileURLToPath(new URL('../../validation/h100-sxm/llama-3.1-8b', import.meta.url));

const DATASETS = ['gsm8k', 'cnn', 'sharegpt', 'instructcoder'] as const;

/** The batch whose copies no longer fit in KV memory together, so that the serving engine's ways decide. */
const BEYOND_MEMORY = 512;

/** What a set of figures is for: what was fitted to them says nothing about how good the program is. */
export type Role = 'validation' | 'calibration';

/** The sets of figures, and what their errors are measured in. */
export const SETS = {
  speedups: { title: 'speedup of n-gram and EAGLE-3', role: 'validation', error: 'percent', digits: 3 },
  'eagle3-shares': {
    title: 'time shares of EAGLE-3, percent',
    role: 'validation',
    error: 'points',
    digits: 1,
  },
  'shares-512': {
    title: `time shares at batch ${BEYOND_MEMORY}, beyond KV memory, percent`,
    role: 'validation',
    error: 'points',
    digits: 1,
  },
  'draft-pass-70b': {
    title: 'a pass of Llama-3.2-1B over one of Llama-3-70B, percent',
    role: 'validation',
    error: 'percent',
    digits: 1,
  },
  shares: {
    title: 'time shares of plain and n-gram decoding, percent',
    role: 'calibration',
    error: 'points',
    digits: 1,
  },
  steps: { title: 'plain decode step, ms', role: 'calibration', error: 'percent', digits: 2 },
  drafting: { title: 'drafting of a step, ms', role: 'calibration', error: 'percent', digits: 2 },
  'draft-pass': {
    title: 'a pass of Qwen3-0.6B over one of Qwen3-8B, percent',
    role: 'calibration',
    error: 'percent',
    digits: 1,
  },
} as const satisfies Record<
  string,
  { title: string; role: Role; error: 'percent' | 'points'; digits: number }
>;

export type SetName = keyof typeof SETS;

export interface Point {
  readonly set: SetName;
  readonly setting: string;
  readonly batchSize: number;
  readonly measured: number;
  readonly predicted: number;
  /** Percent of the measured, or percentage points, as the set says. */
  readonly error: number;
  /** The 95 % interval of the prediction; speedups only. */
  readonly interval?: Interval;
  readonly uncertainty?: Uncertainty;
}

/** Reads a CSV with a header and `#` comments. */
export function readFigures(file: string): Record<string, string>[] {
  const { columns, rows } = readSheet(readFileSync(`${FOLDER}/${file}`, 'utf8'), file);
  return [...rows()].map((row) => Object.fromEntries(columns.map((column) => [column, row.cell(column)])));
}

/** The predictions, ready to be made again and again with another engine profile. */
export interface Validation {
  readonly machine: Machine;
  /** The engine engine with its times fitted to every figure at once: the least that this model can miss them by. */
  readonly jointFit: EngineProfile;
  /** Intervals are those of the engine that ships; a fit has none. */
  predict(engine: EngineProfile, wanted?: (set: SetName) => boolean): Point[];
}

/**
 * @param recordings folder of the recordings; null takes the fitted processes that ship
 * @param requests how many requests of each data set, all by default
 */
export async function validation(recordings: string | null, requests?: number): Promise<Validation> {
  const scenario = completeScenario({
    method: ['none', 'ngram', 'eagle3'],
    trace: DATASETS.map((dataset) =>
      recordings === null ? dataset : `${recordings}/combined_${dataset}.jsonl`,
    ),
    ...(requests === undefined ? {} : { requests }),
  });
  const inputs = await gatherInputs(scenario, folderLibrary);
  const speedups = readFigures('speedups.csv');
  const shares = readFigures('time-shares.csv');
  const steps = readFigures('step-times.csv');
  const drafting = readFigures('drafting-times.csv');
  const passes = readFigures('../draft-passes.csv');
  const passInputs = await Promise.all(passes.map(draftPass));
  const jointTimes = readFigures('joint-fit.csv').map(({ time, us }) => ({
    time: time!,
    seconds: 1e-6 * Number(us),
  }));
  return {
    machine: inputs,
    jointFit: withTimes(inputs, jointTimes),
    predict(engine, wanted = () => true) {
      const tuned = { ...inputs, engine };
      const bounded = engine === inputs.engine && wanted('speedups');
      const rowsOf = (own: Inputs) => (bounded ? runScenario(own) : runPoints(own)).rows;
      const ownSpeedups = wanted('speedups') ? speedups : [];
      const ownShares = shares.filter((figure) => wanted(shareSet(figure)));
      const whole = ownSpeedups.length + ownShares.length > 0;
      const rows = whole ? [tuned, longDrafts(tuned), largeBatch(tuned)].flatMap(rowsOf) : [];
      return [
        ...ownSpeedups.map((figure) => speedup(figure, rowOf(rows, figure))),
        ...ownShares.map((figure) => share(figure, rowOf(rows, figure))),
        ...(wanted('steps') ? rowsOf(oneStep(tuned, 'none', steps)) : []).map((row, i) =>
          relative('steps', 'none', steps[i]!, Number(steps[i]!.step_ms), stepMs(row)),
        ),
        ...(wanted('drafting') ? rowsOf(oneStep(tuned, 'eagle3', drafting)) : []).map((row, i) =>
          relative('drafting', 'eagle3 k=3', drafting[i]!, Number(drafting[i]!.draft_ms), row.step_ms!.draft),
        ),
        ...passes.flatMap((figure, i) => {
          const set = figure.set as SetName;
          if (!wanted(set)) return [];
          const { step_ms: step } = rowsOf({ ...passInputs[i]!, engine })[0]!;
          const percent = (100 * step!.draft) / step!.verify;
          const setting = `${figure.draft} for ${figure.target}${figure.tp === '1' ? '' : ` on ${figure.tp} GPUs`}`;
          return [relative(set, setting, figure, Number(figure.percent), percent)];
        }),
      ];
    },
  };
}

/** n-gram at k = 5, which was measured on InstructCoder alone. */
function longDrafts(inputs: Inputs): Inputs {
  return {
    ...inputs,
    methods: inputs.methods.filter((method) => method.name === 'ngram'),
    traces: inputs.traces.filter((trace) => trace.provenance.dataset === 'instructcoder'),
    scenario: { ...inputs.scenario, k: [5] },
  };
}

/** The batch size at which only the time shares of one data set were measured. */
function largeBatch(inputs: Inputs): Inputs {
  return {
    ...inputs,
    traces: inputs.traces.filter((trace) => trace.provenance.dataset === 'cnn'),
    scenario: { ...inputs.scenario, batch: [BEYOND_MEMORY] },
  };
}

/** Steps that draft one token with a whole small model; its acceptance decides nothing. */
function draftPass({ target, draft, tp, batch_size: batch }: Record<string, string>): Promise<Inputs> {
  const scenario = completeScenario({
    target: target!,
    draft: draft!,
    tp: Number(tp),
    method: ['draft-model'],
    k: [1],
    acceptance: { 'draft-model': '0.5' },
    trace: ['cnn'],
    batch: [Number(batch)],
    requests: 2,
  });
  return gatherInputs(scenario, folderLibrary);
}

/** One decode step at each batch size and the context of the figures, drafts of it all accepted. */
function oneStep(inputs: Inputs, method: string, figures: readonly Record<string, string>[]): Inputs {
  const context = Number(figures[0]!.context_tokens);
  const k = inputs.scenario.k[0]!;
  const trace = inputs.traces[0]!;
  const tokens = 1 + (method === 'none' ? 1 : k + 1);
  const lengths = {
    maxK: k,
    offsets: Int32Array.of(0, tokens),
    emitted: new Uint8Array(tokens).fill(k + 1),
    proposed: 'always' as const,
    kind: 'fitted' as const,
  };
  const one = {
    ...trace,
    ids: ['one'],
    promptTokens: Int32Array.of(context - 1),
    outputTokens: Int32Array.of(tokens),
    drafters: new Map([[method, lengths]]),
    tokens: null,
  };
  return {
    ...inputs,
    methods: inputs.methods.filter((candidate) => candidate.name === method),
    traces: [one],
    scenario: { ...inputs.scenario, batch: figures.map((figure) => Number(figure.batch_size)) },
  };
}

function rowOf(rows: readonly Row[], figure: Record<string, string>): Row {
  const k = figure.k === '' ? null : Number(figure.k);
  const row = rows.find(
    (candidate) =>
      candidate.trace === figure.dataset &&
      candidate.method === figure.method &&
      candidate.k === k &&
      candidate.batch_size === Number(figure.batch_size),
  );
  if (row === undefined) throw new Error(`no row for ${JSON.stringify(figure)}`);
  return row;
}

function name({ dataset, method, k }: Record<string, string>): string {
  return `${dataset} ${method}${k === '' ? '' : ` k=${k}`}`;
}

function relative(
  set: SetName,
  setting: string,
  figure: Record<string, string>,
  measured: number,
  predicted: number,
): Point {
  const error = 100 * (predicted / measured - 1);
  return { set, setting, batchSize: Number(figure.batch_size), measured, predicted, error };
}

function speedup(figure: Record<string, string>, row: Row): Point {
  const { speedup_lo: lo, speedup_hi: hi, uncertainty } = row;
  return {
    ...relative('speedups', name(figure), figure, Number(figure.speedup), row.speedup!),
    ...(lo !== null && hi !== null && uncertainty !== null && { interval: { lo, hi }, uncertainty }),
  };
}

function shareSet({ batch_size: batch, method }: Record<string, string>): SetName {
  if (Number(batch) === BEYOND_MEMORY) return 'shares-512';
  return method === 'eagle3' ? 'eagle3-shares' : 'shares';
}

/** The study counts the target's prefill as verification. */
function share(figure: Record<string, string>, { time_share: time }: Row): Point {
  const part = figure.part as 'draft' | 'verify' | 'sampling' | 'overhead';
  const predicted = 100 * (part === 'verify' ? time.verify + time.prefill : time[part]);
  const measured = Number(figure.percent);
  return {
    set: shareSet(figure),
    setting: `${name(figure)} ${part}`,
    batchSize: Number(figure.batch_size),
    measured,
    predicted,
    error: predicted - measured,
  };
}

function stepMs({ step_ms: step }: Row): number {
  return step!.draft + step!.verify + step!.sampling + step!.overhead;
}

export interface ErrorSizes {
  readonly mean: number;
  readonly worst: number;
}

/** Mean and worst of the errors' sizes, for one set. */
export function errorOf(points: readonly Point[], set: SetName): ErrorSizes {
  return errorSizes(points.filter((point) => point.set === set));
}

/** Mean and worst size of some errors. */
export function errorSizes(points: readonly { readonly error: number }[]): ErrorSizes {
  let [sum, worst] = [0, 0];
  for (const { error } of points) {
    sum += Math.abs(error);
    worst = Math.max(worst, Math.abs(error));
  }
  return { mean: sum / points.length, worst };
}

/** How many measured points lie in the interval of their prediction, of how many, and its mean relative half-width. */
export function coverageOf(points: readonly Point[]): { inside: number; of: number; halfWidth: number } {
  const bounded = points.flatMap(({ interval, ...point }) =>
    interval === undefined ? [] : [{ ...point, interval }],
  );
  return {
    inside: bounded.filter(({ measured, interval }) => interval.lo <= measured && measured <= interval.hi)
      .length,
    of: bounded.length,
    halfWidth:
      bounded.reduce(
        (sum, { predicted, interval }) => sum + (interval.hi - interval.lo) / (2 * predicted),
        0,
      ) / bounded.length,
  };
}
