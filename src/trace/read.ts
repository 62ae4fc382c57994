/**
 * Reads an acceptance file line by line, in the format that its head tells (tell.ts): what is kept is what the format
 * keeps, so a file may be larger than memory. A JSON value over several lines is read whole.
 */
import { shown, UserError, unknownName } from '../errors.ts';
import { foreignEncoding } from './encoding.ts';
import { isObject, parseJson } from './formats/fields.ts';
import { NOTHING_STATED, type Reader, type Stated, type TraceFormat } from './formats/format.ts';
import { FORMATS } from './formats/index.ts';
import { asStated } from './formats/stated.ts';
import { plain } from './formats/transport.ts';
import type { AcceptanceRecord } from './record.ts';
import { itemsOf, mayBeJson, type Told, tell } from './tell.ts';
import type { AcceptanceTrace } from './trace.ts';

/** The longest line, and the longest JSON value over several, in characters. */
const MAX_CHARACTERS = 2 ** 28;
/** Lines, and characters, that are looked at together to tell a format. */
const HEAD_LINES = 2000;
const HEAD_CHARACTERS = 2 ** 22;
/** Lines of a log before the first that any format recognises. */
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
  /** Lines that wait for the format to be told, or for the end of a JSON value over several. */
  #waiting: string[] = [];
  #waitingCharacters = 0;
  #document = false;
  #told: Told | null = null;
  #reader: Reader<never> | null = null;
  /** Items read, and those among them that are not of the format. */
  #items = 0;
  #strays = 0;

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
    const line = this.#line === 1 ? raw.replace(/^\uFEFF/, '') : raw;
    if (line.length > MAX_CHARACTERS) {
      throw new UserError(
        `${this.#at(this.#line)}: ${line.length} characters, expected lines of at most ${MAX_CHARACTERS}`,
      );
    }
    if (this.#firstLine === null && line.trim() !== '') {
      this.#firstLine = line.trim();
      const foreign = line.includes('\0') ? foreignEncoding(line) : null;
      if (foreign !== null) throw this.#notText(foreign);
    }
    if (this.#told !== null && !this.#document) {
      this.#take(line, this.#line);
      return;
    }
    this.#waiting.push(line);
    this.#waitingCharacters += line.length + 1;
    if (this.#document) {
      if (this.#waitingCharacters > MAX_CHARACTERS) {
        throw new UserError(
          `${this.#at(1)}: not a json value on one line, and more than ${MAX_CHARACTERS} characters over several`,
        );
      }
    } else if (this.#waiting.length >= HEAD_LINES || this.#waitingCharacters >= HEAD_CHARACTERS) {
      this.#decide(false);
    }
  }

  /** @throws UserError when the format is not known or its contents are not whole */
  finish(): AcceptanceRecord {
    if (this.#firstLine === null)
      throw new UserError(`${this.#where}: empty file, expected a trace (${formatNames.join(', ')})`);
    if (this.#told === null && !this.#document) this.#decide(true);
    if (this.#document) this.#takeDocument();
    if (this.#reader === null) throw this.#unknown();
    const record = asStated(this.#reader.finish(), this.#stated, this.#where);
    const notes = [...this.#notes(), ...(record.notes ?? [])];
    return notes.length === 0 ? record : { ...record, notes };
  }

  /** What the waiting lines are; the next ones are asked where they tell nothing. */
  #decide(complete: boolean): void {
    const told = tell(this.#waiting, complete, this.#forced) ?? this.#undecided(complete);
    if (told === null) {
      if (this.#document) return;
      if (complete || this.#line >= MAX_PREFACE) throw this.#unknown();
      // No format has anything to say of them.
      this.#drop();
      return;
    }
    this.#told = told;
    this.#document = told.document;
    this.#reader = told.format.open(this.#where, this.#stated) as Reader<never>;
    if (this.#document) return;
    const first = this.#line - this.#waiting.length + 1;
    const waiting = this.#waiting;
    this.#drop();
    waiting.forEach((line, i) => {
      this.#take(line, first + i);
    });
    this.#told = { ...told, parsed: new Map() };
  }

  /** A format that is asked for need not be recognised, and a JSON value over several lines cannot be before its end. */
  #undecided(complete: boolean): Told | null {
    const forced = this.#forced;
    const begins = this.#line === this.#waiting.length && mayBeJson(this.#firstLine!);
    const document = begins && !isJson(this.#firstLine!);
    if (document && forced?.items !== 'lines') this.#document = true;
    if (forced === null || (this.#document && !complete)) return null;
    return { format: forced, transport: plain, document: this.#document, runnerUp: null, parsed: new Map() };
  }

  #drop(): void {
    this.#waiting = [];
    this.#waitingCharacters = 0;
  }

  #take(line: string, number: number): void {
    const { format, transport, parsed } = this.#told!;
    const at = this.#at(number);
    for (const inside of transport.lines(line)) {
      if (format.items === 'lines') {
        this.#add(inside, at);
        continue;
      }
      const text = inside.trim();
      if (text === '') continue;
      if (format.whole !== true && !/^[{[]/.test(text) && this.#forced === null) {
        if (text.includes('\0')) throw new UserError(`${at}: bytes that are not UTF-8 text`);
        continue;
      }
      if (transport.name === 'a prefix' && !isJson(text)) this.#strays++;
      else {
        // A line is looked up by all of its text, which is not worth it for one.
        const known = parsed.size > 1 ? parsed.get(text) : undefined;
        this.#addJson(known ?? parseJson(text, at), at);
      }
    }
  }

  #takeDocument(): void {
    const begin = this.#waiting.findIndex((line) => line.trim() !== '');
    const value = parseJson(this.#waiting.join('\n'), this.#at(begin + 1));
    this.#drop();
    if (this.#told === null) {
      const one = tell([JSON.stringify(value)], true, this.#forced);
      if (one === null) throw this.#unknown();
      this.#told = one;
      this.#reader = one.format.open(this.#where, this.#stated) as Reader<never>;
    }
    this.#addJson(value, this.#where);
  }

  #addJson(value: unknown, at: string): void {
    const { format } = this.#told!;
    const items = itemsOf(value);
    items.forEach((item, i) => {
      const own =
        format.whole === true ||
        ((isObject(item) || Array.isArray(item)) && format.items === 'json' && format.recognises(item));
      if (own) this.#add(item, items.length === 1 ? at : `${at}, element ${i}`);
      else this.#strays++;
    });
  }

  #add(item: unknown, at: string): void {
    this.#items++;
    try {
      (this.#reader as Reader<unknown>).add(item, at);
    } catch (error) {
      const other = this.#told!.runnerUp;
      if (!(error instanceof UserError) || other === null) throw error;
      throw new UserError(`${error.message} (or is the file ${other.title}? --from ${other.name})`);
    }
  }

  #notes(): string[] {
    const { format, runnerUp } = this.#told!;
    const leftOut = this.#strays + (this.#reader!.leftOut?.() ?? 0);
    return [
      ...(runnerUp === null
        ? []
        : [
            `${this.#where}: read as ${format.title}; much of it also looks like ${runnerUp.title} (--from ${runnerUp.name})`,
          ]),
      ...(leftOut === 0
        ? []
        : [
            `${this.#where}: ${leftOut === 1 ? '1 part that says' : `${leftOut} parts that say`} nothing of acceptance ${leftOut === 1 ? 'is' : 'are'} left out`,
          ]),
    ];
  }

  #at(line: number): string {
    return `${this.#where}, line ${line}`;
  }

  #unknown(): UserError {
    const start = this.#firstLine!;
    if (start.includes('\uFFFD')) return this.#notText(foreignEncoding(start) ?? 'not a text file');
    return new UserError(
      `${this.#where}: unknown trace format, starts with ${shown(start.slice(0, 30))} (known: ${formatNames.join(', ')})`,
    );
  }

  #notText(what: string): UserError {
    const expected = what.includes('expected') ? '' : `, expected a trace (${formatNames.join(', ')})`;
    return new UserError(`${this.#where}: ${what}${expected}`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
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
