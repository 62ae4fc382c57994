/**
 * Quantities with units, as people write them in files, made SI. A number without a unit is refused.
 *
 * GB is 1e9 bytes and GiB is 2^30; bits (Gb) are not bytes (GB).
 */

import * as z from 'zod/mini';
import { UserError, unknownName } from './errors.ts';
import { entry } from './memo.ts';
import { got, validate } from './validate.ts';

export type SiUnit = 'B' | 'B/s' | 'FLOP/s' | 'W' | 's' | 'USD/h';

const examples: Readonly<Record<SiUnit, string>> = {
  B: '80 GB',
  'B/s': '3.35 TB/s',
  'FLOP/s': '989 TFLOP/s',
  W: '700 W',
  s: '5 us',
  'USD/h': '2.5 USD/h',
};

/** What any machine, time or price may be, by far; beyond it arithmetic would leave what is finite. */
const RANGES: Readonly<Record<SiUnit, readonly [least: number, most: number]>> = {
  B: [1e-9, 1e24],
  'B/s': [1e-9, 1e24],
  'FLOP/s': [1e-9, 1e27],
  W: [1e-9, 1e18],
  s: [1e-18, 1e16],
  'USD/h': [1e-9, 1e18],
};

const units = z.registry<{ unit: SiUnit }>();

const SCHEMAS = new Map<SiUnit, ReturnType<typeof makeSchema>>();

/** The zod schema of a quantity: its shape only, since units need a module that is loaded on demand. */
export function quantitySchema(unit: SiUnit): ReturnType<typeof makeSchema> {
  return entry(SCHEMAS, unit, () => makeSchema(unit));
}

function makeSchema(unit: SiUnit) {
  const source = z.string().check(z.minLength(1));
  return z
    .union(
      [
        z.string(),
        z.strictObject({ value: z.number(), unit: z.string(), source: z.optional(source) }),
        z.strictObject({ value: z.string(), source }),
      ],
      { error: (issue) => shapeProblem(issue.input, unit) },
    )
    .check(z.describe(expected(unit)))
    .register(units, { unit });
}

/** The unit of a schema that `quantitySchema` made; undefined for any other. */
export function unitOf(schema: z.ZodMiniType): SiUnit | undefined {
  return units.get(schema)?.unit;
}

export type Quantity = z.output<ReturnType<typeof quantitySchema>>;

/**
 * A quantity in SI.
 *
 * `"3.35 TB/s"`, `{ "value": 3350, "unit": "GB/s", "source": "..." }` and
 * `{ "value": "3.35 TB/s", "source": "..." }` all are 3.35e12 B/s. Units outside the table load a library (unit-factors.ts).
 *
 * @param where file and path of the value, for the error
 * @throws UserError when the unit is missing, unknown or of another dimension, or the number is not positive
 */
export async function parseQuantity(input: unknown, unit: SiUnit, where: string): Promise<number> {
  const quantity = validate(quantitySchema(unit), input, where);
  const text = typeof quantity === 'string' ? quantity : quantity.value;
  const written =
    typeof text === 'number'
      ? { value: text, unit: (quantity as { unit: string }).unit.trim() }
      : splitQuantity(text);
  const fail = (problem: string) => new UserError(`${where}: ${problem}, expected ${expected(unit)}`);
  if (written === null) throw fail(`got ${got(text)}`);
  const asWritten = got(`${written.value} ${written.unit}`);
  if (written.unit === '') throw fail(`missing unit: got ${got(text)}`);
  if (!(written.value > 0)) throw fail(`got ${asWritten}, which is not positive`);
  const factor =
    tableFactor(written.unit, unit) ?? (await import('./unit-factors.ts')).unitFactor(written.unit, unit);
  if (factor === 'unknown') throw fail(`unknown unit ${got(written.unit)}`);
  if (factor === 'other dimension') throw fail(`got ${asWritten}`);
  // 15 digits: 5 us and 5e-6 s are the same number.
  const value = written.unit === unit ? written.value : Number((written.value * factor).toPrecision(15));
  const [least, most] = RANGES[unit];
  if (value >= least && value <= most) return value;
  throw fail(`got ${asWritten}, which is not between ${least} and ${most} ${unit}`);
}

