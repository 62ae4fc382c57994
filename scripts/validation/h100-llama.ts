/**
 * Published measurements of Llama-3.1-8B on one H100 under vLLM 0.10.1, and what the program predicts for
 * each. The figures and their sources are in test/validation/h100-sxm/llama-3.1-8b.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseString } from 'fast-csv';
import type { EngineProfile } from '../../src/cost/engine-profile.ts';
import { folderLibrary } from '../../src/node/folder-library.ts';
import { gatherInputs, type Inputs } from '../../src/scenario/inputs.ts';
import { completeScenario } from '../../src/scenario/options.ts';
import type { Row } from '../../src/scenario/result.ts';
import { runScenario } from '../../src/scenario/run.ts';

const FOLDER = fileURLToPath(new URL('../../test/validation/h100-sxm/llama-3.1-8b', import.meta.url));

const DATASETS = ['gsm8k', 'cnn', 'sharegpt', 'instructcoder'] as const;

/** The batch whose copies no longer fit in KV memory together: the serving engine decides, so it is only reported. */
const BEYOND_MEMORY = 512;

export interface Point {
  /** Speedups and step times in their own unit, shares in percent. */
  readonly set: 'speedup' | 'time share' | 'step time';
  readonly setting: string;
  readonly batchSize: number;
  readonly measured: number;
  readonly predicted: number;
  /** Speedups and step times: relative, in percent. Shares: in percentage points. */
  readonly error: number;
  /** The 95 % interval of the prediction; speedups only. */
  readonly interval?: { readonly lo: number; readonly hi: number };
}

/** Reads a CSV with a header and `#` comments. */
export async function readFigures(file: string): Promise<Record<string, string>[]> {
  const rows: Record<string, string>[] = [];
  await new Promise<void>((resolve, reject) => {
    parseString(readFileSync(`${FOLDER}/${file}`, 'utf8'), { headers: true, comment: '#' })
      .on('error', reject)
      .on('data', (row: Record<string, string>) => rows.push(row))
      .on('end', () => resolve());
  });
  return rows;
}

/** The predictions, ready to be made again and again with another engine profile. */
export interface Validation {
  readonly engine: EngineProfile;
  predict(engine: EngineProfile): Point[];
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
  const speedups = await readFigures('speedups.csv');
  const shares = (await readFigures('time-shares.csv')).filter(
    (figure) => Number(figure.batch_size) !== BEYOND_MEMORY,
  );
  const steps = await readFigures('step-times.csv');
  return {
    engine: inputs.engine,
    predict(engine) {
      const tuned = { ...inputs, engine };
      const rows = [...runScenario(tuned).rows, ...runScenario(longDrafts(tuned)).rows];
      return [
        ...speedups.map((figure): Point => {
          const row = rowOf(rows, figure);
          return {
            ...relative('speedup', name(figure), figure, Number(figure.speedup), row.speedup!),
            interval: { lo: row.speedup_lo!, hi: row.speedup_hi! },
          };
        }),
        ...shares.map((figure) => share(figure, rowOf(rows, figure))),
        ...runScenario(plainSteps(tuned, steps)).rows.map((row, i) =>
          relative('step time', 'none', steps[i]!, Number(steps[i]!.step_ms), stepMs(row)),
        ),
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

/** One decode step of plain decoding at each batch size and the context of the figures. */
function plainSteps(inputs: Inputs, figures: readonly Record<string, string>[]): Inputs {
  const context = Number(figures[0]!.context_tokens);
  const trace = inputs.traces[0]!;
  const one = {
    ...trace,
    ids: ['one'],
    promptTokens: Int32Array.of(context - 1),
    outputTokens: Int32Array.of(2),
    drafters: new Map(),
    tokens: null,
  };
  return {
    ...inputs,
    methods: inputs.methods.filter((method) => method.kind === 'none'),
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
  set: Point['set'],
  setting: string,
  figure: Record<string, string>,
  measured: number,
  predicted: number,
): Point {
  const error = 100 * (predicted / measured - 1);
  return { set, setting, batchSize: Number(figure.batch_size), measured, predicted, error };
}

/** The study counts the target's prefill as verification. */
function share(figure: Record<string, string>, { time_share: time }: Row): Point {
  const part = figure.part as 'draft' | 'verify' | 'sampling' | 'overhead';
  const predicted = 100 * (part === 'verify' ? time.verify + time.prefill : time[part]);
  const measured = Number(figure.percent);
  return {
    set: 'time share',
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

/** Mean and worst of the errors' sizes, for one set. */
export function errorOf(points: readonly Point[], set: Point['set']): { mean: number; worst: number } {
  const sizes = points.filter((point) => point.set === set).map((point) => Math.abs(point.error));
  return { mean: sizes.reduce((sum, size) => sum + size, 0) / sizes.length, worst: Math.max(...sizes) };
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
