/** Fits an engine's times to measured serving figures, on a GPU whose efficiencies are given. */

import type { CalibrationRange, EngineProfile } from '../cost/engine-profile.ts';
import { UserError } from '../errors.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import { grouped } from '../memo.ts';
import { sampleIndices, selectRequests } from '../trace/reshape.ts';
import { closedTpot } from './closed-load.ts';
import {
  ENGINE_TIMES,
  type EngineTime,
  type FittedTime,
  fitTimes,
  timeOf,
  withTimes,
} from './engine-times.ts';
import { gatherInputs, type Inputs } from './inputs.ts';
import type { Library } from './library.ts';
import { completeScenario, type Options } from './options.ts';
import type { Row } from './result.ts';
import { runPoints, runScenario } from './run.ts';
import { errorOf, isShare, predictedBy, type ServingFigure } from './serving-table.ts';

interface ServingMachine {
  /** By name or file, as a scenario names them. */
  readonly gpu: string;
  readonly engine: string;
  /** The GPU with efficiencies that are newer than the file's. */
  readonly hardware?: HardwareProfile;
}

export interface PredictedFigure {
  readonly figure: ServingFigure;
  readonly predicted: number;
  /** Percent of the measured value, or percentage points of a share. */
  readonly error: number;
}

export interface ServingFit {
  readonly times: readonly FittedTime[];
  /** What the fit held them near: fitted again from the profile that is written, the same comes out. */
  readonly from: readonly EngineTime[];
  /** Times that no figure depends on; they stay as the engine profile has them. */
  readonly untouched: readonly string[];
  readonly figures: readonly PredictedFigure[];
  /** The same figures, each predicted by a fit to the others; null where there is nothing to leave out. */
  readonly heldOut: readonly PredictedFigure[] | null;
  /** What was left out at a time. */
  readonly leftOut: string;
  readonly range: CalibrationRange;
}

/** Requests simulated for a figure whose row does not say how many. */
const FEW_REQUESTS = 40;

/** Where a time starts that the engine profile has at zero. */
const SMALLEST_S = 1e-6;

/** What the figures hardly tell stays within about a factor of three of the engine profile. */
const LOOSENESS = 1;

/** Figures of the same settings: one run of the program predicts them at several batch sizes. */
interface Group {
  readonly figures: readonly ServingFigure[];
  readonly inputs: Inputs;
}

const CLOSED_LOADS = new WeakMap<Inputs, ReturnType<typeof closedTpot>>();

/** @throws UserError for settings that do not fit together, too few figures, and a fit that does not converge */
export async function calibrateServing(
  machine: ServingMachine,
  figures: readonly ServingFigure[],
  library: Library,
): Promise<ServingFit> {
  const groups = await groupsOf(machine, figures, library);
  const { inputs } = groups[0]!;
  const start = touchedTimes(groups);
  const fitTo = (of: readonly Group[]): FittedTime[] => {
    try {
      const residuals = (tuned: EngineProfile) =>
        predict(of, tuned).map(({ figure, error }) => error / figure.knownTo);
      return fitTimes(inputs, start, residuals, { looseness: LOOSENESS });
    } catch (error) {
      throw error instanceof UserError ? new UserError(`--serving: ${error.message}`) : error;
    }
  };
  const times = fitTo(groups);
  const touched = start.map(({ time }) => time);
  const { parts, what } = partsOf(groups);
  return {
    times,
    from: start,
    untouched: ENGINE_TIMES.filter((time) => !touched.includes(time)),
    figures: predict(groups, withTimes(inputs, times)),
    heldOut:
      parts.length < 2 || figures.length - Math.max(...parts.map(countOf)) < start.length
        ? null
        : parts.flatMap((left) => {
            const others = parts.filter((part) => part !== left).flat();
            return predict(left, withTimes(inputs, fitTo(others)));
          }),
    leftOut: what,
    range: rangeOf(groups),
  };
}

/** Every figure as the machine predicts it with its own times. */
export async function predictFigures(
  machine: ServingMachine,
  figures: readonly ServingFigure[],
  library: Library,
): Promise<PredictedFigure[]> {
  const groups = await groupsOf(machine, figures, library);
  return predict(groups, groups[0]!.inputs.engine);
}

