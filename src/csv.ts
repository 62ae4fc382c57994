/** Comma-separated values with the quoting of RFC 4180: text in, text out, at once, in a browser too. */
import { UserError } from './errors.ts';

/** A row and the line of the text on which it begins, counted from 1. */
interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Splits text into rows of cells; lines that are empty are left out.
 *
 * @param where the file, for the message
 * @param firstLine the line number of the text's first line
 * @throws UserError when a quote is not closed or stands where none may
 */
export function* csvRows(text: string, where: string, firstLine = 1): Generator<CsvRow> {
  // Sticky, one cell and what ends it: quoted, or free of quotes.
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  let line = firstLine;
  let begin = line;
  let cells: string[] = [];
  while (cell.lastIndex < text.length || cells.length > 0) {
    const match = cell.exec(text);
    if (match === null)
      throw new UserError(`${where}, line ${line}: a quote is not closed or is out of place`);
    const [, quoted, plain, end] = match;
    if (quoted !== undefined) for (const char of quoted) if (char === '\n') line++;
    cells.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end === ',') continue;
    if (cells.length > 1 || quoted !== undefined || plain !== '') yield { line: begin, cells };
    cells = [];
    begin = ++line;
  }
}

/** One row, its line end included; null is an empty cell. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map((cell) => quotedIfNeeded(String(cell ?? ''))).join(',')}\n`;
}

/** A header and a line a row. */
export function csvTable({
  columns,
  rows,
}: {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}): string {
  return [columns, ...rows].map(csvLine).join('');
}

function quotedIfNeeded(cell: string): string {
  // Spaces at the ends need no quotes, but some readers trim cells without.
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
