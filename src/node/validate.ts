/** `specsim validate`: what was measured beside what is predicted, set by set. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { parseEngine } from '../cost/engine-profile.ts';
import { UserError, unknownName } from '../errors.ts';
import { parseHardware } from '../hardware/load.ts';
import { textTable } from '../report/text-table.ts';
import { DEFAULTS } from '../scenario/options.ts';
import { SCHEMA_VERSION, TOOL } from '../scenario/result.ts';
import { folderLibrary } from './folder-library.ts';
import { KERNEL_SETS, type KernelSet, kernelSets } from './kernel-tables.ts';
import { checkWritable, writeWhole } from './output.ts';
import { SERVING_RUNS, type ServingPoint, servingPoints } from './serving-runs.ts';
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

interface Served {
  readonly set: string;
  readonly gpu: string;
  readonly points: readonly ServingPoint[];
}

/** @throws UserError before anything is written */
export async function validate({ set, recordings, ops, format, out }: ValidateRequest): Promise<void> {
  if (out !== undefined) await checkWritable(out, '--out');
  const servedNames = SERVING_RUNS.map((run) => run.set);
  const needsOps = [...servedNames, ...KERNEL_SETS];
  if (set !== undefined && !(set in SETS) && !needsOps.includes(set)) {
    throw unknownName('set', set, [...Object.keys(SETS), ...needsOps]);
  }
  const folder = ops ?? process.env.SPECSIM_OPS;
  if (set !== undefined && needsOps.includes(set) && folder === undefined) {
    throw new UserError(`--set ${set}: missing --ops, expected the folder of its tables`);
  }
  if (recordings !== undefined) {
    await readdir(recordings).catch((error: NodeJS.ErrnoException) => {
      throw new UserError(
        `--recordings ${recordings}: cannot be read (${error.code}), expected a folder of combined_<data set>.jsonl`,
      );
    });
  }
  const wanted = (name: string) => set === undefined || set === name;
  const published = Object.keys(SETS).some(wanted) ? await publishedSets(recordings ?? null, wanted) : null;
  const served =
    folder !== undefined && servedNames.some(wanted) ? await servedSets(folder, set ?? null) : [];
  const kernels =
    folder !== undefined && KERNEL_SETS.some(wanted) ? await kernelSets(folder, set ?? null) : [];
  const text =
    format === 'json'
      ? asJson(published, served, kernels, set !== undefined)
      : asTable(published, served, kernels);
  if (out === undefined) process.stdout.write(text);
  else await writeWhole(out, text);
}

async function publishedSets(
  recordings: string | null,
  wanted: (set: string) => boolean,
): Promise<Published> {
  const { machine, jointFit, predict } = await validation(recordings);
  const chosen = (points: readonly Point[]) => points.filter((point) => wanted(point.set));
  return {
    traces: recordings === null ? 'fitted' : 'recording',
    points: chosen(predict(machine.engine)),
    jointFit: chosen(predict(jointFit)),
  };
}

/** The run that was asked for, else every run whose table is there. */
async function servedSets(folder: string, only: string | null): Promise<Served[]> {
  const { text, where } = await folderLibrary.profile('engine', DEFAULTS.engine);
  const engine = await parseEngine(JSON.parse(text), where);
  const runs = SERVING_RUNS.filter(({ set, file }) =>
    only === null ? existsSync(`${folder}/${file}`) : set === only,
  );
  return Promise.all(
    runs.map(async (run) => {
      const { text, where } = await folderLibrary.profile('gpu', run.gpu);
      const hardware = await parseHardware(JSON.parse(text), where);
      return { set: run.set, gpu: run.gpu, points: await servingPoints(folder, run, hardware, engine) };
    }),
  );
}

