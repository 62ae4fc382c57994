/**
 * Plain serving by engine: the time per output token of closed loads that InferenceX and others measured, beside the
 * steady state that the engine's profile predicts. Rows that calibrate are told apart; figures in validation/serving.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseMethod } from '../drafter/methods.ts';
import { grouped } from '../memo.ts';
import type { Uncertainty } from '../metrics/confidence.ts';
import { expertsOf } from '../model/architecture.ts';
import { type Document, type Format, fixed, type Shown, sentence, table, WHOLE } from '../report/document.ts';
import { closedTpot } from '../scenario/closed-load.ts';
import { contradictions } from '../scenario/contradictions.ts';
import { gatherInputs } from '../scenario/inputs.ts';
import { completeScenario } from '../scenario/options.ts';
import { type PlainServing, readPlainServing } from '../scenario/plain-serving.ts';
import { classesOf, TRUST_CLASSES } from '../scenario/trust.ts';
import { fitClasses, type Judged } from './class-fit.ts';
import { folderLibrary } from './folder-library.ts';
import type { ValidatedSet } from './intervals.ts';
import type { Role } from './validation.ts';

export const PLAIN_SERVING = 'plain-serving';

const FILE = fileURLToPath(new URL('../../validation/serving/plain-serving.csv', import.meta.url));

export interface ServedPoint {
  readonly engine: string;
  readonly target: string;
  readonly experts: boolean;
  readonly gpu: string;
  readonly tp: number;
  readonly ep: number;
  readonly dp_attention: number;
  readonly setting: string;
  readonly concurrency: number;
  /** TPOT, ms. */
  readonly measured: number;
  readonly predicted: number;
  /** Percent of the measured. */
  readonly error: number;
  readonly role: Role;
  /** Classes of distance that it is in, and how often. */
  readonly classes: Judged['classes'];
  readonly uncertainty: Uncertainty;
}

const PLAIN_DECODING = { method: parseMethod('none'), k: null, acceptance: [] };

/** Repeats of a setting differ by some 3 %; errors of constants are among what is fitted here. */
const NOISE: Uncertainty = { requests: 0.03, acceptance: 0, constants: 0, model: 0, distance: 0 };

/** Rows that contradict themselves, told from the measurements alone, are left out. */
export async function servedPoints(): Promise<ServedPoint[]> {
  const rows = readPlainServing(readFileSync(FILE, 'utf8'), FILE);
  const left = contradictions(rows);
  const used = rows.filter(
    ({ profile, target, line }) => profile !== null && target !== null && !left.has(line),
  );
  const points: ServedPoint[] = [];
  for (const own of grouped(used, ({ profile, gpu, options }) =>
    JSON.stringify([profile, gpu, options]),
  ).values()) {
    points.push(...(await predicted(own)));
  }
  return points;
}

/** Of one model on one machine. */
async function predicted(rows: readonly PlainServing[]): Promise<ServedPoint[]> {
  const { options, gpu, profile } = rows[0]!;
  const inputs = await gatherInputs(
    completeScenario({ ...options, gpu, engine: profile!, requests: 1 }),
    folderLibrary,
  );
  const tpotS = closedTpot(inputs);
  return rows.map(({ load, tpotS: measuredS, calibrates }) => {
    const predictedS = tpotS(inputs.engine, load);
    const trace = {
      ...inputs.traces[0]!,
      promptTokens: Int32Array.of(load.promptTokens),
      outputTokens: Int32Array.of(load.outputTokens),
    };
    return {
      engine: profile!,
      target: inputs.target.name,
      experts: expertsOf(inputs.target) !== null,
      gpu,
      tp: inputs.scenario.tp,
      ep: inputs.scenario.ep,
      dp_attention: inputs.scenario.dpAttention,
      setting: `${inputs.scenario.dtype}, ${load.promptTokens} + ${load.outputTokens} tokens`,
      concurrency: load.concurrency,
      measured: 1e3 * measuredS,
      predicted: 1e3 * predictedS,
      error: 100 * (predictedS / measuredS - 1),
      role: calibrates ? 'calibration' : 'validation',
      classes: classesOf(inputs, PLAIN_DECODING, trace, load.concurrency).map(({ of: { name }, by }) => ({
        name,
        by,
      })),
      uncertainty: NOISE,
    };
  });
}

/** Errors of one engine on one kind of model, by how many requests run at once. */
export interface ServedErrors {
  readonly engine: string;
  readonly models: string;
  readonly role: Role;
  readonly rows: number;
  /** Percent: the median of the errors' sizes, and of the errors under few and many requests; null without rows. */
  readonly median: number;
  readonly bias_to_8: number | null;
  readonly bias_to_64: number | null;
  readonly bias_beyond: number | null;
}

export function servedErrors(points: readonly ServedPoint[]): ServedErrors[] {
  return errorsBy(
    points,
    ({ engine }) => engine,
    ({ experts }) => (experts ? 'experts' : 'dense'),
  );
}

