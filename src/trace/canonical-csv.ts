/**
 * The trace file of our own: a comment line with what holds for the whole trace, then CSV with one row for
 * every request and one more for each of its drafters (docs/formats.md). What is written reads back the same.
 */
import * as z from 'zod';
import { type CsvRow, csvLine, csvRows } from '../csv.ts';
import { shown, UserError, unknownName } from '../errors.ts';
import { flatTokens, flatten, offsetsOf } from './flat.ts';
import type { AcceptanceTrace, PositionLengths } from './trace.ts';

/** What the first line of a file begins with. */
export const canonicalCsvMark = '# specsim trace ';

const COLUMNS = [
  'request',
  'drafter',
  'prompt_tokens',
  'output_tokens',
  'emitted',
  'proposed',
  'prompt_token_ids',
  'output_token_ids',
] as const;

type Column = (typeof COLUMNS)[number];

/** The drafter of a request's own row, which holds what it does when nothing is drafted. */
const NO_DRAFTER = 'none';

const SCHEMA = 1;
const MAX_INT32 = 2 ** 31 - 1;
/** maxK + 1 has to fit a byte. */
const MAX_MAX_K = 254;

const headSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  name: z.string(),
  provenance: z.strictObject({
    source: z.string(),
    target: z.string(),
    dataset: z.string(),
    engine: z.string().nullable(),
    licence: z.string().nullable(),
    draft: z.string().exactOptional(),
  }),
  outputLimit: z.int32().positive().nullable(),
  tokenIds: z.boolean(),
  drafters: z
    .array(
      z.strictObject({
        name: z
          .string()
          .min(1)
          .refine((name) => name !== NO_DRAFTER, `${NO_DRAFTER} is not the name of a drafter`),
        kind: z.enum(['recording', 'fitted']),
        maxK: z.int().min(0).max(MAX_MAX_K),
        proposed: z.enum(['listed', 'always', 'unknown']),
      }),
    )
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'a name is there twice'),
});

type Head = z.infer<typeof headSchema>;
type DrafterHead = Head['drafters'][number];

/** The text of a trace file. Request ids are taken to be distinct, and no drafter to be named `none`. */
export function formatCanonicalCsv(trace: AcceptanceTrace): string {
  const drafters = [...trace.drafters];
  const head: Head = {
    schema: SCHEMA,
    name: trace.name,
    provenance: trace.provenance,
    outputLimit: trace.outputLimit,
    tokenIds: trace.tokens !== null,
    drafters: drafters.map(([name, { kind, maxK, proposed }]) => ({
      name,
      kind,
      maxK,
      proposed: typeof proposed === 'string' ? proposed : 'listed',
    })),
  };
  const lines = [`${canonicalCsvMark}${JSON.stringify(head)}\n`, csvLine(COLUMNS)];
  trace.ids.forEach((id, r) => {
    lines.push(
      csvLine([
        id,
        NO_DRAFTER,
        trace.promptTokens[r]!,
        trace.outputTokens[r]!,
        '',
        '',
        trace.tokens === null ? '' : slice(trace.tokens.prompt, trace.tokens.promptOffsets, r).join(' '),
        trace.tokens === null ? '' : slice(trace.tokens.output, trace.tokens.outputOffsets, r).join(' '),
      ]),
    );
    for (const [name, { offsets, emitted, proposed }] of drafters) {
      lines.push(
        csvLine([
          id,
          name,
          '',
          offsets[r + 1]! - offsets[r]!,
          slice(emitted, offsets, r).join(' '),
          typeof proposed === 'string' ? '' : slice(proposed, offsets, r).join(' '),
          '',
          '',
        ]),
      );
    }
  });
  return lines.join('');
}

function slice<T extends Int32Array | Uint8Array>(values: T, offsets: Int32Array, r: number): T {
  return values.subarray(offsets[r]!, offsets[r + 1]!) as T;
}

interface Baseline {
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly prompt: readonly number[];
  readonly output: readonly number[];
}

interface Lengths {
  readonly emitted: readonly number[];
  readonly proposed: readonly number[];
}

