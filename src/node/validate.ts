/** `specsim validate`: what was measured beside what is predicted, set by set. */
import { existsSync } from 'node:fs';
import { UserError, unknownName } from '../errors.ts';
import {
  type Document,
  FOUR,
  type Format,
  facts,
  fixed,
  type Section,
  type Shown,
  sentence,
  table,
  WHOLE,
  within,
} from '../report/document.ts';
import { textOf } from '../report/text.ts';
import { SCHEMA_VERSION, TOOL } from '../scenario/result.ts';
import { BEYOND_SETS } from './beyond-figures.ts';
import { ENGINE_FIGURES, type EnginePoint, enginePoints } from './engine-figures.ts';
import { namesBelow } from './input.ts';
import { OFF_SPOT, offSpot, type ValidatedSet } from './intervals.ts';
import { KERNEL_SETS, type KernelSet, kernelSets } from './kernel-tables.ts';
import { checkWritable, write } from './output.ts';
import { PLAIN_SERVING, plainServing } from './plain-serving-set.ts';
import { SERVING_RUNS, servingPoints } from './serving-runs.ts';
import {
  coverageOf,
  type ErrorSizes,
  errorOf,
  errorSizes,
  type Point,
  type Role,
  SETS,
  type SetName,
  validation,
} from './validation.ts';

interface ValidateRequest {
  readonly set: string | undefined;
  readonly recordings: string | undefined;
  /** Folder of kernel tables and served requests; default: the environment variable SPECSIM_OPS. */
  readonly ops: string | undefined;
  readonly format: 'table' | 'json';
  readonly out: string | undefined;
}

/** Points of one set, and those of a fit to all figures at once. */
interface Published {
  readonly traces: 'fitted' | 'recording';
  readonly points: readonly Point[];
  readonly jointFit: readonly Point[];
}

/** Points of one set under another engine or on another GPU. */
interface Elsewhere {
  readonly set: string;
  readonly title: string;
  readonly role: Role;
  readonly points: readonly EnginePoint[];
}

/** @throws UserError before anything is written */
export async function validate({ set, recordings, ops, format, out }: ValidateRequest): Promise<void> {
  if (out !== undefined) await checkWritable(out, '--out');
  const servedNames = SERVING_RUNS.map((run) => run.set);
  const needsOps = [...servedNames, ...KERNEL_SETS];
  const names = [
    ...Object.keys(SETS),
    OFF_SPOT,
    PLAIN_SERVING,
    ...ENGINE_FIGURES.map((one) => one.set),
    ...BEYOND_SETS.map((one) => one.set),
    ...needsOps,
  ];
  if (set !== undefined && !names.includes(set)) throw unknownName('set', set, names);
  const folder = ops ?? process.env.SPECSIM_OPS;
  if (set !== undefined && needsOps.includes(set) && folder === undefined) {
    throw new UserError(`--set ${set}: missing --ops, expected the folder of its tables`);
  }
  if (recordings !== undefined) {
    await namesBelow(recordings, '--recordings', 'a folder of combined_<data set>.jsonl');
  }
  const wanted = (name: string) => set === undefined || set === name;
  const published = Object.keys(SETS).some(wanted) ? await publishedSets(recordings ?? null, wanted) : null;
  const engines = await Promise.all([
    ...ENGINE_FIGURES.filter((one) => wanted(one.set)).map(async (one) => ({
      ...one,
      points: await enginePoints(one),
    })),
    ...BEYOND_SETS.filter((one) => wanted(one.set)).map(async (one) => ({
      ...one,
      points: await one.points(),
    })),
  ]);
  const alone = set !== undefined;
  const others = [
    ...(wanted(OFF_SPOT) ? [await offSpot(published?.points ?? [], alone)] : []),
    ...(wanted(PLAIN_SERVING) ? [await plainServing(alone)] : []),
  ];
  const served =
    folder !== undefined && servedNames.some(wanted) ? await servedSets(folder, set ?? null) : [];
  const kernels =
    folder !== undefined && KERNEL_SETS.some(wanted) ? await kernelSets(folder, set ?? null) : [];
  const text =
    format === 'json'
      ? asJson(published, others, [...engines, ...served], kernels, alone)
      : textOf(asDocument(published, others, engines, served, kernels));
  await write(text, out);
}

