/** The trace file of our own as CSV: a comment line with the head, then the rows. What is written reads back the same. */
import { csvLine, csvRows } from '../../csv.ts';
import { shown, UserError, unknownName } from '../../errors.ts';
import { validate } from '../../validate.ts';
import {
  type Column,
  columnsOf,
  type Head,
  headOf,
  headSchema,
  MAX_INT32,
  type RowReader,
  rowsOf,
  TraceGatherer,
} from '../canonical.ts';
import type { AcceptanceTrace } from '../trace.ts';
import { parseJson } from './fields.ts';
import type { LineFormat } from './format.ts';

/** What the first line of a file begins with. */
const canonicalCsvMark = '# specsim trace ';

/** Quoted cells may hold line ends, so the whole text is read at the end. */
export const canonicalCsvFormat: LineFormat = {
  name: 'specsim-csv',
  title: 'specsim trace CSV',
  items: 'lines',
  whole: true,
  recognises: (line) => line.startsWith(canonicalCsvMark.trim()) || /^"?request"?,/.test(line),
  open(where) {
    const lines: string[] = [];
    return {
      add: (line) => void lines.push(line, '\n'),
      finish: () => ({ kind: 'position-indexed', trace: parseCanonicalCsv(lines.join(''), where) }),
    };
  },
};

/** The parts of a trace file. */
export function* canonicalCsv(trace: AcceptanceTrace): Generator<string> {
  const head = headOf(trace);
  yield `${canonicalCsvMark}${JSON.stringify(head)}\n${csvLine(columnsOf(head))}`;
  yield* canonicalCsvRows(trace);
}

/** Without the head, which traces of other requests may share. */
export function* canonicalCsvRows(trace: AcceptanceTrace): Generator<string> {
  const columns = columnsOf(headOf(trace));
  for (const row of rowsOf(trace)) {
    yield csvLine(
      columns.map((column) => {
        const cell = row[column] ?? '';
        return typeof cell === 'object' ? Array.prototype.join.call(cell, ' ') : cell;
      }),
    );
  }
}

/**
 * The trace in the text of a file that `canonicalCsv` could have written; rows and columns may stand in any order.
 *
 * @param where the file's path, for messages
 * @throws UserError with file, line and column
 */
export function parseCanonicalCsv(text: string, where: string): AcceptanceTrace {
  const headEnd = text.indexOf('\n') === -1 ? text.length : text.indexOf('\n');
  const head = parseHead(text.slice(0, headEnd), `${where}, line 1`);
  const expected = columnsOf(head);
  const gatherer = new TraceGatherer(head, where);
  let columns: Record<Column, number> | null = null;
  for (const row of csvRows(text.slice(headEnd + 1), where, 2)) {
    const at = `${where}, line ${row.line}`;
    if (columns === null) {
      columns = parseHeader(row.cells, expected, at);
      continue;
    }
    if (row.cells.length !== expected.length) {
      throw new UserError(`${at}: ${row.cells.length} cells, expected ${expected.length} as in the header`);
    }
    gatherer.add(new CsvRowReader(row.cells, columns, at), row.line);
  }
  return gatherer.finish();
}

function parseHead(line: string, where: string): Head {
  if (!line.startsWith(canonicalCsvMark))
    throw new UserError(`${where}: expected ${canonicalCsvMark}{json object}, got ${shown(line)}`);
  return validate(headSchema, parseJson(line.slice(canonicalCsvMark.length), where), where);
}

function parseHeader(
  cells: readonly string[],
  expected: readonly Column[],
  at: string,
): Record<Column, number> {
  for (const [i, cell] of cells.entries()) {
    if (!(expected as readonly string[]).includes(cell)) {
      throw new UserError(`${at}: ${unknownName('column', cell, expected).message}`);
    }
    if (cells.indexOf(cell) !== i) throw new UserError(`${at}: column ${cell} is there twice`);
  }
  const missing = expected.filter((column) => !cells.includes(column));
  if (missing.length > 0) throw new UserError(`${at}: no column ${missing.join(', ')}`);
  return Object.fromEntries(expected.map((column) => [column, cells.indexOf(column)])) as Record<
    Column,
    number
  >;
}

/** Reads the cells of one row by column name. */
class CsvRowReader implements RowReader {
  private readonly cells: readonly string[];
  private readonly columns: Record<Column, number>;
  private readonly at: string;

  constructor(cells: readonly string[], columns: Record<Column, number>, at: string) {
    this.cells = cells;
    this.columns = columns;
    this.at = at;
  }

  error(column: Column, message: string): UserError {
    return new UserError(`${this.at}, column ${column}: ${message}`);
  }

  text(column: Column): string {
    return this.cells[this.columns[column]] ?? '';
  }

  empty(...columns: Column[]): void {
    for (const column of columns) {
      const cell = this.text(column);
      if (cell !== '') throw this.error(column, `expected nothing in this row, got ${shown(cell)}`);
    }
  }

  count(column: Column, max: number): number {
    const cell = this.text(column);
    const value = Number(cell);
    if (/^\d+$/.test(cell) && value <= max) return value;
    throw this.error(column, `got ${shown(cell)}, expected an integer 0 to ${max}`);
  }

  bytes(column: Column, length: number | null, min: number, max: number): Uint8Array {
    return Uint8Array.from(this.#list(column, length, min, max));
  }

  ids(column: Column, length: number): Int32Array {
    return Int32Array.from(this.#list(column, length, 0, MAX_INT32));
  }

  /** Integers with one space between them. */
  #list(column: Column, length: number | null, min: number, max: number): number[] {
    const cell = this.text(column);
    const list: number[] = [];
    let begin = 0;
    let value = 0;
    for (let i = 0; i <= cell.length && cell !== ''; i++) {
      const digit = cell.charCodeAt(i) - 48;
      if (digit >= 0 && digit <= 9) {
        value = 10 * value + digit;
        continue;
      }
      const ended = i === cell.length || cell[i] === ' ';
      if (!ended || i === begin || value < min || value > max) {
        const got = cell.slice(begin).split(' ', 1)[0]!;
        throw this.error(
          column,
          `element ${list.length} is ${shown(got)}, expected an integer ${min} to ${max}`,
        );
      }
      list.push(value);
      value = 0;
      begin = i + 1;
    }
    if (length !== null && list.length !== length) {
      throw this.error(column, `${list.length} elements, expected ${length}`);
    }
    return list;
  }
}
