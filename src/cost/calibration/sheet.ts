/** A CSV table with a header: cells by column name, and errors that name file, line and column. */
import { csvRows } from '../../csv.ts';
import { shown, UserError } from '../../errors.ts';

export interface SheetRow {
  readonly line: number;
  /** The cell's text, which may be empty. */
  cell(column: string): string;
  /** The cell's text; throws a UserError when it is empty. */
  text(column: string): string;
  /** A positive number; null when the cell is empty. */
  optional(column: string): number | null;
  /** A positive number. */
  positive(column: string): number;
  /** A whole number of at least `least`. */
  whole(column: string, least?: number): number;
  /** The error of a row, with file and line before it. */
  error(problem: string): UserError;
}

export interface Sheet {
  readonly where: string;
  readonly columns: readonly string[];
  /** `# key: value` lines before the header. */
  readonly comments: ReadonlyMap<string, string>;
  rows(): Generator<SheetRow>;
}

/** @throws UserError for a text without a header or with a header that names a column twice */
export function readSheet(text: string, where: string): Sheet {
  const comments = new Map<string, string>();
  let rest = text.replace(/^\uFEFF/, '');
  let line = 1;
  while (rest.startsWith('#')) {
    const [whole, key, value] = /^#\s*(?:([^:\n]+):)?([^\n]*)\n?/.exec(rest)!;
    if (key !== undefined) comments.set(key.trim(), value!.trim());
    rest = rest.slice(whole.length);
    line++;
  }
  const parsed = csvRows(rest, where, line);
  const header = parsed.next();
  if (header.done === true) throw new UserError(`${where}: is empty, expected a header and rows`);
  const columns = header.value.cells.map((cell) => cell.trim());
  const index = new Map(columns.map((column, i) => [column, i]));
  if (index.size < columns.length) {
    const twice = columns.find((column, i) => index.get(column) !== i)!;
    throw new UserError(`${where}, line ${header.value.line}: got column ${shown(twice)} twice`);
  }
  return {
    where,
    columns,
    comments,
    *rows() {
      for (const { line, cells } of parsed) {
        if (cells.length !== columns.length) {
          throw new UserError(
            `${where}, line ${line}: got ${cells.length} cells, expected ${columns.length} as in the header`,
          );
        }
        yield sheetRow(where, line, index, cells);
      }
    },
  };
}

function sheetRow(
  where: string,
  line: number,
  index: ReadonlyMap<string, number>,
  cells: readonly string[],
): SheetRow {
  const error = (problem: string) => new UserError(`${where}, line ${line}: ${problem}`);
  const cell = (column: string): string => {
    const i = index.get(column);
    if (i === undefined) throw new Error(`no column ${column}`);
    return cells[i]!.trim();
  };
  const optional = (column: string): number | null => {
    const written = cell(column);
    if (written === '') return null;
    const value = Number(written);
    if (!(value > 0 && Number.isFinite(value))) {
      throw error(`${column}: got ${shown(written)}, expected a positive number`);
    }
    return value;
  };
  return {
    line,
    error,
    cell,
    optional,
    text(column) {
      const written = cell(column);
      if (written === '') throw error(`${column}: is empty, expected a word`);
      return written;
    },
    positive(column) {
      const value = optional(column);
      if (value === null) throw error(`${column}: is empty, expected a positive number`);
      return value;
    },
    whole(column, least = 1) {
      const written = cell(column);
      const value = Number(written);
      if (written === '' || !Number.isInteger(value) || value < least) {
        throw error(`${column}: got ${shown(written)}, expected a whole number of at least ${least}`);
      }
      return value;
    },
  };
}