async function publishedSets(
  recordings: string | null,
  wanted: (set: string) => boolean,
): Promise<Published> {
  const { machine, jointFit, predict } = await validation(recordings);
  return {
    traces: recordings === null ? 'fitted' : 'recording',
    points: predict(machine.engine, wanted),
    jointFit: predict(jointFit, wanted),
  };
}

/** The run that was asked for, else every run whose table is there. */
async function servedSets(folder: string, only: string | null): Promise<Elsewhere[]> {
  const runs = SERVING_RUNS.filter(({ set, file }) =>
    only === null ? existsSync(`${folder}/${file}`) : set === only,
  );
  return Promise.all(
    runs.map(async (run) => ({
      set: run.set,
      title: `requests served on ${run.gpu}`,
      role: 'validation',
      points: await servingPoints(folder, run),
    })),
  );
}

/** Points of kernels are hundreds of thousands: only those of a set that was asked for are listed. */
function asJson(
  published: Published | null,
  others: readonly ValidatedSet[],
  elsewhere: readonly Elsewhere[],
  kernels: readonly KernelSet[],
  withKernelPoints: boolean,
): string {
  const points = published?.points ?? [];
  const sets = [
    ...setsIn(points).map((name) => ({
      set: name,
      title: SETS[name].title,
      role: SETS[name].role as Role,
      error_unit: SETS[name].error,
      points: points.filter((point) => point.set === name).length,
      ...errorOf(points, name),
      joint_fit: errorOf(published!.jointFit, name),
    })),
    ...others.map(({ summary }) => summary),
    ...elsewhere.map((one) => ({
      set: one.set,
      title: one.title,
      role: one.role,
      error_unit: 'percent' as const,
      points: one.points.length,
      ...errorSizes(one.points),
    })),
    ...kernels.map((one) => ({
      set: one.set,
      title: `${one.operation} on ${one.gpu}, ${one.rows}`,
      role: roleOf(one),
      error_unit: 'percent' as const,
      points: one.points.length,
      ...errorSizes(one.points),
      held_out: one.heldOutError,
    })),
  ];
  const rows = [
    ...points.map(({ set, setting, batchSize, measured, predicted, error, interval }) => ({
      set,
      setting,
      batch_size: batchSize,
      measured,
      predicted,
      predicted_lo: interval?.lo ?? null,
      predicted_hi: interval?.hi ?? null,
      error,
    })),
    ...others.flatMap(({ rows }) => rows),
    ...elsewhere.flatMap((one) => one.points.map((point) => ({ set: one.set, ...point }))),
    ...(withKernelPoints ? kernels : []).flatMap((one) =>
      one.points.map(({ setting, measuredS, predictedS, error }) => ({
        set: one.set,
        role: roleOf(one),
        setting,
        measured_us: 1e6 * measuredS,
        predicted_us: 1e6 * predictedS,
        error,
      })),
    ),
  ];
  const head = { schemaVersion: SCHEMA_VERSION, tool: TOOL, trace_kind: published?.traces ?? null };
  return `${JSON.stringify({ ...head, sets, rows }, null, 2)}\n`;
}

function asDocument(
  published: Published | null,
  others: readonly ValidatedSet[],
  engines: readonly Elsewhere[],
  served: readonly Elsewhere[],
  kernels: readonly KernelSet[],
): Document {
  return [
    ...(published === null ? [] : publishedSections(published)),
    ...others.flatMap(({ sections }) => sections),
    ...engines.map((one) => elsewhereSection(`${one.set}: ${one.title} (${one.role})`, 'setting', [one])),
    elsewhereSection(
      'requests served by vLLM on other GPUs, engine times as on h100-sxm (validation)',
      'mean of the run',
      served,
    ),
    kernelSection(kernels),
  ];
}

const SIGNED: Format = { ...fixed(2), signed: true };
const PERCENT: Format = { ...fixed(1), unit: '%' };

