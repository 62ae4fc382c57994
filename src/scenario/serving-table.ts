/** Tables of measured serving figures: a row a figure, its columns the keys of a scenario (docs/calibration.md). */
import { readSheet, type SheetRow } from '../cost/calibration/sheet.ts';
import { UserError, unknownName } from '../errors.ts';
import type { ClosedLoad } from './closed-load.ts';
import { type Options, parseOptions } from './options.ts';
import type { Row } from './result.ts';

/** What may be measured, by its name in a table, which says the unit. */
const MEASURES = {
  step_ms: ({ step_ms: step }: Row) =>
    step === null ? null : step.draft + step.verify + step.sampling + step.overhead,
  draft_ms: ({ step_ms: step }: Row) => step?.draft ?? null,
  verify_ms: ({ step_ms: step }: Row) => step?.verify ?? null,
  sampling_ms: ({ step_ms: step }: Row) => step?.sampling ?? null,
  overhead_ms: ({ step_ms: step }: Row) => step?.overhead ?? null,
  tpot_ms: (row: Row) => {
    const step = MEASURES.step_ms(row);
    return step === null || row.tokens_per_round === null ? null : step / row.tokens_per_round;
  },
  throughput_tok_per_s: (row: Row) => row.throughput_tok_per_s,
  speedup: (row: Row) => row.speedup,
  tpot_ratio: (row: Row) => row.tpot_ratio ?? null,
  // A step that drafts over a plain one: acceptance and prompts cancel.
  step_ratio: ({ tokens_per_round: length, decode_speedup: speedup }: Row) =>
    length === null || speedup === null ? null : length / speedup,
  draft_percent: ({ time_share: time }: Row) => 100 * time.draft,
  // Studies count the prompts' pass as verification.
  verify_percent: ({ time_share: time }: Row) => 100 * (time.verify + time.prefill),
  sampling_percent: ({ time_share: time }: Row) => 100 * time.sampling,
  overhead_percent: ({ time_share: time }: Row) => 100 * time.overhead,
} as const;

type MeasureName = keyof typeof MEASURES;

/** What a figure is taken to be known to when its row does not say: percent, and points of a share. */
const KNOWN_TO = { percent: 3, points: 1 };

/** Columns that are not keys of a scenario. */
const OWN_COLUMNS = ['measure', 'value', 'known_to'];

/** Keys that the command decides, for all rows alike. */
const DECIDED = ['gpu', 'engine', 'cost', 'seed', 'set'];

export interface ServingFigure {
  readonly measure: MeasureName;
  readonly value: number;
  readonly knownTo: number;
  /** Settings of the row, without what the command decides. */
  readonly options: Options;
  /** A closed load in its steady state, whose TPOT is the figure; else the row is a run of the program. */
  readonly load?: ClosedLoad;
  /** File and line. */
  readonly where: string;
}

interface ServingTable {
  readonly figures: readonly ServingFigure[];
  readonly comments: ReadonlyMap<string, string>;
}

/** @throws UserError with file and line, for columns, measures and settings that are not what they should be */
export function readServing(text: string, file: string): ServingTable {
  const sheet = readSheet(text, file);
  const missing = ['measure', 'value'].filter((column) => !sheet.columns.includes(column));
  if (missing.length > 0) {
    throw new UserError(
      `${file}: missing column ${missing.join(', ')}, expected measure, value and keys of a scenario`,
    );
  }
  const decided = sheet.columns.find((column) => DECIDED.includes(column));
  if (decided !== undefined) {
    throw new UserError(`${file}: column ${decided}: calibrate decides it for all rows, expected none`);
  }
  const settings = sheet.columns.filter((column) => !OWN_COLUMNS.includes(column));
  const figures = [...sheet.rows()].map((row): ServingFigure => {
    const where = `${file}, line ${row.line}`;
    const measure = row.text('measure');
    if (!Object.hasOwn(MEASURES, measure)) {
      throw unknownName(`measure in ${where},`, measure, Object.keys(MEASURES));
    }
    const options = optionsOf(row, settings, where);
    return {
      measure: measure as MeasureName,
      value: row.positive('value'),
      knownTo:
        (sheet.columns.includes('known_to') ? row.optional('known_to') : null) ?? defaultKnownTo(measure),
      options,
      where,
    };
  });
  if (figures.length === 0) throw new UserError(`${file}: has no rows, expected measured figures`);
  return { figures, comments: sheet.comments };
}

/** Whether errors of a measure are percentage points. */
export function isShare(measure: string): boolean {
  return measure.endsWith('_percent');
}

/** Percent of the measured value, or percentage points for a share. */
export function errorOf({ measure, value }: ServingFigure, predicted: number): number {
  return isShare(measure) ? predicted - value : 100 * (predicted / value - 1);
}

/** What a row of a result says of the figure; throws a UserError where it has no such measure. */
export function predictedBy({ measure, where }: ServingFigure, row: Row): number {
  const predicted = MEASURES[measure](row);
  if (predicted === null) {
    throw new UserError(
      `${where}: ${measure}: the run has no decode step, expected outputs of 2 tokens or more`,
    );
  }
  return predicted;
}

function defaultKnownTo(measure: string): number {
  return isShare(measure) ? KNOWN_TO.points : KNOWN_TO.percent;
}

function optionsOf(row: SheetRow, settings: readonly string[], where: string): Options {
  const raw: Record<string, unknown> = {};
  for (const column of settings) {
    const written = row.cell(column);
    if (written !== '') raw[column.replaceAll('_', '-')] = written;
  }
  if (raw.acceptance !== undefined) raw.acceptance = acceptanceOf(row, String(raw.acceptance));
  const options = parseOptions(raw, (key) => `${where}: ${key}`);
  if (options.method !== undefined && options.method.length > 1) {
    throw row.error(`method: got ${options.method.join(',')}, expected one a row`);
  }
  for (const key of ['batch', 'k', 'tree', 'trace'] as const) {
    const { length } = options[key] ?? [];
    if (length > 1) throw row.error(`${key}: got ${length} values, expected one a row`);
  }
  return options;
}

function acceptanceOf(row: SheetRow, written: string): Record<string, string> {
  const [, method, spec] = /^([^=]+)=(.+)$/.exec(written) ?? [];
  if (method === undefined)
    throw row.error(`acceptance: got "${written}", expected METHOD=SPEC, such as eagle=0.62`);
  return { [method]: spec! };
}