/** Points of kernels are hundreds of thousands: only those of a set that was asked for are listed. */
function asJson(
  published: Published | null,
  served: readonly Served[],
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
    ...served.map((one) => ({
      set: one.set,
      title: `requests served on ${one.gpu}`,
      role: 'validation' as const,
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
    ...served.flatMap((one) => one.points.map((point) => ({ set: one.set, ...point }))),
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

function asTable(
  published: Published | null,
  served: readonly Served[],
  kernels: readonly KernelSet[],
): string {
  const sections = [
    ...(published === null ? [] : publishedSections(published)),
    ...(served.length === 0 ? [] : [servedSection(served)]),
    ...(kernels.length === 0 ? [] : [kernelSection(kernels)]),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function publishedSections({ points, jointFit, traces }: Published): string[][] {
  const names = setsIn(points);
  return [
    [
      `${TOOL}: vLLM 0.10 on h100-sxm, llama-3.1-8b where no other model is named, against published measurements`,
      `  traces   ${traces === 'recording' ? 'recordings' : 'fitted processes (--recordings DIR replays the real ones)'}`,
      '  figures  test/validation/h100-sxm, each file with its source',
      '  sets marked calibration are what the engine profile was fitted to: they validate nothing',
    ],
    ...names.map((name) => {
      const { digits, title, role } = SETS[name];
      return [
        `${name}: ${title} (${role})`,
        ...columns(
          ['setting', 'batch', 'measured', 'predicted', '95% interval', `error ${unitOf(name)}`],
          1,
          points
            .filter((point) => point.set === name)
            .map(({ setting, batchSize, measured, predicted, interval, error }) => [
              setting,
              String(batchSize),
              measured.toFixed(digits),
              predicted.toFixed(digits),
              interval === undefined ? '-' : `${interval.lo.toFixed(digits)}-${interval.hi.toFixed(digits)}`,
              signed(error),
            ]),
        ),
      ];
    }),
    [
      ...columns(
        ['set', 'role', 'points', 'mean error', 'worst', 'joint fit: mean', 'worst'],
        2,
        names.map((name) => [
          name,
          SETS[name].role,
          String(points.filter((point) => point.set === name).length),
          ...sizes(errorOf(points, name), unitOf(name)),
          ...sizes(errorOf(jointFit, name), unitOf(name)),
        ]),
      ),
      '  joint fit: the engine times fitted to every Llama-3.1-8B set but shares-512 at once, speedups too. It is',
      '  in-sample, the least this model misses them by, and validates nothing; what ships is the prediction',
    ],
    coverageLine(points),
  ];
}

function servedSection(served: readonly Served[]): string[] {
  return [
    'requests served by vLLM on other GPUs, engine times as on h100-sxm (validation)',
    ...columns(
      ['set', 'mean of the run', 'measured', 'predicted', 'error %'],
      2,
      served.flatMap(({ set, points }) =>
        points.map(({ setting, measured, predicted, error }) => [
          set,
          setting,
          measured.toPrecision(4),
          predicted.toPrecision(4),
          signed(error),
        ]),
      ),
    ),
  ];
}

function kernelSection(kernels: readonly KernelSet[]): string[] {
  return [
    'kernels, percent of the measured time; fitted rows are calibration and validate nothing',
    ...columns(
      ['set', 'rows', 'role', 'points', 'mean error', 'held out', 'worst', 'worst at'],
      3,
      kernels.map((one) => {
        const { mean, worst } = errorSizes(one.points);
        return [
          one.set,
          one.rows,
          roleOf(one),
          String(one.points.length),
          `${mean.toFixed(1)} %`,
          one.heldOutError === null ? '-' : `${one.heldOutError.toFixed(1)} %`,
          `${worst.toFixed(0)} %`,
          one.points.find(({ error }) => Math.abs(error) === worst)!.setting,
        ];
      }),
      7,
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

function sizes({ mean, worst }: ErrorSizes, unit: string): string[] {
  return [`${mean.toFixed(2)} ${unit}`, `${worst.toFixed(2)} ${unit}`];
}

function signed(error: number): string {
  return `${error >= 0 ? '+' : ''}${error.toFixed(2)}`;
}

/** A table whose first `texts` columns, and those from `textAgain` on, are words. */
function columns(
  headings: readonly string[],
  texts: number,
  rows: readonly (readonly string[])[],
  textAgain = headings.length,
): string[] {
  return textTable(
    headings.map((title, i) => ({ title, align: i < texts || i >= textAgain ? 'left' : 'right' }) as const),
    rows,
  );
}

function coverageLine(points: readonly Point[]): string[] {
  const { inside, of, halfWidth } = coverageOf(points);
  if (of === 0) return [];
  return [
    `${inside} of ${of} measured speedups lie in the 95% interval of their prediction; its mean half-width is ${(100 * halfWidth).toFixed(1)}%`,
  ];
}