/** The rows of one request, as far as read. */
interface Request {
  readonly line: number;
  readonly lines: Map<string, number>;
  readonly drafters: Map<string, Lengths>;
  baseline: Baseline | null;
}

/**
 * The trace in the text of a file that `formatCanonicalCsv` could have written; rows and columns may stand in
 * any order. Requests keep the order of their first rows.
 *
 * @param where the file's path, for messages
 * @throws UserError with file, line and column
 */
export function parseCanonicalCsv(text: string, where: string): AcceptanceTrace {
  const headEnd = text.indexOf('\n') === -1 ? text.length : text.indexOf('\n');
  const head = parseHead(text.slice(0, headEnd), `${where}, line 1`);
  const requests = parseRequests(csvRows(text.slice(headEnd + 1), where, 2), head, where);
  if (requests.size === 0) throw new UserError(`${where}: no rows, expected one or more a request`);
  for (const [id, { line, lines }] of requests) {
    const missing = rowNames(head).find((name) => !lines.has(name));
    if (missing !== undefined) {
      throw new UserError(
        `${where}, line ${line}: request ${shown(id)} has no row whose drafter is ${missing}`,
      );
    }
  }
  const rows = [...requests.values()];
  const baselines = rows.map((row) => row.baseline!);
  return {
    name: head.name,
    provenance: head.provenance,
    ids: [...requests.keys()],
    promptTokens: Int32Array.from(baselines, (row) => row.promptTokens),
    outputTokens: Int32Array.from(baselines, (row) => row.outputTokens),
    outputLimit: head.outputLimit,
    drafters: new Map(
      head.drafters.map(({ name, kind, maxK, proposed }) => {
        const lengths = rows.map((row) => row.drafters.get(name)!);
        return [name, { ...flatLengths(lengths, proposed), kind, maxK }];
      }),
    ),
    tokens: head.tokenIds
      ? flatTokens(
          baselines.map((row) => row.prompt),
          baselines.map((row) => row.output),
        )
      : null,
  };
}

/** What the drafter column may say: every request has a row of each. */
function rowNames(head: Head): string[] {
  return [NO_DRAFTER, ...head.drafters.map(({ name }) => name)];
}

function flatLengths(
  lengths: readonly Lengths[],
  proposed: DrafterHead['proposed'],
): Pick<PositionLengths, 'offsets' | 'emitted' | 'proposed'> {
  const emitted = lengths.map((row) => row.emitted);
  const offsets = offsetsOf(emitted);
  const flat = (lists: readonly (readonly number[])[]) => flatten(lists, new Uint8Array(offsets.at(-1)!));
  return {
    offsets,
    emitted: flat(emitted),
    proposed: proposed === 'listed' ? flat(lengths.map((row) => row.proposed)) : proposed,
  };
}

function parseHead(line: string, where: string): Head {
  let value: unknown;
  try {
    if (!line.startsWith(canonicalCsvMark)) throw new SyntaxError();
    value = JSON.parse(line.slice(canonicalCsvMark.length));
  } catch {
    throw new UserError(`${where}: expected ${canonicalCsvMark}{json object}, got ${shown(line)}`);
  }
  const head = headSchema.safeParse(value);
  if (head.success) return head.data;
  const { path, message } = head.error.issues[0]!;
  const field = path.length === 0 ? '' : `${path.join('.')}: `;
  throw new UserError(`${where}: ${field}${message.charAt(0).toLowerCase()}${message.slice(1)}`);
}