function publishedSections({ points, jointFit, traces }: Published): Section[] {
  const names = setsIn(points);
  return [
    [
      sentence(
        `${TOOL}: vLLM 0.10 on h100-sxm, llama-3.1-8b where no other model is named, against published measurements`,
      ),
      facts([
        [
          'traces',
          traces === 'recording' ? 'recordings' : 'fitted processes (--recordings DIR replays the real ones)',
        ],
        ['figures', 'validation/h100-sxm, each file with its source'],
      ]),
      sentence('  sets marked calibration are what the engine profile was fitted to: they validate nothing'),
    ],
    ...names.map((name) => setSection(name, points)),
    [
      table(names, [
        { title: 'set', cell: (name) => name },
        { title: 'role', cell: (name) => SETS[name].role },
        {
          title: 'points',
          as: WHOLE,
          cell: (name) => points.filter((point) => point.set === name).length,
        },
        sizeColumn('mean error', points, 'mean'),
        sizeColumn('worst', points, 'worst'),
        sizeColumn('joint fit: mean', jointFit, 'mean'),
        sizeColumn('worst', jointFit, 'worst'),
      ]),
      sentence(
        '  joint fit: the engine times fitted to every Llama-3.1-8B set but shares-512 at once, speedups too. It is',
      ),
      sentence(
        '  in-sample, the least this model misses them by, and validates nothing; what ships is the prediction',
      ),
    ],
    coverage(points),
  ];
}

function setSection(name: SetName, points: readonly Point[]): Section {
  const { digits, title, role } = SETS[name];
  const own = points.filter((point) => point.set === name);
  const spread = own.some(({ interval }) => interval !== undefined) ? ' (95%)' : '';
  return [
    sentence(`${name}: ${title} (${role})`),
    table(own, [
      { title: 'setting', cell: ({ setting }) => setting },
      { title: 'batch', as: WHOLE, cell: ({ batchSize }) => batchSize },
      { title: 'measured', as: fixed(digits), cell: ({ measured }) => measured },
      {
        title: `predicted${spread}`,
        as: fixed(digits),
        cell: ({ predicted, interval: { lo = null, hi = null } = {} }) => within(predicted, lo, hi),
      },
      { title: `error ${unitOf(name)}`, as: SIGNED, cell: ({ error }) => error },
    ]),
  ];
}

function sizeColumn(title: string, points: readonly Point[], size: keyof ErrorSizes): Shown<SetName> {
  return {
    title,
    align: 'right',
    cell: (name) =>
      `${errorOf(points, name)[size].toFixed(2)}${SETS[name].error === 'percent' ? '%' : ' points'}`,
  };
}

function elsewhereSection(title: string, setting: string, sets: readonly Elsewhere[]): Section {
  if (sets.length === 0) return [];
  return [
    sentence(title),
    table(
      sets.flatMap(({ set, points }) => points.map((point) => ({ set, ...point }))),
      [
        { title: 'set', cell: ({ set }) => set },
        { title: setting, cell: ({ setting }) => setting },
        { title: 'measured', as: FOUR, cell: ({ measured }) => measured },
        { title: 'predicted', as: FOUR, cell: ({ predicted }) => predicted },
        { title: 'error %', as: SIGNED, cell: ({ error }) => error },
      ],
    ),
  ];
}

function kernelSection(kernels: readonly KernelSet[]): Section {
  if (kernels.length === 0) return [];
  return [
    sentence('kernels, percent of the measured time; fitted rows are calibration and validate nothing'),
    table(
      kernels.map((one) => ({ ...one, ...errorSizes(one.points) })),
      [
        { title: 'set', cell: ({ set }) => set },
        { title: 'rows', cell: ({ rows }) => rows },
        { title: 'role', cell: roleOf },
        { title: 'points', as: WHOLE, cell: ({ points }) => points.length },
        { title: 'mean error', as: PERCENT, cell: ({ mean }) => mean },
        { title: 'held out', as: PERCENT, cell: ({ heldOutError }) => heldOutError },
        { title: 'worst', as: { ...PERCENT, digits: 0 }, cell: ({ worst }) => worst },
        {
          title: 'worst at',
          cell: ({ points, worst }) => points.find(({ error }) => Math.abs(error) === worst)!.setting,
        },
      ],
    ),
  ];
}

function roleOf({ rows }: KernelSet): Role {
  return rows === 'fitted' ? 'calibration' : 'validation';
}

function setsIn(points: readonly Point[]): SetName[] {
  return (Object.keys(SETS) as SetName[]).filter((name) => points.some((point) => point.set === name));
}

function unitOf(name: SetName): string {
  return SETS[name].error === 'percent' ? '%' : 'points';
}

function coverage(points: readonly Point[]): Section {
  const { inside, of, halfWidth } = coverageOf(points);
  if (of === 0) return [];
  return [
    sentence(
      `${inside} of ${of} measured speedups lie in the 95% interval of their prediction; its mean half-width is ${(100 * halfWidth).toFixed(1)}%`,
    ),
  ];
}
