/** Formats whose every item is one `Rates`. */
import { UserError } from '../../errors.ts';
import type { Rates } from '../record.ts';
import { checkTotals, isObject, type Json, nameOf, provenanceOf } from './fields.ts';
import type { JsonFormat, LineFormat } from './format.ts';

/** What reading one item gives: its figures; null where it has none and may be left out. */
type Read<Item> = (item: Item, at: string, label: string) => Rates | null;

function reader<Item>(source: string, title: string, read: Read<Item>, where: string) {
  const rates: Rates[] = [];
  return {
    add(item: Item, at: string): void {
      const found = read(item, at, String(rates.length + 1));
      if (found !== null) rates.push(checkTotals(found, at));
    },
    finish() {
      if (rates.length === 0) throw new UserError(`${where}: nothing of ${title} in it`);
      return {
        kind: 'rates' as const,
        name: nameOf(where),
        provenance: provenanceOf(where, source),
        rates,
      };
    },
  };
}

export function jsonRates(
  format: Pick<JsonFormat, 'name' | 'title'> & {
    readonly source: string;
    readonly recognises: (value: Json) => boolean;
    readonly read: Read<Json>;
  },
): JsonFormat {
  const { name, title, source, recognises, read } = format;
  return {
    name,
    title,
    items: 'json',
    recognises: (value) => isObject(value) && recognises(value),
    open: (where) =>
      reader<unknown>(
        source,
        title,
        (item, at, label) => {
          if (!isObject(item)) throw new UserError(`${at}: expected a json object of ${title}`);
          return read(item, at, label);
        },
        where,
      ),
  };
}

/** Logs: lines without the payload belong to others and are passed over, whatever stands before the payload. */
export function logRates(
  format: Pick<LineFormat, 'name' | 'title' | 'recognises'> & {
    readonly source: string;
    readonly read: Read<string>;
  },
): LineFormat {
  const { name, title, source, recognises, read } = format;
  return {
    name,
    title,
    items: 'lines',
    recognises,
    open: (where) =>
      reader<string>(
        source,
        title,
        (line, at, label) => (recognises(line) ? read(line, at, label) : null),
        where,
      ),
  };
}

/** The number that `pattern` captures in a line. */
export function numberIn(line: string, pattern: RegExp, field: string, at: string): number {
  const text = pattern.exec(line)?.[1];
  const value = Number(text);
  if (text === undefined || text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new UserError(
      `${at}: ${field} ${text === undefined ? 'is missing' : `is ${JSON.stringify(text)}`}, expected a number of at least 0`,
    );
  }
  return value;
}