function parseRequests(rows: Iterable<CsvRow>, head: Head, where: string): Map<string, Request> {
  const requests = new Map<string, Request>();
  let columns: Record<Column, number> | null = null;
  for (const row of rows) {
    const at = `${where}, line ${row.line}`;
    if (columns === null) {
      columns = parseHeader(row.cells, at);
      continue;
    }
    if (row.cells.length !== COLUMNS.length) {
      throw new UserError(`${at}: ${row.cells.length} cells, expected ${COLUMNS.length} as in the header`);
    }
    const reader = new RowReader(row.cells, columns, at);
    const id = reader.cell('request');
    if (id === '') throw new UserError(`${at}, column request: empty, expected an id`);
    const name = reader.cell('drafter');
    const request = requests.get(id) ?? {
      line: row.line,
      lines: new Map(),
      drafters: new Map(),
      baseline: null,
    };
    requests.set(id, request);
    const earlier = request.lines.get(name);
    if (earlier !== undefined) {
      throw new UserError(
        `${at}: request ${shown(id)} with drafter ${shown(name)} was on line ${earlier} already`,
      );
    }
    request.lines.set(name, row.line);
    if (name === NO_DRAFTER) {
      request.baseline = parseBaseline(reader, head.tokenIds);
      continue;
    }
    const drafter = head.drafters.find((candidate) => candidate.name === name);
    if (drafter === undefined) {
      throw new UserError(`${at}: ${unknownName('drafter', name, rowNames(head)).message}`);
    }
    request.drafters.set(name, parseLengths(reader, drafter));
  }
  return requests;
}

function parseHeader(cells: readonly string[], at: string): Record<Column, number> {
  for (const [i, cell] of cells.entries()) {
    if (!(COLUMNS as readonly string[]).includes(cell)) {
      throw new UserError(`${at}: ${unknownName('column', cell, COLUMNS).message}`);
    }
    if (cells.indexOf(cell) !== i) throw new UserError(`${at}: column ${cell} is there twice`);
  }
  const missing = COLUMNS.filter((column) => !cells.includes(column));
  if (missing.length > 0) throw new UserError(`${at}: no column ${missing.join(', ')}`);
  return Object.fromEntries(COLUMNS.map((column) => [column, cells.indexOf(column)])) as Record<
    Column,
    number
  >;
}

function parseBaseline(row: RowReader, tokenIds: boolean): Baseline {
  row.empty('emitted', 'proposed');
  if (!tokenIds) row.empty('prompt_token_ids', 'output_token_ids');
  const promptTokens = row.count('prompt_tokens');
  const outputTokens = row.count('output_tokens');
  return {
    promptTokens,
    outputTokens,
    prompt: tokenIds ? row.list('prompt_token_ids', promptTokens, 0, MAX_INT32) : [],
    output: tokenIds ? row.list('output_token_ids', outputTokens, 0, MAX_INT32) : [],
  };
}

function parseLengths(row: RowReader, { maxK, proposed }: DrafterHead): Lengths {
  row.empty('prompt_tokens', 'prompt_token_ids', 'output_token_ids');
  const tokens = row.count('output_tokens');
  const emitted = row.list('emitted', tokens, 1, maxK + 1);
  if (tokens > 0 && emitted[0] !== 1) {
    throw row.error('emitted', `element 0 is ${emitted[0]}, expected 1, the token that the prefill emits`);
  }
  if (proposed !== 'listed') {
    row.empty('proposed');
    return { emitted, proposed: [] };
  }
  const list = row.list('proposed', tokens, 0, maxK);
  const short = list.findIndex((count, position) => count < emitted[position]! - 1);
  if (short !== -1) {
    throw row.error(
      'proposed',
      `element ${short} is ${list[short]}, expected at least ${emitted[short]! - 1}, since ${emitted[short]} are emitted`,
    );
  }
  return { emitted, proposed: list };
}

/** Reads the cells of one row by column name. */
class RowReader {
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

  cell(column: Column): string {
    return this.cells[this.columns[column]]!;
  }

  empty(...columns: Column[]): void {
    for (const column of columns) {
      const cell = this.cell(column);
      if (cell !== '') throw this.error(column, `expected nothing in this row, got ${shown(cell)}`);
    }
  }

  count(column: Column): number {
    const cell = this.cell(column);
    const value = Number(cell);
    if (/^\d+$/.test(cell) && value <= MAX_INT32) return value;
    throw this.error(column, `got ${shown(cell)}, expected an integer 0 to ${MAX_INT32}`);
  }

  /** Integers with one space between them. */
  list(column: Column, length: number, min: number, max: number): number[] {
    const cell = this.cell(column);
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
    if (list.length !== length) {
      throw this.error(column, `${list.length} elements, expected ${length}`);
    }
    return list;
  }
}
