/** Typed access to what a file says, with errors that name file, line and field; and what records share. */
import { shown, UserError } from '../../errors.ts';
import { MAX_DEPTH } from '../../json.ts';
import { got } from '../../validate.ts';
import { MAX_K, meanLengthOf } from '../conventions.ts';
import type { Rates } from '../record.ts';
import type { Provenance } from '../trace.ts';

export type Json = Readonly<Record<string, unknown>>;

/** The largest count taken: beyond it JSON numbers are not exact. */
const MAX_COUNT = Number.MAX_SAFE_INTEGER;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws UserError that tells a text cut off from one that never was JSON, and for values nested without end */
export function parseJson(text: string, at: string): unknown {
  if (tooDeep(text)) throw new UserError(`${at}: json nested more than ${MAX_DEPTH} deep`);
  try {
    return JSON.parse(text);
  } catch {
    const json = text.trim();
    if (json === '') throw new UserError(`${at}: empty, expected a json value`);
    if (json.includes('\0')) throw new UserError(`${at}: bytes that are not UTF-8 text`);
    throw new UserError(
      json.startsWith('{') && !json.endsWith('}')
        ? `${at}: the json object is cut off, its last characters are ${shown(json.slice(-20))}`
        : `${at}: not valid json, starts with ${shown(json.slice(0, 20))}`,
    );
  }
}

/** Whether values are nested without end. */
export function tooDeep(text: string): boolean {
  return nested(text, MAX_DEPTH);
}

/** Whether brackets stand deeper in one another than `depth`. Most texts have too few for that, and are told by counting. */
function nested(text: string, depth: number): boolean {
  let open = 0;
  for (const bracket of ['[', '{']) {
    for (let i = text.indexOf(bracket); i !== -1 && open <= depth; i = text.indexOf(bracket, i + 1)) open++;
  }
  if (open <= depth) return false;
  let level = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (quoted) {
      if (char === 92) i++;
      else if (char === 34) quoted = false;
    } else if (char === 34) quoted = true;
    else if (char === 91 || char === 123) {
      if (++level > depth) return true;
    } else if (char === 93 || char === 125) level--;
  }
  return false;
}

function fail(at: string, field: string, value: unknown, expected: string): UserError {
  return new UserError(
    value === undefined
      ? `${at}: field ${field} is missing, expected ${expected}`
      : `${at}: ${field} is ${got(value)}, expected ${expected}`,
  );
}

export function objectAt(value: unknown, field: string, at: string): Json {
  if (!isObject(value)) throw fail(at, field, value, 'an object');
  return value;
}

export function listAt(value: unknown, field: string, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw fail(at, field, value, 'a list');
  return value;
}

export function numberAt(value: unknown, field: string, at: string, min = 0, max = Number.MAX_VALUE): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw fail(
    at,
    field,
    value,
    max === Number.MAX_VALUE ? `a number of at least ${min}` : `a number ${min} to ${max}`,
  );
}

export function countAt(value: unknown, field: string, at: string, min = 0, max = MAX_COUNT): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw fail(at, field, value, `an integer ${min} to ${max}`);
}

export function countsAt(value: unknown, field: string, at: string, min: number, max: number): number[] {
  const list = listAt(value, field, at);
  list.forEach((item, i) => {
    if (!Number.isInteger(item) || (item as number) < min || (item as number) > max)
      countAt(item, `${field}[${i}]`, at, min, max);
  });
  return list as number[];
}

/** Counts that fit a byte, checked and copied in one go: files have millions of them. */
export function bytesAt(value: unknown, field: string, at: string, min: number, max: number): Uint8Array {
  const list = listAt(value, field, at);
  const bytes = new Uint8Array(list.length);
  for (let i = 0; i < bytes.length; i++) {
    const item = list[i] as number;
    // True of 32-bit integers alone, whatever else a file may hold.
    if ((item | 0) !== item || item < min || item > max) countAt(item, `${field}[${i}]`, at, min, max);
    bytes[i] = item;
  }
  return bytes;
}

/** Shares from 0 to 1 that never grow: P(at least i + 1 accepted). */
export function marginalAt(value: unknown, field: string, at: string): number[] {
  const rates = listAt(value, field, at).map((rate, i) => numberAt(rate, `${field}[${i}]`, at, 0, 1));
  if (rates.length > MAX_K)
    throw new UserError(`${at}: ${field} has ${rates.length} elements, expected at most ${MAX_K}`);
  rates.forEach((rate, i) => {
    if (i > 0 && rate > rates[i - 1]! + 1e-6) {
      throw new UserError(
        `${at}: ${field}[${i}] is ${rate}, expected at most ${rates[i - 1]}, the share that gets one position less far`,
      );
    }
  });
  return rates;
}

/** An object whose keys are integers; null-prototype free, in ascending order. */
export function integerKeyed(
  value: unknown,
  field: string,
  at: string,
  min: number,
  max: number,
): Map<number, number> {
  const map = new Map<number, number>();
  for (const [key, item] of Object.entries(objectAt(value, field, at))) {
    if (!/^\d+$/.test(key) || Number(key) < min || Number(key) > max) {
      throw new UserError(`${at}: ${field} has the key ${shown(key)}, expected integers ${min} to ${max}`);
    }
    map.set(Number(key), numberAt(item, `${field}.${key}`, at));
  }
  return map;
}