/** The same by model, whoever served it. */
export function modelErrors(points: readonly ServedPoint[]): ServedErrors[] {
  return errorsBy(
    points,
    () => 'all',
    ({ target }) => target,
  );
}

function errorsBy(
  points: readonly ServedPoint[],
  engineOf: (point: ServedPoint) => string,
  modelsOf: (point: ServedPoint) => string,
): ServedErrors[] {
  const keyOf = (point: ServedPoint) => `${engineOf(point)} ${modelsOf(point)} ${point.role}`;
  return [...grouped(points, keyOf).values()]
    .map((own) => {
      const bias = (least: number, most: number) =>
        median(own.filter(({ concurrency: c }) => least < c && c <= most).map(({ error }) => error));
      return {
        engine: engineOf(own[0]!),
        models: modelsOf(own[0]!),
        role: own[0]!.role,
        rows: own.length,
        median: median(own.map(({ error }) => Math.abs(error)))!,
        bias_to_8: bias(0, 8),
        bias_to_64: bias(8, 64),
        bias_beyond: bias(64, Number.POSITIVE_INFINITY),
      };
    })
    .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

function orderOf({ role, engine, models }: ServedErrors): string {
  return `${role === 'validation' ? 0 : 1} ${engine} ${models}`;
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return sorted.length === 0 ? null : (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

const PERCENT: Format = { ...fixed(1), unit: '%' };
const SHARE: Format = { form: 'fixed', digits: 1, times: 100, unit: '%' };
const SIGNED: Format = { ...PERCENT, signed: true };

const ERROR_COLUMNS: readonly Shown<ServedErrors>[] = [
  { title: 'role', cell: ({ role }) => role },
  { title: 'rows', as: WHOLE, cell: ({ rows }) => rows },
  { title: 'median error', as: PERCENT, cell: (one) => one.median },
  { title: 'to 8', as: SIGNED, cell: (one) => one.bias_to_8 },
  { title: '9 to 64', as: SIGNED, cell: (one) => one.bias_to_64 },
  { title: 'beyond', as: SIGNED, cell: (one) => one.bias_beyond },
];

/** @param alone whether nothing else is shown, so that there is room for a line a model and GPU */
export async function plainServing(alone: boolean): Promise<ValidatedSet> {
  const points = await servedPoints();
  const errors = servedErrors(points);
  const byModel = modelErrors(points);
  const validating = points.filter(({ role }) => role === 'validation');
  return {
    sections: [
      [
        sentence(
          'plain-serving: time per output token of closed loads, by engine profile; bias by concurrency',
        ),
        table(errors, [
          { title: 'engine', cell: ({ engine }) => engine },
          { title: 'models', cell: ({ models }) => models },
          ...ERROR_COLUMNS,
        ]),
      ],
      [
        sentence('what distance adds to tokens per second, one standard deviation, and what these rows say'),
        table(speedClasses(validating), [
          { title: 'class', cell: ({ title }) => title },
          { title: 'speed', as: SHARE, cell: ({ speed }) => speed },
          { title: 'fitted', as: SHARE, cell: ({ fitted }) => fitted },
        ]),
      ],
      ...(alone ? [byMachine(points)] : []),
    ],
    summary: {
      set: PLAIN_SERVING,
      title: 'time per output token of plain serving, ms',
      role: 'validation',
      error_unit: 'percent',
      points: validating.length,
      mean: validating.reduce((sum, { error }) => sum + Math.abs(error), 0) / validating.length,
      worst: Math.max(...validating.map(({ error }) => Math.abs(error))),
      by_engine: errors,
      by_model: byModel,
    },
    rows: points.map(({ classes: _, uncertainty: __, ...point }) => ({ set: PLAIN_SERVING, ...point })),
  };
}

/** Classes of distance, with what is fitted to rows that calibrated nothing. */
function speedClasses(points: readonly ServedPoint[]) {
  const fitted = fitClasses(points);
  return TRUST_CLASSES.filter(({ speed }) => speed > 0).map(({ name, title, speed }) => ({
    title,
    speed,
    fitted: fitted.get(name) ?? null,
  }));
}

function byMachine(points: readonly ServedPoint[]): Document[number] {
  const keyOf = ({ engine, target, gpu, role }: ServedPoint) => [engine, target, gpu, role].join(' ');
  const groups = [...grouped(points, keyOf)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, own]) => own);
  return [
    table(groups, [
      { title: 'engine', cell: ([one]) => one!.engine },
      { title: 'target', cell: ([one]) => one!.target },
      { title: 'gpu', cell: ([one]) => one!.gpu },
      { title: 'role', cell: ([one]) => one!.role },
      { title: 'rows', as: WHOLE, cell: (own) => own.length },
      { title: 'median error', as: PERCENT, cell: (own) => median(own.map(({ error }) => Math.abs(error))) },
      { title: 'bias', as: SIGNED, cell: (own) => median(own.map(({ error }) => error)) },
    ]),
  ];
}
