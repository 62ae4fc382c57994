/** Kinds of values: what is accepted, as JSON has it (16, [1, 16]) or as a flag has it ("16", "1,16"), and how a form asks. */
import * as z from 'zod/mini';
import type { CostName } from '../cost/models.ts';
import { LOAD_FORMS, parseLoad } from './load.ts';

/** What a form asks a value with. */
export type Control =
  | { readonly kind: 'pick'; readonly values: readonly string[] }
  /** A name of those that `specsim list` has, or a file. */
  | {
      readonly kind: 'name';
      readonly of: 'gpu' | 'engine' | 'model' | 'method' | 'policy' | 'trace' | 'workload';
    }
  | { readonly kind: 'number'; readonly least: number; readonly most: number; readonly whole: boolean }
  | { readonly kind: 'text'; readonly form: string }
  /** Values by name; `form` is how a flag writes one. */
  | { readonly kind: 'pairs'; readonly form: string }
  | { readonly kind: 'switch' };

/** @typeParam T what a checked value is */
export interface Kind<T> {
  readonly schema: z.ZodMiniType<T>;
  /** One value unless said. `pairs`: values by name, each an axis of its own in a grid. */
  readonly holds?: 'list' | 'pairs' | 'switch';
  readonly control: Control;
}

/** A number where a flag has its digits. */
const number = (pattern: RegExp, schema: z.ZodMiniNumber) =>
  z.pipe(
    z.transform((value) => (typeof value === 'string' && pattern.test(value.trim()) ? Number(value) : value)),
    schema,
  );

const wholeError =
  (least: number, most: number) =>
  ({ input }: { readonly input?: unknown }): string =>
    Number(input) > most
      ? `a whole number of at most ${most}`
      : typeof input === 'string' && input.includes('..')
        ? 'a range from the smaller to the larger number, such as 1..64'
        : `a whole number of at least ${least}`;

export const whole = (least: number, most: number): Kind<number> => {
  const error = wholeError(least, most);
  return {
    schema: number(/^[+-]?\d+$/, z.int({ error }).check(z.gte(least, { error }), z.lte(most, { error }))),
    control: { kind: 'number', least, most, whole: true },
  };
};

export const amount = (least: number, most: number): Kind<number> => {
  const error = `a number from ${least} to ${most}`;
  const schema = z.number({ error }).check(z.gte(least, { error }), z.lte(most, { error }));
  return { schema: number(/./, schema), control: { kind: 'number', least, most, whole: false } };
};

/** Characters of a name, a path or a text. */
const LONGEST = 4096;

const written = (error: string) =>
  z.string({ error }).check(z.maxLength(LONGEST, { error }), z.trim(), z.minLength(1, { error }));

export const name = (of: Extract<Control, { kind: 'name' }>['of']): Kind<string> => ({
  schema: written('a name or a file'),
  control: { kind: 'name', of },
});

export const text = (form: string): Kind<string> => ({
  schema: written('a name or a file'),
  control: { kind: 'text', form },
});

/** A number of tokens, or a distribution of it. */
export const lengths = (most: number): Kind<number | string> => {
  const form = `a whole number from 1 to ${most}, or lognormal:MEAN,CV, CV from above 0 to 10`;
  const { schema, control } = whole(1, most);
  const error = ({ input }: { readonly input?: unknown }) =>
    /^[a-z]/i.test(String(input)) ? form : wholeError(1, most)({ input });
  const spread = z.string({ error }).check(z.refine((text) => parseLognormal(text) !== null, { error }));
  return { schema: z.union([schema, spread], { error }), control };
};

/** `lognormal:MEAN,CV`; null for anything else. */
export function parseLognormal(text: string): { readonly mean: number; readonly cv: number } | null {
  const [, mean, cv] = /^lognormal:(\d+\.?\d*),(\d*\.?\d+)$/.exec(text.trim()) ?? [];
  const parsed = { mean: Number(mean), cv: Number(cv) };
  return parsed.mean >= 1 && parsed.mean <= 1e6 && parsed.cv > 0 && parsed.cv <= 10 ? parsed : null;
}