async function groupsOf(
  { gpu, engine, hardware }: ServingMachine,
  figures: readonly ServingFigure[],
  library: Library,
): Promise<Group[]> {
  const bySettings = grouped(figures, ({ options: { batch: _, ...settings }, load }) =>
    JSON.stringify([load !== undefined, Object.entries(settings).sort()]),
  );
  const groups: Group[] = [];
  for (const own of bySettings.values()) {
    const batch = [...new Set(own.map(batchOf))].sort((a, b) => a - b);
    const options: Options = { method: ['none'], gpu, ...own[0]!.options, batch, engine };
    const inputs = await gatherInputs(completeScenario(options), library).catch((error) => {
      throw atFigure(own[0]!, error);
    });
    const plain = own[0]!.load === undefined ? fewRequests(inputs, options) : inputs;
    const fitted = hardware !== undefined && options.gpu === gpu;
    groups.push({ figures: own, inputs: fitted ? { ...plain, hardware } : plain });
  }
  return groups;
}

function batchOf({ options }: ServingFigure): number {
  return options.batch?.[0] ?? 1;
}

function fewRequests(inputs: Inputs, options: Options): Inputs {
  if (options.requests !== undefined) return inputs;
  return {
    ...inputs,
    traces: inputs.traces.map((trace) =>
      trace.outputTokens.length <= FEW_REQUESTS
        ? trace
        : selectRequests(trace, sampleIndices(trace.outputTokens.length, FEW_REQUESTS, inputs.scenario.seed)),
    ),
  };
}

function predict(groups: readonly Group[], engine: EngineProfile): PredictedFigure[] {
  return groups.flatMap(({ figures, inputs }) => {
    if (figures[0]!.load !== undefined) return figures.map((figure) => predictClosed(figure, inputs, engine));
    const run = inputs.scenario.load === 'clones' ? runPoints : runScenario;
    const { rows } = placed(figures[0]!, () => run({ ...inputs, engine }));
    const byBatch = new Map<number | null, Row>(rows.map((row) => [row.batch_size, row]));
    return figures.map((figure) => {
      const row = byBatch.get(batchOf(figure)) ?? rows[0]!;
      const predicted = predictedBy(figure, row);
      return { figure, predicted, error: errorOf(figure, predicted) };
    });
  });
}

function predictClosed(figure: ServingFigure, inputs: Inputs, engine: EngineProfile): PredictedFigure {
  let tpotS = CLOSED_LOADS.get(inputs);
  if (tpotS === undefined) {
    tpotS = placed(figure, () => closedTpot(inputs));
    CLOSED_LOADS.set(inputs, tpotS);
  }
  const predicted = 1e3 * tpotS(engine, figure.load!);
  return { figure, predicted, error: errorOf(figure, predicted) };
}

function placed<T>(figure: ServingFigure, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw atFigure(figure, error);
  }
}

/** A user error with the file and line of the figure before it; any other error as it is. */
function atFigure({ where }: ServingFigure, error: unknown): unknown {
  return error instanceof UserError ? new UserError(`${where}: ${error.message}`) : error;
}

/** Times that change some prediction, with where each starts. */
function touchedTimes(groups: readonly Group[]): EngineTime[] {
  const { inputs } = groups[0]!;
  const { fittedFrom } = inputs.engine;
  const start = ENGINE_TIMES.map((time) => ({
    time,
    seconds: Math.max(fittedFrom[time] ?? timeOf(inputs, time), SMALLEST_S),
  }));
  const values = (times: typeof start) =>
    predict(groups, withTimes(inputs, times)).map(({ predicted }) => predicted);
  const plain = values(start);
  return start.filter(({ time }) => {
    const doubled = start.map((one) => (one.time === time ? { time, seconds: 2 * one.seconds } : one));
    return values(doubled).some((value, i) => value !== plain[i]);
  });
}

/** Groups by model and parallel size where there are several of either, else by batch size. */
function partsOf(groups: readonly Group[]): { parts: readonly (readonly Group[])[]; what: string } {
  const byModel = split(groups, ({ scenario }) => `${scenario.target} x ${scenario.tp}`);
  if (byModel.length > 1) return { parts: byModel, what: 'one model or parallel size' };
  const byBatch = groups.flatMap(({ figures, inputs }) =>
    [...new Set(figures.map(batchOf))].map((batch) => ({
      inputs: { ...inputs, scenario: { ...inputs.scenario, batch: [batch] } },
      figures: figures.filter((figure) => batchOf(figure) === batch),
    })),
  );
  return { parts: split(byBatch, ({ scenario }) => String(scenario.batch[0])), what: 'one batch size' };
}

function split(groups: readonly Group[], by: (inputs: Inputs) => string): Group[][] {
  return [...grouped(groups, ({ inputs }) => by(inputs)).values()];
}

