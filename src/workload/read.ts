/**
 * Tells the format of a workload file by what stands in its head, never by its name, and reads it.
 */
import { shown, UserError } from '../errors.ts';
import { foreignEncoding } from '../trace/encoding.ts';
import { isObject, type Json, parseJson } from '../trace/formats/fields.ts';
import type { JsonWorkload, WorkloadFormat } from './formats/format.ts';
import { WORKLOADS } from './formats/index.ts';
import { type Workload, type WorkloadRow, workloadOf } from './workload.ts';

const KNOWN = WORKLOADS.map(({ name }) => name).join(', ');
/** Lines, and objects, that are looked at to tell a format. */
const HEAD = 200;
/** A format is close when it recognises at least this share of what the best does. */
const CLOSE = 0.5;

/**
 * Reads a workload of any format known.
 *
 * @param where the file's path, for messages
 * @throws UserError when the format is not known, the contents break it, or nothing is left to serve
 */
export function parseWorkload(text: string, where: string): Workload {
  const body = text.replace(/^\uFEFF/, '');
  const first = body.search(/\S/);
  if (first === -1) throw new UserError(`${where}: empty file, expected a workload (${KNOWN})`);
  const foreign = body.search(/[\0\uFFFD]/);
  if (foreign !== -1) {
    const line = body.slice(0, foreign).split('\n').length;
    const what = foreignEncoding(body.slice(Math.max(foreign - 4, 0)));
    throw new UserError(
      `${where}, line ${line}: ${what?.startsWith('UTF-16') ? what : 'not UTF-8 text'}, expected a workload (${KNOWN})`,
    );
  }
  const workload = parseKnown(body, first, where);
  if (workload.arrivalS.length === 0) {
    throw new UserError(
      workload.dropped === 0
        ? `${where}: has a header and no requests, expected at least one`
        : `${where}: all ${workload.dropped} requests have no prompt or no output, expected one that has both`,
    );
  }
  return workload;
}

/** Whether some format recognises a file. */
export function isWorkload(text: string): boolean {
  const [, firstLine] = /^\uFEFF?\s*([^\n]*)/.exec(text)!;
  try {
    return counts(text, firstLine!.trim(), documentIn(text, firstLine!.trim()), '').length > 0;
  } catch {
    return false;
  }
}

function parseKnown(body: string, first: number, where: string): Workload {
  const lineEnd = body.indexOf('\n', first);
  const firstLine = body.slice(first, lineEnd === -1 ? body.length : lineEnd).trim();
  const document = documentIn(body, firstLine);
  const [best, next] = counts(body, firstLine, document, where);
  if (best === undefined) {
    throw new UserError(
      `${where}: unknown workload format, starts with ${shown(firstLine.slice(0, 30))} (known: ${KNOWN})`,
    );
  }
  const { format, found } = best;
  const notes = [...(format.notes ?? [])];
  if (next !== undefined && next.found >= CLOSE * found)
    notes.push(`read as ${format.name}; much of it also looks like ${next.format.name}`);
  const rows = rowsOf(body, document, format, where, notes);
  return workloadOf(format.name, rows, format.blockTokens ?? null, notes);
}

interface Count {
  readonly format: WorkloadFormat;
  readonly found: number;
}

/** Formats that recognise anything of the head, most first. */
function counts(body: string, firstLine: string, document: readonly Json[] | null, where: string): Count[] {
  const columns = firstLine.split(',').map((cell) => cell.trim().replaceAll('"', ''));
  const lines = firstLines(body);
  const objects = document?.slice(0, HEAD) ?? lines.flatMap((line) => objectsIn(line, where));
  const found = (format: WorkloadFormat): number => {
    switch (format.items) {
      case 'table':
        return format.recognises(columns) ? 1 : 0;
      case 'lines':
        return lines.filter((line) => format.recognises(line)).length;
      case 'json':
        return objects.filter((object) => format.recognises(object)).length;
    }
  };
  return WORKLOADS.map((format) => ({ format, found: found(format) }))
    .filter((count) => count.found > 0)
    .sort((a, b) => b.found - a.found);
}

function rowsOf(
  body: string,
  document: readonly Json[] | null,
  format: WorkloadFormat,
  where: string,
  notes: string[],
): readonly WorkloadRow[] {
  if (format.items === 'table') return [...format.rows(body, where)];
  if (format.items === 'lines') return format.rows(linesOf(body), where);
  const said = new Set<string>();
  const read = format.reading((note) => said.add(note));
  const rows: WorkloadRow[] = [];
  for (const [object, at] of document === null ? objectLines(body, where) : elements(document, where)) {
    if (format.recognises(object)) rows.push(read(object, at));
    // What is no request has neither prompt nor output, and is dropped and counted as such.
    else rows.push({ atS: rows.at(-1)?.atS ?? 0, promptTokens: 0, outputTokens: 0 });
  }
  notes.push(...said);
  const fractions = rows.filter(({ atS }) => !Number.isInteger(Math.round(atS * 1e9) / 1e6)).length;
  if (inMilliseconds(format) && fractions > rows.length / 2)
    notes.push(
      'most timestamps are no whole milliseconds: were they seconds, the load would be 1000 times lower',
    );
  return rows;
}

function inMilliseconds({ name }: JsonWorkload): boolean {
  return name === 'Mooncake JSONL' || name === 'SGLang autobench JSONL';
}

/** The objects of a file that is one JSON value over several lines, or one list; null for lines of objects. */
function documentIn(body: string, firstLine: string): readonly Json[] | null {
  if (!/^[[{]/.test(firstLine) || (firstLine.startsWith('{') && firstLine.endsWith('}'))) return null;
  let value: unknown;
  try {
    value = parseJson(body, '');
  } catch {
    return null;
  }
  return (Array.isArray(value) ? value : [value]).filter(isObject);
}

function* elements(document: readonly Json[], where: string): Generator<[Json, string]> {
  for (const [i, object] of document.entries()) yield [object, `${where}, element ${i}`];
}

function* objectLines(body: string, where: string): Generator<[Json, string]> {
  let number = 0;
  for (const line of linesOf(body)) {
    number++;
    const json = line.trim();
    if (json === '') continue;
    yield [objectOf(json, `${where}, line ${number}`), `${where}, line ${number}`];
  }
}

function objectOf(json: string, where: string): Json {
  let object: unknown;
  try {
    object = parseJson(json, where);
  } catch (error) {
    if ((error as Error).message.includes('nested')) throw error;
    throw new UserError(`${where}: got ${shown(json)}, expected a whole JSON object; is the file cut off?`);
  }
  if (!isObject(object)) throw new UserError(`${where}: got ${shown(object)}, expected a JSON object`);
  return object;
}

function objectsIn(line: string, where: string): readonly Json[] {
  if (!line.trimStart().startsWith('{')) return [];
  try {
    return [objectOf(line, where)];
  } catch {
    // A damaged line may still tell its format; whoever reads it says what is wrong.
    const names = [...line.matchAll(/"([a-z_]{1,40})"\s{0,9}:/g)].map(([, name]) => [name!, null] as const);
    return [Object.fromEntries(names)];
  }
}

function firstLines(body: string): string[] {
  const lines: string[] = [];
  for (const line of linesOf(body)) {
    if (line.trim() !== '') lines.push(line);
    if (lines.length === HEAD) break;
  }
  return lines;
}

function* linesOf(body: string): Generator<string> {
  for (let begin = 0; begin < body.length; ) {
    const newline = body.indexOf('\n', begin);
    const end = newline === -1 ? body.length : newline;
    yield body.slice(begin, end);
    begin = end + 1;
  }
}
