/**
 * An answer as plain data: sections of sentences, facts, tables and commands. A renderer (text.ts) knows blocks
 * and nothing of what they say; no block holds a function, so that a document can be posted to a worker.
 */

export type Document = readonly Section[];

/** Blocks that stand together; a section without one is not there. */
export type Section = readonly Block[];

export type Block =
  | { readonly kind: 'sentence'; readonly text: string; readonly warning?: true }
  | { readonly kind: 'facts'; readonly facts: readonly Fact[] }
  | Table
  | { readonly kind: 'command'; readonly words: readonly string[] };

export type Fact = readonly [name: string, text: string];

export interface Table {
  readonly kind: 'table';
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  readonly as: Format;
}

/**
 * A string stands as it is, null as the format says. Of numbers in a list, two are the ends of an interval and three a
 * value and its interval; in a bar they are its parts. `text` stands for a value that no format can say.
 */
export type Cell =
  | null
  | string
  | number
  | readonly number[]
  | { readonly value: number | null; readonly text: string };

/** How numbers of a column are written. */
export interface Format {
  /** `fixed`: so many decimals; `precision`: so many digits; `three`: as many, no exponent; `rate`: a decimal below 1000. */
  readonly form: 'text' | 'whole' | 'fixed' | 'precision' | 'rate' | 'three' | 'bar';
  readonly digits?: number;
  /** Written is the number times this. */
  readonly times?: number;
  readonly unit?: string;
  /** With a plus before what is not negative. */
  readonly signed?: true;
  /** What stands for null; a dash unless said. */
  readonly none?: string;
  /** Of a bar: how many marks are the whole, and the mark of each part. */
  readonly width?: number;
  readonly marks?: readonly string[];
}

export const TEXT: Format = { form: 'text' };
export const WHOLE: Format = { form: 'whole' };
export const RATE: Format = { form: 'rate' };
export const THREE: Format = { form: 'three' };
export const FOUR: Format = { form: 'precision', digits: 4 };
export const PERCENT: Format = { form: 'fixed', digits: 1, times: 100, unit: '%' };
export const RATIO: Format = { form: 'fixed', digits: 2, unit: 'x' };

export function fixed(digits: number): Format {
  return { form: 'fixed', digits };
}

/** A column while it is made: how it is headed and written, and what it says of a row. */
export interface Shown<R> {
  readonly title: string;
  /** Text unless said. */
  readonly as?: Format;
  /** Text is on the left, all else on the right, unless said. */
  readonly align?: 'left' | 'right';
  readonly cell: (row: R) => Cell;
  /** Shown only where some row has something to say. */
  readonly needs?: (row: R) => boolean;
}

/** A line a row. */
export function table<R>(rows: readonly R[], columns: readonly Shown<R>[]): Table {
  const shown = columns.filter(({ needs }) => needs === undefined || rows.some(needs));
  return {
    kind: 'table',
    columns: shown.map(({ title, as = TEXT, align = as.form === 'text' ? 'left' : 'right' }) => ({
      title,
      align,
      as,
    })),
    rows: rows.map((row) => shown.map(({ cell }) => cell(row))),
  };
}

/** A value with its interval; alone where that is not known. */
export function within(value: number | null, lo: number | null, hi: number | null): Cell {
  return value === null || lo === null || hi === null ? value : [value, lo, hi];
}

export function sentence(text: string): Block {
  return { kind: 'sentence', text };
}

/** What is said before all else; nothing where there is nothing to say. */
export function answerFirst(texts: readonly (string | null)[]): Section {
  return texts.flatMap((text) => (text === null ? [] : [sentence(text)]));
}

export function facts(facts: readonly Fact[]): Block {
  return { kind: 'facts', facts };
}

export function command(words: readonly string[]): Block {
  return { kind: 'command', words };
}

export function warningsSection(warnings: readonly string[]): Section {
  return warnings.map((text) => ({ kind: 'sentence', text, warning: true }));
}
