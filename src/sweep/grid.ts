/**
 * A grid: a scenario whose keys may hold several values. Its points are the scenarios of every combination, each
 * with one method, k, batch and trace. A key that changes nothing for a point is set to its default there, so
 * that combinations which differ in it alone are one point: `none` has no k, an open load no batch.
 */
import { type Method, parseMethod } from '../drafter/methods.ts';
import { shown, UserError } from '../errors.ts';
import { OPTION_NAMES, OPTIONS } from '../scenario/option-table.ts';
import {
  completeScenario,
  DEFAULTS,
  type OptionName,
  optionOf,
  parseOptions,
  type Scenario,
} from '../scenario/options.ts';
import type { Asked } from '../scenario/scenario.ts';

/** A value of an axis; null where the axis changes nothing for the point. */
export type AxisValue = string | number | boolean | null;

export interface Point {
  /** A scenario of one method, k, policy, batch and trace. */
  readonly scenario: Scenario;
  /** The value of every axis, by its path: `batch`, `set.hardware.memoryBandwidth`. */
  readonly axes: Readonly<Record<string, AxisValue>>;
}

interface Axis {
  /** The scenario key, and the name within it for `set` and `acceptance`. */
  readonly key: OptionName;
  readonly inner: string | null;
  readonly isList: boolean;
  readonly values: readonly unknown[];
}

/** A grid, or a range of it, of more than this is split: each point takes two kilobytes before it begins. */
export const MOST_POINTS = 200_000;

/** Points that a worker finishes in a second, of few requests (docs/benchmarks.md). */
export const USUAL_PER_S = 700;

/**
 * Expands a grid, the last key of the file running fastest.
 *
 * @param grid scenario keys; a value, a list of values, or a range
 * @param where the file, for errors
 * @throws UserError for an unknown key, a bad value, or a key that changes nothing for any point
 */
export function expandGrid(grid: unknown, where: string): Point[] {
  if (!isObject(grid)) {
    throw new UserError(`${where}: expected an object with scenario keys, such as {"batch": [1, 8]}`);
  }
  const { $schema: _, ...keys } = grid;
  const axes = Object.entries(keys).flatMap(([key, value]) => axesOf(key, value, where));
  const given = new Set(axes.map(({ key }) => key));
  for (const key of OPTION_NAMES) {
    if (given.has(key) || OPTIONS[key].holds !== 'list') continue;
    axes.push({ key, inner: null, isList: true, values: DEFAULTS[key] as readonly unknown[] });
  }
  const total = axes.reduce((product, { values }) => product * values.length, 1);
  if (total > MOST_POINTS) {
    const hours = total / USUAL_PER_S / 3600;
    throw new UserError(
      `${where}: ${total} combinations, about ${hours.toFixed(1)} hours of a worker, expected at most ${MOST_POINTS}; split the grid`,
    );
  }
  const points = new Map<string, Point>();
  const used = new Set<Axis>();
  const chosen = axes.map(({ values }) => values[0]);
  const named = axes.find(({ key }) => key === 'method')!.values as readonly string[];
  const varying = axes.filter(({ values }) => values.length > 1);
  const methods = new Map(named.map((name) => [name, parseMethod(name)]));
  for (let combination = 0; combination < total; combination++) {
    let rest = combination;
    for (let a = axes.length - 1; a >= 0; a--) {
      const { values } = axes[a]!;
      chosen[a] = values[rest % values.length];
      rest = Math.floor(rest / values.length);
    }
    const point = pointOf(axes, chosen, methods, used);
    const key = keyOf(point.scenario, varying);
    if (!points.has(key)) points.set(key, point);
  }
  const idle = axes.find((axis) => given.has(axis.key) && !used.has(axis));
  if (idle !== undefined) {
    throw new UserError(
      `${where}: ${nameOf(idle)}: has no effect on any point, expected a method, load or cost that it changes`,
    );
  }
  return [...points.values()];
}

function axesOf(key: string, value: unknown, where: string): Axis[] {
  const name = optionOf(key, `${where}: ${key}`);
  const { holds } = OPTIONS[name];
  if (holds === 'pairs' && isObject(value)) {
    return Object.entries(value).map(([inner, held]) => ({
      key: name,
      inner,
      isList: false,
      values: valuesOf(held, `${where}: ${key}.${inner}`).map((one) => {
        const parsed = parseOptions({ [name]: { [inner]: one } }, () => `${where}: ${key}.${inner}`);
        return (parsed[name] as Record<string, string>)[inner];
      }),
    }));
  }
  const items = valuesOf(value, `${where}: ${key}`);
  const values = items.flatMap((item) => {
    const parsed = parseOptions({ [name]: item }, () => `${where}: ${key}`)[name] ?? null;
    return holds === 'list' ? [...(parsed as readonly unknown[])] : [parsed];
  });
  return [{ key: name, inner: null, isList: holds === 'list', values: [...new Set(values)] }];
}