export function textAt(value: unknown, field: string, at: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw fail(at, field, value, 'a text');
}

/** A name made of what a file calls a request: text or integer. */
export function idAt(value: unknown, field: string, at: string): string {
  if (Number.isSafeInteger(value)) return String(value);
  return textAt(value, field, at);
}

export function optional<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === undefined || value === null ? null : read(value);
}

/** The last part of a path without its endings. */
export function nameOf(where: string): string {
  const name = where.slice(Math.max(where.lastIndexOf('/'), where.lastIndexOf('\\')) + 1);
  return name.replace(/\.gz$/, '').replace(/\.(jsonl?|csv|parquet|log|ya?ml|prom|txt)$/, '');
}

export function provenanceOf(where: string, source: string, found: Partial<Provenance> = {}): Provenance {
  return {
    source,
    target: found.target ?? 'unknown',
    dataset: found.dataset ?? nameOf(where),
    engine: found.engine ?? null,
    licence: null,
    ...(found.draft !== undefined && { draft: found.draft }),
  };
}

export const NO_RATES: Omit<Rates, 'label'> = {
  method: null,
  k: null,
  rounds: null,
  draftedTokens: null,
  acceptedTokens: null,
  meanLength: null,
  marginal: null,
  roundsWithoutProposal: null,
};

/** Figures are printed to two digits or more; Model-Optimizer takes means this close for the same. */
const SAME = 0.02;
/** Half of the last digit of a share printed to two. */
const ROUNDED = 0.005;

/** What a mean length follows from. */
export const BY_TOTALS = 'its totals, the bonus token counted';

/**
 * A figure that a file states although it follows from others. Where the two differ, one is not what it is taken for:
 * the bonus token counted where it is not, or a mean over requests.
 *
 * @param by what it follows from, for the error
 * @param slack what rounding adds, where a figure is the sum of several
 */
export function checkFollows(
  stated: number | null,
  follows: number,
  field: string,
  at: string,
  by: string,
  slack = 0,
) {
  if (stated !== null && Math.abs(stated - follows) > SAME * Math.max(1, follows) + slack)
    throw new UserError(`${at}: ${field} is ${stated}, expected ${Number(follows.toFixed(4))} by ${by}`);
}

/** Counts of rounds by accepted drafts, which have to add up to the totals. */
export function checkHistogram(
  counts: readonly number[],
  rounds: number,
  accepted: number,
  field: string,
  at: string,
) {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const drafts = counts.reduce((sum, count, i) => sum + i * count, 0);
  if (all !== rounds || drafts !== accepted)
    throw new UserError(
      `${at}: ${field} has ${all} rounds that accept ${drafts}, expected ${rounds} that accept ${accepted}`,
    );
}

/**
 * Totals that cannot be, whatever file they come from: more accepted than drafted, more drafted than the rounds could
 * draft, or a mean and shares that the totals rule out.
 *
 * @throws UserError
 */
export function checkTotals<Totals extends Omit<Rates, 'label' | 'method' | 'roundsWithoutProposal'>>(
  rates: Totals,
  at: string,
): Totals {
  const { k, rounds, draftedTokens: drafted, acceptedTokens: accepted, meanLength, marginal } = rates;
  if (accepted !== null && drafted !== null && accepted > drafted) {
    throw new UserError(`${at}: ${accepted} drafts accepted of ${drafted}, expected at most that`);
  }
  if (k !== null && rounds !== null && accepted !== null && accepted > k * rounds) {
    throw new UserError(
      `${at}: ${accepted} drafts accepted in ${rounds} rounds of ${k}, expected at most ${k * rounds}`,
    );
  }
  if (k !== null && rounds !== null && drafted !== null && drafted > k * rounds) {
    throw new UserError(
      `${at}: ${drafted} tokens drafted in ${rounds} rounds of at most ${k}, expected at most ${k * rounds}; a tree drafts more than it is deep, and is not read as a chain`,
    );
  }
  if (k !== null && meanLength !== null && meanLength > k + 1 + 1e-2) {
    throw new UserError(`${at}: a mean length of ${meanLength} with k ${k}, expected at most ${k + 1}`);
  }
  if (k !== null && marginal !== null && marginal.length > k) {
    throw new UserError(`${at}: shares of ${marginal.length} positions with k ${k}, expected at most ${k}`);
  }
  const shares = marginal?.reduce((sum, share) => sum + share, 0) ?? null;
  const slack = ROUNDED * (marginal?.length ?? 0);
  const field = 'the sum of the shares by position';
  if (rounds !== null && rounds > 0 && accepted !== null) {
    checkFollows(meanLength, meanLengthOf(accepted, rounds), 'the mean length', at, BY_TOTALS);
    checkFollows(shares, accepted / rounds, field, at, 'the accepted tokens and the rounds', slack);
  }
  if (meanLength !== null && meanLength > 0) {
    checkFollows(shares, meanLength - 1, field, at, 'the mean length', slack);
  }
  return rates;
}