function countOf(groups: readonly Group[]): number {
  return groups.reduce((sum, { figures }) => sum + figures.length, 0);
}

/** Of the figures that drafted, where any did: what plain decoding tells beyond them tells nothing of speculation there. */
function rangeOf(all: readonly Group[]): CalibrationRange {
  const drafting = all.filter(({ inputs }) => inputs.methods.some(({ kind }) => kind !== 'none'));
  const groups = drafting.length > 0 ? drafting : all;
  const scenarios = groups.map(({ inputs }) => inputs.scenario);
  const loads = groups.flatMap(({ figures }) => figures.flatMap(({ load }) => load ?? []));
  const traces = groups.flatMap(({ figures, inputs }) => (figures[0]!.load ? [] : [...inputs.traces]));
  const span = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];
  return {
    batch: span(scenarios.flatMap(({ batch }) => batch)),
    context: span([
      ...loads.flatMap(({ promptTokens, outputTokens }) => [promptTokens, promptTokens + outputTokens]),
      ...traces.flatMap(({ promptTokens, outputTokens }) => [
        Math.min(...promptTokens),
        Math.max(...promptTokens.map((prompt, r) => prompt + outputTokens[r]!)),
      ]),
    ]),
    drafted: [0, Math.max(0, ...drafting.flatMap(({ inputs }) => inputs.scenario.k))],
    tp: span(scenarios.map(({ tp }) => tp)),
    dtypes: [...new Set(scenarios.map(({ dtype }) => dtype))],
  };
}

/** The JSON of an engine profile with the fitted times in place of its own, and where they come from. */
export function withFittedTimes(
  profile: Readonly<Record<string, unknown>>,
  fit: ServingFit,
  { device, source, date }: { readonly device: string; readonly source: string; readonly date: string },
): Record<string, unknown> {
  const { calibration, ...rest } = profile as {
    calibration?: { engine: string; standardErrors: Record<string, number> };
    [key: string]: unknown;
  };
  const written: Record<string, unknown> = { ...rest };
  const standardErrors = { ...calibration?.standardErrors };
  for (const { time, seconds, standardError } of fit.times) {
    const [outer, inner] = time.split('.') as [string, string?];
    const quantity = {
      value: Number(seconds.toPrecision(4)),
      unit: 's',
      source: `specsim calibrate, ${date}: ${source}`,
    };
    written[outer] =
      inner === undefined ? quantity : { ...(written[outer] as object | undefined), [inner]: quantity };
    standardErrors[time] = Number(standardError.toPrecision(2));
  }
  return {
    ...written,
    calibration: {
      engine: calibration?.engine ?? String(rest.label),
      device,
      date,
      sources: [source],
      range: fit.range,
      error:
        fit.heldOut === null
          ? `mean ${errorText(fit.figures)} on ${fit.figures.length} figures, none left out`
          : `mean ${errorText(fit.figures)} on ${fit.figures.length} figures; ${errorText(fit.heldOut)} with ${fit.leftOut} left out`,
      standardErrors,
      correlations: correlationsOf(fit.times),
      fittedFrom: Object.fromEntries(
        fit.from.map(({ time, seconds }) => [time, Number(seconds.toPrecision(4))]),
      ),
    },
  };
}

/** Each pair once; those that hardly go together are left out. */
function correlationsOf(times: readonly FittedTime[]): Record<string, Record<string, number>> {
  const pairs = times.flatMap(({ time, correlations }, i) => {
    const others = times
      .slice(i + 1)
      .map((other, j): [string, number] => [other.time, Number(correlations[i + 1 + j]!.toFixed(2))])
      .filter(([, value]) => Math.abs(value) >= 0.05);
    return others.length === 0 ? [] : [[time, Object.fromEntries(others)] as const];
  });
  return Object.fromEntries(pairs);
}

/** Mean sizes of errors, in percent of what was measured and in points of shares. */
export function errorText(figures: readonly PredictedFigure[]): string {
  const mean = (of: readonly PredictedFigure[], digits: number, unit: string) =>
    of.length === 0
      ? []
      : [`${(of.reduce((sum, { error }) => sum + Math.abs(error), 0) / of.length).toFixed(digits)}${unit}`];
  const shares = figures.filter(({ figure }) => isShare(figure.measure));
  const others = figures.filter(({ figure }) => !isShare(figure.measure));
  return [...mean(others, 2, '%'), ...mean(shares, 2, ' points')].join(' and ');
}