/** A list's elements, ranges among them written out. */
function valuesOf(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) {
    if (value.length === 0) throw new UserError(`${where}: got [], expected at least one value`);
    return value.flatMap((item) => (isObject(item) ? rangeValues(item, where) : [item]));
  }
  return isObject(value) ? rangeValues(value, where) : [value];
}

/** {from, to, step} counts up or down by adding, {from, to, times} by multiplying; `to` is included when met. */
function rangeValues(range: Readonly<Record<string, unknown>>, where: string): number[] {
  const { from, to, step, times, ...others } = range;
  const bad = (why: string) =>
    new UserError(
      `${where}: got ${shown(range)}, ${why}, expected a range such as {"from": 1, "to": 128, "times": 2} or {"from": 1, "to": 5, "step": 1}`,
    );
  const numbers = [from, to, step ?? times];
  if (Object.keys(others).length > 0) throw bad(`which has ${Object.keys(others)[0]}`);
  if ((step === undefined) === (times === undefined)) throw bad('which needs one of step and times');
  if (!numbers.every((number) => typeof number === 'number' && Number.isFinite(number))) {
    throw bad('whose parts are not all numbers');
  }
  const [first, last, by] = numbers as [number, number, number];
  const grows = step === undefined ? by > 1 : by > 0;
  if (step === undefined ? by <= 0 || by === 1 || first <= 0 || last <= 0 : by === 0) {
    throw bad('which never gets there');
  }
  if (grows ? first > last : first < last) throw bad('which never gets there');
  const values: number[] = [];
  for (let i = 0; ; i++) {
    // Rounded, so that 0.1 + 2 x 0.1 is written 0.3 and meets the end.
    const value = Number((step === undefined ? first * by ** i : first + by * i).toPrecision(12));
    if (grows ? value > last : value < last) return values;
    if (values.length >= MOST_POINTS) throw bad(`which has more than ${MOST_POINTS} values`);
    values.push(value);
  }
}

function pointOf(
  axes: readonly Axis[],
  chosen: readonly unknown[],
  methods: ReadonlyMap<string, Method>,
  used: Set<Axis>,
): Point {
  const options: Record<string, unknown> = {};
  for (const [a, { key, inner, isList }] of axes.entries()) {
    const value = isList ? [chosen[a]] : chosen[a];
    if (inner !== null) options[key] = { ...(options[key] as object), [inner]: value };
    else if (value !== null) options[key] = value;
  }
  const whole = completeScenario(options);
  const asked: Asked = {
    methods: [methods.get(whole.method[0]!)!],
    billed: whole.load !== 'clones',
    schedules: false,
  };
  const effective: Record<string, unknown> = { ...whole };
  const idle = new Set<Axis>();
  // What has no effect goes back to its default, and with it what acts beside it alone.
  for (let known = -1; known < idle.size; ) {
    known = idle.size;
    for (const axis of axes) {
      const { key, inner, isList } = axis;
      if (idle.has(axis)) continue;
      if ((OPTIONS[key].idle?.(effective as unknown as Scenario, asked, inner) ?? null) === null) continue;
      idle.add(axis);
      if (inner === null) effective[key] = isList ? (DEFAULTS[key] as unknown[]).slice(0, 1) : DEFAULTS[key];
    }
  }
  Object.assign(effective, NO_PAIRS);
  const values: Record<string, AxisValue> = {};
  for (const [a, axis] of axes.entries()) {
    const { key, inner } = axis;
    const acting = !idle.has(axis);
    if (acting) used.add(axis);
    if (axis.values.length > 1) values[nameOf(axis)] = acting ? (chosen[a] as AxisValue) : null;
    if (inner !== null && acting) effective[key] = { ...(effective[key] as object), [inner]: chosen[a] };
  }
  const set = Object.entries(effective.set as Record<string, string>).sort(([a], [b]) => (a < b ? -1 : 1));
  return { scenario: { ...effective, set: Object.fromEntries(set) } as unknown as Scenario, axes: values };
}

/** What sets a point of a grid apart, a fraction of its scenario: a million of these are held at once. */
function keyOf(scenario: Scenario, varying: readonly Axis[]): string {
  return JSON.stringify(
    varying.map(({ key, inner }) =>
      inner === null ? scenario[key] : (scenario[key] as Readonly<Record<string, unknown>>)[inner],
    ),
  );
}

const NO_PAIRS = Object.fromEntries(
  OPTION_NAMES.filter((name) => OPTIONS[name].holds === 'pairs').map((name) => [name, {}]),
);

function nameOf({ key, inner }: Axis): string {
  return inner === null ? key : `${key}.${inner}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
