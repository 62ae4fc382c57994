/** Comma-separated values with the quoting of RFC 4180: text in, text out, at once, in a browser too. */
import { UserError } from './errors.ts';

/** Cells of a row: no table here has more than some hundred. */
const MOST_CELLS = 10_000;

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
  let line = firstLine;
  let begin = line;
  let at = 0;
  let cells: string[] = [];
  while (at < text.length || cells.length > 0) {
    const quoted = text[at] === '"';
    const after = quoted ? endOfQuoted(text, at) : endOfPlain(text, at);
    const cell = quoted ? text.slice(at + 1, after - 1).replaceAll('""', '"') : text.slice(at, after);
    const next = after < 0 ? -1 : nextCell(text, after);
    if (next < 0) {
      throw new UserError(`${where}, line ${line}: a quote is not closed or is out of place`);
    }
    if (quoted) line += cell.split('\n').length - 1;
    cells.push(cell);
    if (cells.length > MOST_CELLS) {
      throw new UserError(`${where}, line ${begin}: more than ${MOST_CELLS} cells, expected fewer`);
    }
    at = next;
    if (text[after] === ',') continue;
    if (cells.length > 1 || quoted || cell !== '') yield { line: begin, cells };
    cells = [];
    begin = ++line;
  }
}

/** Just after the quote that closes the cell which begins at a quote; -1 where none does. */
function endOfQuoted(text: string, begin: number): number {
  let at = begin + 1;
  for (;;) {
    at = text.indexOf('"', at) + 1;
    if (at === 0) return -1;
    if (text[at] !== '"') return at;
    at++;
  }
}

const [COMMA, QUOTE, RETURN, NEWLINE] = [0x2c, 0x22, 0x0d, 0x0a];

/** Where a cell ends that is free of quotes. */
function endOfPlain(text: string, begin: number): number {
  let at = begin;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === NEWLINE || code === RETURN || code === QUOTE) break;
  }
  return at;
}

/** Where the next cell begins behind the comma or line end at the end of one; -1 where neither stands there. */
function nextCell(text: string, end: number): number {
  if (end === text.length) return end;
  const code = text.charCodeAt(end);
  if (code === COMMA || code === NEWLINE) return end + 1;
  return code === RETURN && text.charCodeAt(end + 1) === NEWLINE ? end + 2 : -1;
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

/** A table for people: what a spreadsheet would take for a formula has an apostrophe before it, which makes it text. */
export function spreadsheet(table: Parameters<typeof csvTable>[0]): string {
  const asText = <T extends string | number | null>(cell: T) =>
    typeof cell === 'string' && /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return csvTable({ columns: table.columns.map(asText), rows: table.rows.map((row) => row.map(asText)) });
}

function quotedIfNeeded(cell: string): string {
  // Spaces at the ends need no quotes, but some readers trim cells without.
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
