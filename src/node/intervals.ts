/**
 * Whether intervals hold what was measured: on the calibrated spot, and away from it by target and engine; there also
 * with the classes of trust.ts fitted without the target and engine that they are judged on.
 */
import { grouped } from '../memo.ts';
import {
  type Document,
  type Format,
  fixed,
  type Section,
  sentence,
  table,
  WHOLE,
  within,
} from '../report/document.ts';
import { TRUST_CLASSES } from '../scenario/trust.ts';
import { type ClassSizes, deviationOf, fitClasses, type Judged, logError } from './class-fit.ts';
import { type OffSpotPoint, offSpotPoints } from './off-spot.ts';
import { errorSizes, type Point } from './validation.ts';

/** Predictions of one target and engine, and how many of the measured values lie inside. */
export interface Coverage {
  readonly target: string;
  readonly engine: string;
  readonly speedups: number;
  /** Mean size of the errors, percent. */
  readonly error: number;
  readonly inside: number;
  /** With classes fitted to the others. */
  readonly held_out_inside: number;
  /** Mean, relative; of the 95 % interval. */
  readonly half_width: number;
}

/** Share of measured values inside intervals that should hold so many. */
export interface Reliability {
  readonly nominal: number;
  readonly spot: number | null;
  readonly off_spot: number;
  readonly held_out: number;
  /** Standard error of that share: errors of one target, engine and method go together. */
  readonly standard_error: number;
}

export interface FittedClass {
  readonly title: string;
  readonly speedup: number;
  readonly speed: number;
  /** What the speedups say; null for a class that none is in. */
  readonly fitted: number | null;
  readonly from: string;
}

export interface Intervals {
  readonly coverage: readonly Coverage[];
  readonly reliability: readonly Reliability[];
  readonly classes: readonly FittedClass[];
}

/** Half-widths of nominal intervals in standard deviations. */
const NOMINAL = [
  [0.5, 0.674],
  [0.8, 1.282],
  [0.95, 1.96],
] as const;

const SHIPPED: ClassSizes = new Map(TRUST_CLASSES.map(({ name, speedup }) => [name, speedup]));

/** A set that says by itself what it is. */
export interface ValidatedSet {
  readonly sections: Document;
  /** Its line among the sets of the JSON, and its points among the rows. */
  readonly summary: object;
  readonly rows: readonly object[];
}

export const OFF_SPOT = 'off-spot';

/** @param alone whether nothing else is shown, so that there is room for every point */
export async function offSpot(spot: readonly Point[], alone: boolean): Promise<ValidatedSet> {
  const points = await offSpotPoints();
  const intervals = intervalsOf(points, spot);
  return {
    sections: [...(alone ? [pointsSection(points)] : []), ...intervalSections(intervals)],
    summary: {
      set: OFF_SPOT,
      title: 'speedups of other methods, targets and engines',
      role: 'validation',
      error_unit: 'percent',
      points: points.filter(({ calibrates }) => !calibrates).length,
      ...errorSizes(points.filter(({ calibrates }) => !calibrates)),
      ...intervals,
    },
    rows: points.map(({ batchSize, interval, calibrates, classes: _, ...point }) => ({
      set: OFF_SPOT,
      role: calibrates ? 'calibration' : 'validation',
      ...point,
      batch_size: batchSize,
      predicted_lo: interval.lo,
      predicted_hi: interval.hi,
    })),
  };
}

/** @param spot points of the calibrated spot; those without an interval are passed over */
export function intervalsOf(offSpot: readonly OffSpotPoint[], spot: readonly Point[]): Intervals {
  const judged = offSpot.filter(({ calibrates }) => !calibrates);
  const groups = [...grouped(judged, ({ target, engine }) => `${target} ${engine}`).values()].map((own) => ({
    own,
    sizes: fitClasses(judged.filter((point) => !own.includes(point))),
  }));
  const onSpot = spot.flatMap(({ uncertainty, measured, predicted }): Judged[] =>
    uncertainty === undefined ? [] : [{ measured, predicted, uncertainty, classes: [] }],
  );
  const fitted = fitClasses(judged);
  return {
    coverage: groups.map(({ own, sizes }) => ({
      target: own[0]!.target,
      engine: own[0]!.engine,
      speedups: own.length,
      error: mean(own.map(({ error }) => Math.abs(error))),
      inside: own.filter(({ measured, interval: { lo, hi } }) => lo <= measured && measured <= hi).length,
      held_out_inside: insideOf(own, sizes, 1.96),
      half_width: mean(own.map(({ predicted, interval: { lo, hi } }) => (hi - lo) / (2 * predicted))),
    })),
    reliability: NOMINAL.map(([nominal, z]) => ({
      nominal,
      spot: onSpot.length === 0 ? null : insideOf(onSpot, SHIPPED, z) / onSpot.length,
      off_spot: insideOf(judged, SHIPPED, z) / judged.length,
      ...shareOf(
        groups.flatMap(({ own, sizes }) =>
          [...grouped(own, ({ method }) => method).values()].map((study) => ({
            of: study.length,
            inside: insideOf(study, sizes, z),
          })),
        ),
      ),
    })),
    classes: TRUST_CLASSES.map(({ name, title, speedup, speed, from }) => ({
      title,
      speedup,
      speed,
      fitted: fitted.get(name) ?? null,
      from,
    })),
  };
}

