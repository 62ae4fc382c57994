/**
 * Tells the format of an acceptance file by what stands in its head, never by its name: of all formats and ways in
 * which lines travel, the one that recognises most. One item that has nothing to do with speculation tells nothing.
 */
import { isObject, tooDeep } from './formats/fields.ts';
import type { TraceFormat } from './formats/format.ts';
import { FORMATS } from './formats/index.ts';
import { plain, TRANSPORTS, type Transport } from './formats/transport.ts';

export interface Told {
  readonly format: TraceFormat;
  readonly transport: Transport;
  /** The head is one JSON value over several lines, or its beginning. */
  readonly document: boolean;
  /** Another format that recognises almost as much. */
  readonly runnerUp: TraceFormat | null;
  /** Lines that were parsed to tell: a whole file of some megabytes is among the first lines. */
  readonly parsed: ReadonlyMap<string, unknown>;
}

/** A format is close when it recognises at least this share of what the best does. */
const CLOSE = 0.5;

interface Count {
  readonly format: TraceFormat;
  readonly transport: Transport;
  readonly document: boolean;
  readonly found: number;
}

/**
 * @param lines the first lines of a file, blank ones among them
 * @param complete whether these are all
 * @param forced the one format it may be; null for any
 * @returns null when no format recognises anything
 */
export function tell(lines: readonly string[], complete: boolean, forced: TraceFormat | null): Told | null {
  const counts: Count[] = [];
  const parsed = new Map<string, unknown>();
  const whole = complete ? documentIn(lines) : undefined;
  if (whole !== undefined) counts.push(...counted([''], () => itemsOf(whole), forced, plain, true));
  for (const transport of TRANSPORTS) {
    // Nothing recognises more: most of the time that telling would take is spared.
    if (counts.at(-1)?.found === Infinity) break;
    const inside = lines.flatMap((line) => [...transport.lines(line)]);
    counts.push(...counted(inside, (line) => valuesIn(line, parsed), forced, transport, false));
  }
  const best = bestOf(counts.filter(({ format }) => forced === null || format === forced));
  if (best === null) return null;
  const next = bestOf(
    counts.filter(({ format, document }) => format !== best.format && document === best.document),
  );
  const close =
    forced === null && next !== null && next.found >= CLOSE * best.found && best.found !== Infinity;
  return { ...best, runnerUp: close ? next.format : null, parsed };
}

/** Elements of a list of objects; anything else is one item. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) && value.some(isObject) ? value : [value];
}

/** Whether a line may be JSON: what logs put in brackets at the beginning of theirs is not. */
export function mayBeJson(line: string): boolean {
  return /^\s*(\{|\[\s*([[{\]]|-?[\d.]+\s*[,\]]|"|$))/.test(line);
}

/** The first of those that recognise most. */
function bestOf(counts: readonly Count[]): Count | null {
  return counts.reduce<Count | null>((best, one) => (one.found > (best?.found ?? 0) ? one : best), null);
}

/** @param item a line, or a value, as the format has them; undefined where there is none */
function isOf(format: TraceFormat, item: unknown): boolean {
  if (format.items === 'lines') return item !== undefined && format.recognises((item as string).trimEnd());
  return (isObject(item) || Array.isArray(item)) && format.recognises(item);
}

/** How many items each format recognises; where the first item tells a whole file to be of one, no other is asked. */
function counted(
  lines: readonly string[],
  valuesOf: (line: string) => readonly unknown[],
  forced: TraceFormat | null,
  transport: Transport,
  document: boolean,
): Count[] {
  const first = lines.find((line) => line.trim() !== '');
  let value: unknown;
  for (let i = 0; i < lines.length && value === undefined; i++) [value] = valuesOf(lines[i]!);
  const count = (format: TraceFormat, found: number) => ({ format, transport, document, found });
  const sure = FORMATS.find(
    (format) =>
      format.whole === true &&
      (forced ?? format) === format &&
      isOf(format, format.items === 'lines' ? first : value),
  );
  if (sure !== undefined) return [count(sure, Infinity)];
  const values = lines.flatMap(valuesOf);
  return FORMATS.filter(({ whole }) => whole !== true).map((format) => {
    const items: readonly unknown[] = format.items === 'lines' ? lines : values;
    return count(format, items.filter((item) => isOf(format, item)).length);
  });
}

function documentIn(lines: readonly string[]): unknown {
  const [first, second] = lines.filter((line) => line.trim() !== '');
  if (first === undefined || second === undefined || !mayBeJson(first)) return undefined;
  // A line that is whole begins no value that goes on: what follows need not be put together.
  return parsedOf(first) === undefined ? parsedOf(lines.join('\n')) : undefined;
}

function valuesIn(line: string, parsed: Map<string, unknown>): readonly unknown[] {
  if (!mayBeJson(line)) return [];
  const value = parsed.get(line) ?? parsedOf(line);
  if (value === undefined) return [];
  if (!tooDeep(line)) parsed.set(line, value);
  return itemsOf(value);
}

/** Undefined for what is no JSON. */
function parsedOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
