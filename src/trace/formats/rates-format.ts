/** Formats whose every item is one `Rates`. */
import { UserError } from '../../errors.ts';
import type { Rates } from '../record.ts';
import { checkTotals, isObject, type Json, nameOf, provenanceOf } from './fields.ts';
import type { JsonFormat, LineFormat, Reader, StatedDrafts } from './format.ts';

/**
 * What reading one item gives: its figures; null where it is of the format and has none (an idle interval), so that
 * it is left out and counted; undefined where it is not of the format.
 */
type Read<Item> = (item: Item, at: string, label: string) => Rates | null | undefined;

interface RatesFormat<Item> {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly engine?: string;
  /** A new one for each file: it may remember what stood before. */
  readonly reading: () => Read<Item>;
  /** Whether the figures leave open that a tree was drafted, so that `drafting` may have to be stated. */
  readonly mayBeTree?: true;
  /** What no part says alone, from all of them. */
  readonly together?: (parts: readonly Rates[], where: string, stated: StatedDrafts) => readonly Rates[];
}

function reader<Item>(format: RatesFormat<Item>, where: string, stated: StatedDrafts): Reader<Item> {
  const read = format.reading();
  const rates: Rates[] = [];
  let leftOut = 0;
  return {
    add(item, at) {
      const found = read(item, at, String(rates.length + 1));
      if (found === null) leftOut++;
      else if (found !== undefined) rates.push(checkTotals(found, at));
    },
    leftOut: () => leftOut,
    finish() {
      if (rates.length === 0) {
        throw new UserError(
          leftOut === 0
            ? `${where}: nothing of ${format.title} in it`
            : `${where}: nothing was drafted in any of its ${leftOut} parts, expected one in which something was`,
        );
      }
      return {
        kind: 'rates',
        ...(format.mayBeTree && stated.drafting !== null && { drafting: stated.drafting }),
        name: nameOf(where),
        provenance: provenanceOf(where, format.source, { engine: format.engine ?? null }),
        rates: format.together?.(rates, where, stated) ?? rates,
      };
    },
  };
}

export function jsonRates(
  format: RatesFormat<Json> & { readonly recognises: (value: Json) => boolean },
): JsonFormat {
  const { name, title, recognises } = format;
  return {
    name,
    title,
    items: 'json',
    recognises: (value) => isObject(value) && recognises(value),
    open(where, stated) {
      const { add, ...rest } = reader(format, where, stated);
      return {
        ...rest,
        add(item, at) {
          if (!isObject(item)) throw new UserError(`${at}: expected a json object of ${title}`);
          add(item, at);
        },
      };
    },
  };
}

/** Logs: lines without the payload belong to others and are passed over, whatever stands before the payload. */
export function logRates(
  format: RatesFormat<string> & { readonly recognises: (line: string) => boolean },
): LineFormat {
  const { name, title, recognises } = format;
  return { name, title, items: 'lines', recognises, open: (where, stated) => reader(format, where, stated) };
}

/** Shares by position, as long in all parts: where a histogram ends, no round accepted more. */
export function padded(parts: readonly Rates[], k = 0): Rates[] {
  const longest = Math.max(k, ...parts.map(({ marginal }) => marginal?.length ?? 0));
  return parts.map((part) =>
    part.marginal === null
      ? part
      : { ...part, marginal: Array.from({ length: longest }, (_, i) => part.marginal![i] ?? 0) },
  );
}

/**
 * Rounds in which nothing was drafted, of a source that counts only those that drafted, from all tokens that its
 * requests got after their first. An excess of a twentieth or less is what cut outputs and first tokens make, in
 * engines that draft in every round.
 */
export function withoutProposal(decodedTokens: number, rounds: number, accepted: number): number {
  const excess = Math.round(decodedTokens - accepted - rounds);
  return excess > rounds / 20 ? excess : 0;
}

/** No server has counted further, and sums of such numbers stay numbers. */
const MOST = 1e15;
const TOKEN = /\s*([^\s,)]*)/y;

/**
 * The number behind `label` in a line, its percent sign left out; null without the label, and for NaN, where nothing was
 * counted.
 *
 * @throws UserError when something else than a number that can have been counted stands there
 */
export function numberAfter(line: string, label: string, at: string): number | null {
  const begin = line.indexOf(label);
  if (begin === -1) return null;
  TOKEN.lastIndex = begin + label.length;
  const text = TOKEN.exec(line)![1]!;
  if (/^(?:nan|n\/a)%?$/i.test(text)) return null;
  const value = Number(text.endsWith('%') ? text.slice(0, -1) : text);
  if (text !== '' && value >= 0 && value <= MOST) return value;
  throw new UserError(
    `${at}: ${fieldOf(label)} is ${JSON.stringify(text)}, expected a number from 0 to ${MOST}`,
  );
}

/** The same, of a line that has to have it. */
export function neededAfter(line: string, label: string, at: string): number {
  const value = numberAfter(line, label, at);
  if (value !== null) return value;
  throw new UserError(`${at}: ${fieldOf(label)} is missing, expected a number of at least 0`);
}

/** A label as a field is named. */
function fieldOf(label: string): string {
  return label.replace(/[^\p{L}\p{N}_#]+$/u, '').toLowerCase();
}