/** The share inside, and how well so many studies know it, within each of which errors go one way. */
function shareOf(studies: readonly { readonly of: number; readonly inside: number }[]) {
  const all = studies.reduce((sum, { of }) => sum + of, 0);
  const share = studies.reduce((sum, { inside }) => sum + inside, 0) / all;
  const squares = studies.reduce((sum, { of, inside }) => sum + (inside - share * of) ** 2, 0);
  return {
    held_out: share,
    standard_error: Math.sqrt((squares * studies.length) / (studies.length - 1)) / all,
  };
}

function insideOf(points: readonly Judged[], sizes: ClassSizes, z: number): number {
  return points.filter((point) => Math.abs(logError(point)) <= z * deviationOf(point, sizes)).length;
}

function pointsSection(points: readonly OffSpotPoint[]): Section {
  return [
    table(points, [
      { title: 'target', cell: ({ target }) => target },
      { title: 'engine', cell: ({ engine }) => engine },
      { title: 'setting', cell: ({ setting }) => setting },
      { title: 'batch', as: WHOLE, cell: ({ batchSize }) => batchSize },
      { title: 'measured', as: fixed(3), cell: ({ measured }) => measured },
      {
        title: 'predicted (95%)',
        as: fixed(3),
        cell: ({ predicted, interval: { lo, hi } }) => within(predicted, lo, hi),
      },
      { title: 'error %', as: { ...fixed(2), signed: true }, cell: ({ error }) => error },
      { title: '', cell: ({ calibrates }) => (calibrates ? 'calibration' : '') },
    ]),
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const PERCENT: Format = { ...fixed(1), unit: '%' };
const SHARE: Format = { form: 'fixed', digits: 1, times: 100, unit: '%' };
const WHOLE_SHARE: Format = { ...SHARE, digits: 0 };
const POINTS: Format = { ...WHOLE_SHARE, unit: ' points' };

export function intervalSections({ coverage, reliability, classes }: Intervals): Document {
  const all = coverage.reduce((sum, { speedups }) => sum + speedups, 0);
  const inside = coverage.reduce((sum, one) => sum + one.inside, 0);
  const heldOut = coverage.reduce((sum, one) => sum + one.held_out_inside, 0);
  const width = coverage.reduce((sum, one) => sum + one.half_width * one.speedups, 0) / all;
  const groups: Section = [
    sentence(
      'off-spot: speedups of other methods, targets and engines that nothing was fitted to (validation)',
    ),
    table(coverage, [
      { title: 'target', cell: ({ target }) => target },
      { title: 'engine', cell: ({ engine }) => engine },
      { title: 'speedups', as: WHOLE, cell: ({ speedups }) => speedups },
      { title: 'mean error', as: PERCENT, cell: ({ error }) => error },
      { title: 'inside 95%', as: WHOLE, cell: (one) => one.held_out_inside },
      { title: 'as shipped', as: WHOLE, cell: (one) => one.inside },
      { title: 'half-width', as: SHARE, cell: (one) => one.half_width },
    ]),
    sentence(
      `${heldOut} of ${all} lie in the 95% interval of their prediction, the classes below fitted without their target and engine; ${inside} as the classes ship, fitted to them all; mean half-width ${(100 * width).toFixed(1)}%`,
    ),
  ];
  return [
    groups,
    [
      sentence('share of measured speedups in intervals that should hold so many'),
      table(reliability, [
        { title: 'nominal', as: WHOLE_SHARE, cell: ({ nominal }) => nominal },
        { title: 'calibrated spot', as: WHOLE_SHARE, cell: ({ spot }) => spot },
        { title: 'off-spot, held out', as: WHOLE_SHARE, cell: (one) => one.held_out },
        { title: 'known to', as: POINTS, cell: (one) => one.standard_error },
        { title: 'as shipped', as: WHOLE_SHARE, cell: (one) => one.off_spot },
      ]),
      sentence(
        'known to: one standard error; errors of one target, engine and method go one way, and count as one study',
      ),
    ],
    [
      sentence('what distance and acceptance add to an interval, one standard deviation'),
      table(classes, [
        { title: 'class', cell: ({ title }) => title },
        { title: 'speedup', as: SHARE, cell: ({ speedup }) => speedup },
        { title: 'speed', as: SHARE, cell: ({ speed }) => speed },
        { title: 'fitted', as: SHARE, cell: ({ fitted }) => fitted },
        { title: 'from', cell: ({ from }) => from },
      ]),
    ],
  ];
}
