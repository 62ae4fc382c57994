/**
 * Tells the format of an acceptance file by its contents, never by its name, and reads it line by line: what is
 * kept is what the format keeps, so a file may be larger than memory. A JSON value over several lines is read whole.
 */
import { shown, UserError, unknownName } from '../errors.ts';
import { isObject, parseJson } from './formats/fields.ts';
import {
  type JsonFormat,
  NOTHING_STATED,
  type Reader,
  type Stated,
  type TraceFormat,
} from './formats/format.ts';
import { FORMATS } from './formats/index.ts';
import { asStated } from './formats/stated.ts';
import type { AcceptanceRecord } from './record.ts';
import type { AcceptanceTrace } from './trace.ts';

/** The longest line, and the longest JSON value over several, in characters. */
const MAX_CHARACTERS = 2 ** 28;
/** Lines of a log before the first that tells its format. */
const MAX_PREFACE = 100_000;

/** Names of the formats, for `--from`. */
export const formatNames: readonly string[] = FORMATS.map(({ name }) => name);

/** Reads one file, told its lines in order and without their ends. */
export class RecordReader {
  readonly #where: string;
  readonly #stated: Stated;
  readonly #forced: TraceFormat | null;
  #line = 0;
  #firstLine: string | null = null;
  /** Takes the next line once the format is known. */
  #take: ((line: string, at: string) => void) | null = null;
  #reader: Reader<never> | null = null;
  /** Lines of a text whose format is not known yet. */
  #preface: string[] = [];
  /** Lines of a JSON value that began on the first one. */
  #document: string[] | null = null;
  #documentLength = 0;

  /**
   * @param where the file's path, for messages and, where the contents do not say it, the data set's name
   * @param from name of the format; null to tell it by the contents
   * @throws UserError for a format that is not known
   */
  constructor(where: string, stated: Stated = NOTHING_STATED, from: string | null = null) {
    this.#where = where;
    this.#stated = stated;
    this.#forced = from === null ? null : (FORMATS.find(({ name }) => name === from) ?? null);
    if (from !== null && this.#forced === null) throw unknownName('format', from, formatNames);
  }

  /** @throws UserError for what breaks the format, with file, line and field */
  add(raw: string): void {
    this.#line++;
    const at = `${this.#where}, line ${this.#line}`;
    const line = this.#line === 1 ? raw.replace(/^\uFEFF/, '') : raw;
    if (line.length > MAX_CHARACTERS)
      throw new UserError(`${at}: ${line.length} characters, expected lines of at most ${MAX_CHARACTERS}`);
    if (this.#take !== null) {
      this.#take(line, at);
      return;
    }
    if (this.#document !== null) {
      this.#continueDocument(line);
      return;
    }
    if (this.#firstLine === null && line.trim() === '') {
      this.#preface.push(line);
      return;
    }
    if (this.#firstLine === null) {
      this.#firstLine = line.trim();
      if (line.includes('\0')) throw this.#notText();
    }
    this.#tell(line, at);
  }

  /** @throws UserError when the format is not known or its contents are not whole */
  finish(): AcceptanceRecord {
    if (this.#document !== null) {
      const text = this.#document.join('\n');
      const at = `${this.#where}, line ${this.#preface.length + 1}`;
      const value = parseJson(text, at);
      this.#document = null;
      this.#openJson(value);
      this.#addJson(value, this.#where);
    }
    if (this.#reader !== null) return asStated(this.#reader.finish(), this.#stated, this.#where);
    if (this.#firstLine === null)
      throw new UserError(`${this.#where}: empty file, expected a trace (${formatNames.join(', ')})`);
    throw this.#unknown();
  }

  /** The first lines, until one tells the format. */
  #tell(line: string, at: string): void {
    const format =
      this.#forced ??
      FORMATS.find(
        (one) => one.items === 'lines' && one.recognises(line.trim() === '' ? line : line.trimEnd()),
      );
    if (format?.items === 'lines') {
      const reader = format.open(this.#where, this.#stated);
      this.#reader = reader;
      this.#take = (next, place) => reader.add(next, place);
      this.#preface.forEach((earlier, i) => {
        reader.add(earlier, `${this.#where}, line ${i + 1}`);
      });
      reader.add(line, at);
      this.#preface = [];
      return;
    }
    // A log may begin with a time in brackets.
    if (this.#forced !== null || /^\s*(\{|\[\s*([[{\]]|-?[\d.]+\s*[,\]]|"|$))/.test(line)) {
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch {
        this.#document = [];
        this.#continueDocument(line);
        return;
      }
      this.#openJson(value);
      this.#take = (next, place) => {
        if (next.trim() !== '') this.#addJson(parseJson(next, place), place);
      };
      this.#addJson(value, at);
      return;
    }
    this.#preface.push(line);
    if (this.#preface.length > MAX_PREFACE) throw this.#unknown();
  }

  #continueDocument(line: string): void {
    this.#document!.push(line);
    this.#documentLength += line.length + 1;
    if (this.#documentLength > MAX_CHARACTERS) {
      throw new UserError(
        `${this.#where}, line 1: not a json value on one line, and more than ${MAX_CHARACTERS} characters over several`,
      );
    }
  }

  #openJson(value: unknown): void {
    const first = itemsOf(value)[0];
    const format =
      this.#forced ??
      FORMATS.find(
        (one): one is JsonFormat =>
          one.items === 'json' && (isObject(first) || Array.isArray(first)) && one.recognises(first),
      );
    if (format?.items !== 'json') throw this.#unknown();
    this.#reader = format.open(this.#where, this.#stated) as Reader<never>;
  }

  #addJson(value: unknown, at: string): void {
    const reader = this.#reader as Reader<unknown>;
    const items = itemsOf(value);
    items.forEach((item, i) => {
      reader.add(item, items.length === 1 ? at : `${at}, element ${i}`);
    });
  }

  #unknown(): UserError {
    const start = this.#firstLine!;
    if (start.includes('\uFFFD')) return this.#notText();
    return new UserError(
      `${this.#where}: unknown trace format, starts with ${shown(start.slice(0, 30))} (known: ${formatNames.join(', ')})`,
    );
  }

  #notText(): UserError {
    return new UserError(`${this.#where}: not a text file, expected a trace (${formatNames.join(', ')})`);
  }
}

/** Elements of a list of objects; anything else is one item. */
function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) && isObject(value[0]) ? value : [value];
}

/**
 * Reads acceptance of any format known.
 *
 * @param text the contents of the file
 * @param where its path, for messages and the data set's name
 * @throws UserError when the format is not known or the contents break it
 */
export function parseRecord(
  text: string,
  where: string,
  stated: Stated = NOTHING_STATED,
  from: string | null = null,
): AcceptanceRecord {
  const reader = new RecordReader(where, stated, from);
  for (let begin = 0; begin < text.length; ) {
    const newline = text.indexOf('\n', begin);
    const end = newline === -1 ? text.length : newline;
    reader.add(text.slice(begin, end));
    begin = end + 1;
  }
  return reader.finish();
}

/** The same, for position-indexed files alone. */
export function parseTrace(text: string, where: string): AcceptanceTrace {
  const record = parseRecord(text, where);
  if (record.kind === 'position-indexed') return record.trace;
  throw new UserError(`${where}: ${record.kind} acceptance, expected a position-indexed trace`);
}

/** Whether a file holds a fitted process instead of acceptance: told by its first characters. */
export function isProcess(text: string): boolean {
  const head = text.slice(0, 1000);
  return /^\s*\{/.test(head) && /"process"\s*:/.test(head);
}
