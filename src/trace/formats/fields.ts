/** Typed access to what a file says, with errors that name file, line and field; and what records share. */
import { shown, UserError } from '../../errors.ts';
import { got } from '../../validate.ts';
import type { Rates } from '../record.ts';
import type { Provenance } from '../trace.ts';

export type Json = Readonly<Record<string, unknown>>;

/** The largest count taken: beyond it JSON numbers are not exact. */
const MAX_COUNT = Number.MAX_SAFE_INTEGER;
/** Most drafts of a round: lengths have to fit a byte. */
export const MAX_K = 254;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws UserError that tells a text cut off from one that never was JSON */
export function parseJson(text: string, at: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const json = text.trim();
    if (json.includes('\0')) throw new UserError(`${at}: bytes that are not UTF-8 text`);
    throw new UserError(
      json.startsWith('{') && !json.endsWith('}')
        ? `${at}: the json object is cut off, its last characters are ${shown(json.slice(-20))}`
        : `${at}: not valid json, starts with ${shown(json.slice(0, 20))}`,
    );
  }
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
  return name.replace(/\.gz$/, '').replace(/\.(jsonl?|csv|log|ya?ml|prom|txt)$/, '');
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

/**
 * A figure that a file states although it follows from others. Where the two differ, one is not what it is taken for:
 * the bonus token counted where it is not, or a mean over requests.
 *
 * @param by what it follows from, for the error
 */
export function checkFollows(stated: number | null, follows: number, field: string, at: string, by: string) {
  if (stated !== null && Math.abs(stated - follows) > SAME * Math.max(1, follows))
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

/** Totals that cannot be: more accepted than drafted, or more rounds' worth of drafts than k allows. */
export function checkTotals<
  Totals extends Pick<Rates, 'k' | 'rounds' | 'draftedTokens' | 'acceptedTokens' | 'meanLength'>,
>(rates: Totals, at: string): Totals {
  const { k, rounds, draftedTokens: drafted, acceptedTokens: accepted, meanLength } = rates;
  if (accepted !== null && drafted !== null && accepted > drafted) {
    throw new UserError(`${at}: ${accepted} drafts accepted of ${drafted}, expected at most that`);
  }
  if (k !== null && rounds !== null && accepted !== null && accepted > k * rounds) {
    throw new UserError(
      `${at}: ${accepted} drafts accepted in ${rounds} rounds of ${k}, expected at most ${k * rounds}`,
    );
  }
  if (k !== null && meanLength !== null && meanLength > k + 1 + 1e-2) {
    throw new UserError(`${at}: a mean length of ${meanLength} with k ${k}, expected at most ${k + 1}`);
  }
  return rates;
}