export const oneOf = <const T extends string>(values: readonly T[]): Kind<T> => ({
  schema: z.enum(values, { error: `one of ${values.join(', ')}` }),
  control: { kind: 'pick', values },
});

/** A cost model that ships, or a table in a file. */
export const costName = (shipped: readonly string[]): Kind<CostName> => {
  const form = `one of ${shipped.join(', ')}, or table:FILE`;
  const named = z.regex(new RegExp(`^(${shipped.join('|')}|table:.+)$`), { error: form });
  return {
    schema: z.string({ error: form }).check(named) as z.ZodMiniType<
      CostName,
      unknown
    > as Kind<CostName>['schema'],
    control: { kind: 'text', form: `${shipped.join(', ')} or table:FILE` },
  };
};

export const flag: Kind<boolean> = {
  schema: z.boolean({ error: 'true or false' }),
  holds: 'switch',
  control: { kind: 'switch' },
};

export const load: Kind<string> = {
  schema: z.string({ error: LOAD_FORMS }).check(
    z.refine((value) => parseLoad(value) !== null, {
      error: ({ input }) =>
        /^workload\b/.test(String(input))
          ? '--workload FILE and no --load: its requests then arrive as recorded'
          : LOAD_FORMS,
    }),
  ),
  control: { kind: 'text', form: LOAD_FORMS },
};

/**
 * Values that differ, since rows that are equal tell nothing.
 *
 * @param items what a flag's item between two commas stands for
 */
export const list = <T>(
  { schema, control }: Kind<T>,
  items = (item: string): unknown[] => [item],
): Kind<T[]> => ({
  schema: z.pipe(
    z.transform((value) =>
      typeof value === 'string' ? value.split(',').flatMap(items) : Array.isArray(value) ? value : [value],
    ),
    z.array(schema, { error: 'a list' }).check(
      z.minLength(1, { error: 'a list of at least one' }),
      z.refine((values) => new Set(values).size === values.length, { error: 'each value once' }),
    ),
  ),
  holds: 'list',
  control,
});

/** Sequences at once, or tokens of context: far beyond what any server holds. */
const MOST_SIZE = 1_000_000;

/** A list in which 1..256 stands for the powers of two between, and 8k for 8 x 1024. */
/** A list in which 1..8 stands for every number between. */
export const counts: (of: Kind<number>) => Kind<number[]> = (of) => list(of, between);

function between(item: string): (string | number)[] {
  const [, from, to] = /^\s*(\d{1,6})\.\.(\d{1,6})\s*$/.exec(item) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (!(first <= last) || last - first > 1000) return [item];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

export const sizes: Kind<number[]> = list(whole(1, MOST_SIZE), doublings);

function doublings(item: string): (string | number)[] {
  const plain = item.replace(/^\s*(\d+)k\s*$/i, (_, thousands) => String(1024 * Number(thousands)));
  const [, from, to] = /^\s*(\d+k?)\.\.(\d+k?)\s*$/i.exec(item) ?? [];
  if (from === undefined || to === undefined) return [plain];
  const [first, last] = [Number(doublings(from)[0]), Number(doublings(to)[0])];
  // Not a range of sizes: left as written, for the check that follows to refuse.
  if (first < 1 || last < first) return [item];
  const steps = Math.floor(Math.log2(last / first));
  const doubled = Array.from({ length: steps + 1 }, (_, i) => first * 2 ** i);
  return doubled.at(-1) === last ? doubled : [...doubled, last];
}

/** @param sorted by name, so that their order makes no other scenario */
export const pairs = (form: string, sorted = false): Kind<Record<string, string>> => {
  const value = z.union([z.string().check(z.maxLength(LONGEST)), z.pipe(z.number(), z.transform(String))], {
    error: form,
  });
  const values = z.record(z.string(), value, { error: form });
  return {
    schema: sorted
      ? z.pipe(
          values,
          z.transform((of) => Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)))),
        )
      : values,
    holds: 'pairs',
    control: { kind: 'pairs', form },
  };
};
