/** The report of `specsim validate`. */
import { readdir } from 'node:fs/promises';
import { UserError, unknownName } from '../errors.ts';
import { textTable } from '../report/text-table.ts';
import { SCHEMA_VERSION, TOOL } from '../scenario/result.ts';
import { checkWritable, writeWhole } from './output.ts';
import { coverageOf, errorOf, type Point, SETS, type SetName, validation } from './validation.ts';

export interface ValidateRequest {
  readonly set: string | undefined;
  readonly recordings: string | undefined;
  readonly format: 'table' | 'json';
  readonly out: string | undefined;
}

/** @throws UserError before anything is written */
export async function validate({ set, recordings, format, out }: ValidateRequest): Promise<void> {
  if (out !== undefined) await checkWritable(out, '--out');
  const names = Object.keys(SETS) as SetName[];
  if (set !== undefined && !names.includes(set as SetName)) throw unknownName('set', set, names);
  if (recordings !== undefined) {
    await readdir(recordings).catch((error: NodeJS.ErrnoException) => {
      throw new UserError(
        `--recordings ${recordings}: cannot be read (${error.code}), expected a folder of combined_<data set>.jsonl`,
      );
    });
  }
  const { engine, predict } = await validation(recordings ?? null);
  const points = predict(engine).filter((point) => set === undefined || point.set === set);
  const chosen = names.filter((name) => points.some((point) => point.set === name));
  const trace = recordings === undefined ? 'fitted' : 'recording';
  const text = format === 'json' ? asJson(points, chosen, trace) : asTable(points, chosen, trace);
  if (out === undefined) process.stdout.write(text);
  else await writeWhole(out, text);
}

type TraceKind = 'fitted' | 'recording';

function asJson(points: readonly Point[], names: readonly SetName[], trace: TraceKind): string {
  const sets = names.map((name) => ({
    set: name,
    title: SETS[name].title,
    role: SETS[name].role,
    error_unit: SETS[name].error,
    points: points.filter((point) => point.set === name).length,
    ...errorOf(points, name),
  }));
  const rows = points.map(({ set, setting, batchSize, measured, predicted, error, interval }) => ({
    set,
    setting,
    batch_size: batchSize,
    measured,
    predicted,
    predicted_lo: interval?.lo ?? null,
    predicted_hi: interval?.hi ?? null,
    error,
  }));
  return `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, tool: TOOL, trace_kind: trace, sets, rows }, null, 2)}\n`;
}

function asTable(points: readonly Point[], names: readonly SetName[], trace: TraceKind): string {
  const unit = (name: SetName) => (SETS[name].error === 'percent' ? '%' : 'points');
  const sections = [
    [
      `${TOOL}: llama-3.1-8b on h100-sxm, vLLM 0.10, against published measurements`,
      `  traces   ${trace === 'recording' ? 'recordings' : 'fitted processes (--recordings DIR replays the real ones)'}`,
      '  figures  test/validation/h100-sxm/llama-3.1-8b, each file with its source',
      '  sets marked calibration are what the engine profile was fitted to: they validate nothing',
    ],
    ...names.map((name) => {
      const { digits, title, role } = SETS[name];
      const own = points.filter((point) => point.set === name);
      return [
        `${name}: ${title} (${role})`,
        ...textTable(
          ['setting', 'batch', 'measured', 'predicted', '95% interval', `error ${unit(name)}`].map(
            (heading, i) => ({ title: heading, align: i === 0 ? 'left' : 'right' }) as const,
          ),
          own.map(({ setting, batchSize, measured, predicted, interval, error }) => [
            setting,
            String(batchSize),
            measured.toFixed(digits),
            predicted.toFixed(digits),
            interval === undefined ? '-' : `${interval.lo.toFixed(digits)}-${interval.hi.toFixed(digits)}`,
            `${error >= 0 ? '+' : ''}${error.toFixed(2)}`,
          ]),
        ),
      ];
    }),
    textTable(
      ['set', 'role', 'points', 'mean error', 'worst'].map(
        (heading, i) => ({ title: heading, align: i < 2 ? 'left' : 'right' }) as const,
      ),
      names.map((name) => {
        const { mean, worst } = errorOf(points, name);
        const count = points.filter((point) => point.set === name).length;
        return [
          name,
          SETS[name].role,
          String(count),
          `${mean.toFixed(2)} ${unit(name)}`,
          `${worst.toFixed(2)} ${unit(name)}`,
        ];
      }),
    ),
    coverageLine(points),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function coverageLine(points: readonly Point[]): string[] {
  const { inside, of, halfWidth } = coverageOf(points);
  if (of === 0) return [];
  return [
    `${inside} of ${of} measured speedups lie in the 95% interval of their prediction; its mean half-width is ${(100 * halfWidth).toFixed(1)}%`,
  ];
}