const PREFIXES = [
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
  [1, ''],
  [1e-3, 'm'],
  [1e-6, 'u'],
] as const;

const BINARY = [
  [2 ** 10, 'Ki'],
  [2 ** 20, 'Mi'],
  [2 ** 30, 'Gi'],
  [2 ** 40, 'Ti'],
] as const;

/** Other names of a unit, that take its prefixes, and what one of them is of it. */
const NAMES: readonly (readonly [name: string, unit: SiUnit, factor: number])[] = [
  ['B', 'B', 1],
  ['b', 'B', 1 / 8],
  ['B/s', 'B/s', 1],
  ['b/s', 'B/s', 1 / 8],
  ['bit/s', 'B/s', 1 / 8],
  ['FLOP/s', 'FLOP/s', 1],
  ['FLOPS', 'FLOP/s', 1],
  ['W', 'W', 1],
  ['s', 's', 1],
  ['USD/h', 'USD/h', 1],
];

/** Units without prefixes. */
const OTHERS: Readonly<Record<string, readonly [SiUnit, number]>> = {
  ns: ['s', 1e-9],
  min: ['s', 60],
  minute: ['s', 60],
  minutes: ['s', 60],
  h: ['s', 3600],
  hour: ['s', 3600],
  hours: ['s', 3600],
};

const TABLE = new Map<string, readonly [SiUnit, number]>(Object.entries(OTHERS));
for (const [name, unit, factor] of NAMES) {
  const whole = PREFIXES.filter(([scale]) => scale >= 1);
  const prefixes = unit === 'B' || unit === 'B/s' ? [...whole, ...BINARY] : PREFIXES;
  for (const [scale, prefix] of prefixes) TABLE.set(prefix + name, [unit, scale * factor]);
}

/** From the units that people write; undefined for those that need a library. */
function tableFactor(from: string, to: SiUnit): number | 'other dimension' | undefined {
  const known = TABLE.get(from);
  return known === undefined ? undefined : known[0] === to ? known[1] : 'other dimension';
}

/** A value in SI as people read it: 3.35e12 B/s is `3.35 TB/s`; shares and counts have no unit. */
export function shownQuantity(value: number, unit: SiUnit | null): string {
  const short = (number: number) => String(Number(number.toPrecision(4)));
  if (unit === null) return short(value);
  const [scale, prefix] = PREFIXES.find(([least]) => value >= least) ?? PREFIXES.at(-1)!;
  return `${short(value / scale)} ${prefix}${unit}`;
}

function splitQuantity(text: string): { value: number; unit: string } | null {
  const parts = /^([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)(?!\d)(.*)$/i.exec(text.slice(0, 200).trim());
  const value = Number(parts?.[1]);
  return parts === null || !Number.isFinite(value) ? null : { value, unit: parts[2]!.trim() };
}

function shapeProblem(input: unknown, unit: SiUnit): string {
  if (input === undefined) return `missing, expected ${expected(unit)}`;
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
    const keys = ['value', 'unit', 'source'];
    const unknownKey = Object.keys(input).find((key) => !keys.includes(key));
    if (unknownKey !== undefined) return unknownName('key', unknownKey, keys).message;
    if ('unit' in input && 'value' in input) return `got ${got(input.value)}, expected ${expected(unit)}`;
    if ('value' in input && Number.isFinite(input.value)) {
      return `missing unit: got ${got(input)}, expected ${expected(unit)}`;
    }
  }
  const problem = Number.isFinite(input) ? 'missing unit: got' : 'got';
  return `${problem} ${got(input)}, expected ${expected(unit)}`;
}

function expected(unit: SiUnit): string {
  return `a positive quantity in ${unit} such as "${examples[unit]}"`;
}
