/**
 * What the two files of our own for position-indexed traces, CSV and JSONL, have in common: a head with what holds
 * for the whole trace, then one row for every request and one more for each of its drafters (docs/formats.md).
 */
import * as z from 'zod/mini';
import { shown, UserError, unknownName } from '../errors.ts';
import { strictObject } from '../validate.ts';
import { lengthOfAccepted, MAX_K } from './conventions.ts';
import { flatTokens, flatten, offsetsOf } from './flat.ts';
import { idsOf } from './request-ids.ts';
import { rankBegins } from './token-ranks.ts';
import { SCORE_FIELDS } from './token-scores.ts';
import type { AcceptanceTrace, PositionLengths } from './trace.ts';

export const COLUMNS = [
  'request',
  'drafter',
  'prompt_tokens',
  'output_tokens',
  'emitted',
  'proposed',
  'ranks',
  'confidence',
  'scores',
  'prompt_token_ids',
  'output_token_ids',
] as const;

export type Column = (typeof COLUMNS)[number];

/** Choices that ranks may tell apart: a rank fits a byte. */
const MOST_CHOICES = 255;

/** The drafter of a request's own row, which holds what it does when nothing is drafted. */
const NO_DRAFTER = 'none';

export const SCHEMA = 1;
export const MAX_INT32 = 2 ** 31 - 1;

/** How a file states its lengths. Files of this program always count the bonus token. */
const conventionsSchema = strictObject({ bonusCounted: z.boolean() });

export const headSchema = strictObject({
  schema: z.literal(SCHEMA),
  kind: z.exactOptional(z.literal('position-indexed')),
  name: z.string(),
  provenance: strictObject({
    source: z.string(),
    target: z.string(),
    dataset: z.string(),
    engine: z.nullable(z.string()),
    licence: z.nullable(z.string()),
    draft: z.exactOptional(z.string()),
  }),
  conventions: z.exactOptional(conventionsSchema),
  outputLimit: z.nullable(z.int32().check(z.positive())),
  tokenIds: z.boolean(),
  drafters: z
    .array(
      strictObject({
        name: z.string().check(
          z.minLength(1),
          z.refine((name) => name !== NO_DRAFTER, `${NO_DRAFTER} is not the name of a drafter`),
        ),
        kind: z.enum(['recording', 'fitted']),
        maxK: z.int().check(z.gte(0), z.lte(MAX_K)),
        proposed: z.enum(['listed', 'always', 'unknown']),
        ranks: z.exactOptional(z.int().check(z.gte(1), z.lte(MOST_CHOICES))),
        confidence: z.exactOptional(z.int().check(z.gte(1), z.lte(MAX_K))),
        scores: z.exactOptional(z.literal(true)),
      }),
    )
    .check(
      z.refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'a name is there twice'),
    ),
});

export type Head = z.infer<typeof headSchema>;
type DrafterHead = Head['drafters'][number];

const SIGNALS = ['ranks', 'confidence', 'scores'] as const;

/** The columns of a table with this head: ranks, confidence and scores have one where some drafter has them. */
export function columnsOf({ drafters }: Head): readonly Column[] {
  const missing = SIGNALS.filter((signal) => drafters.every((one) => one[signal] === undefined));
  return COLUMNS.filter((column) => !missing.some((signal) => signal === column));
}

export function headOf(trace: AcceptanceTrace): Head {
  return {
    schema: SCHEMA,
    kind: 'position-indexed',
    name: trace.name,
    provenance: trace.provenance,
    conventions: { bonusCounted: true },
    outputLimit: trace.outputLimit,
    tokenIds: trace.tokens !== null,
    drafters: [...trace.drafters].map(([name, { kind, maxK, proposed, ranks, confidence, scores }]) => ({
      name,
      kind,
      maxK,
      proposed: typeof proposed === 'string' ? proposed : 'listed',
      ...(ranks !== undefined && { ranks: ranks.most }),
      ...(confidence !== undefined && { confidence: confidence.depths }),
      ...(scores !== undefined && { scores: true as const }),
    })),
  };
}

/** A row as it is written; columns that do not belong to it are left out. */
type Cells = Readonly<Partial<Record<Column, string | number | ArrayLike<number>>>>;

/** Request ids are taken to be distinct, and no drafter to be named `none`. */
export function* rowsOf(trace: AcceptanceTrace): Generator<Cells> {
  const { promptTokens, outputTokens, tokens } = trace;
  const begins = new Map(
    [...trace.drafters].map(([name, { ranks, emitted, maxK }]) => [
      name,
      ranks && rankBegins(ranks.list, emitted.length, maxK),
    ]),
  );
  for (const [r, request] of idsOf(trace).entries()) {
    yield {
      request,
      drafter: NO_DRAFTER,
      prompt_tokens: promptTokens[r]!,
      output_tokens: outputTokens[r]!,
      ...(tokens !== null && {
        prompt_token_ids: slice(tokens.prompt, tokens.promptOffsets, r),
        output_token_ids: slice(tokens.output, tokens.outputOffsets, r),
      }),
    };
    for (const [drafter, { offsets, emitted, proposed, ranks, confidence, scores }] of trace.drafters) {
      const ofRanks = begins.get(drafter);
      yield {
        request,
        drafter,
        output_tokens: offsets[r + 1]! - offsets[r]!,
        emitted: slice(emitted, offsets, r),
        ...(typeof proposed !== 'string' && { proposed: slice(proposed, offsets, r) }),
        ...(ranks && {
          ranks: ranks.list.subarray(ofRanks![offsets[r]!]!, ofRanks![offsets[r + 1]!]!),
        }),
        ...(confidence && {
          confidence: confidence.list.subarray(
            confidence.depths * offsets[r]!,
            confidence.depths * offsets[r + 1]!,
          ),
        }),
        ...(scores && {
          scores: scores.list.subarray(SCORE_FIELDS * offsets[r]!, SCORE_FIELDS * offsets[r + 1]!),
        }),
      };
    }
  }
}

function slice<T extends Int32Array | Uint8Array>(values: T, offsets: Int32Array, r: number): T {
  return values.subarray(offsets[r]!, offsets[r + 1]!) as T;
}

/** Reads the columns of one row, whatever the file's syntax. Errors name file, line and column. */
export interface RowReader {
  error(column: Column, message: string): UserError;
  /** Text; empty where there is none. */
  text(column: Column): string;
  /** @throws UserError unless nothing stands there */
  empty(...columns: Column[]): void;
  count(column: Column, max: number): number;
  /** Lengths or ranks, which fit a byte; `length` of them, or as many as stand there. */
  bytes(column: Column, length: number | null, min: number, max: number): Uint8Array;
  /** Token ids. */
  ids(column: Column, length: number): Int32Array;
}

interface Baseline {
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly prompt: Int32Array;
  readonly output: Int32Array;
}

interface Lengths {
  readonly emitted: Uint8Array;
  readonly proposed: Uint8Array;
  readonly ranks: Uint8Array;
  readonly confidence: Uint8Array;
  readonly scores: Uint8Array;
}

/** The rows of one request, as far as read. */
interface RecordedRequest {
  readonly line: number;
  readonly lines: Map<string, number>;
  readonly drafters: Map<string, Lengths>;
  baseline: Baseline | null;
}

/** Gathers the rows of a file, in any order. Requests keep the order of their first rows. */
export class TraceGatherer {
  readonly #head: Head;
  readonly #where: string;
  readonly #requests = new Map<string, RecordedRequest>();

  /** @param where the file's path, for messages */
  constructor(head: Head, where: string) {
    this.#head = head;
    this.#where = where;
  }

  /** @throws UserError with file, line and column */
  add(row: RowReader, line: number): void {
    const at = `${this.#where}, line ${line}`;
    const id = row.text('request');
    if (id === '') throw new UserError(`${at}, column request: empty, expected an id`);
    const name = row.text('drafter');
    const request = this.#requests.get(id) ?? {
      line,
      lines: new Map(),
      drafters: new Map(),
      baseline: null,
    };
    this.#requests.set(id, request);
    const earlier = request.lines.get(name);
    if (earlier !== undefined) {
      throw new UserError(
        `${at}: request ${shown(id)} with drafter ${shown(name)} was on line ${earlier} already`,
      );
    }
    request.lines.set(name, line);
    if (name === NO_DRAFTER) {
      request.baseline = parseBaseline(row, this.#head.tokenIds);
      return;
    }
    const drafter = this.#head.drafters.find((candidate) => candidate.name === name);
    if (drafter === undefined) {
      throw new UserError(`${at}: ${unknownName('drafter', name, rowNames(this.#head)).message}`);
    }
    const bonus = this.#head.conventions?.bonusCounted === false ? 0 : 1;
    request.drafters.set(name, parseLengths(row, drafter, bonus));
  }

  /** @throws UserError when a row is missing */
  finish(): AcceptanceTrace {
    const head = this.#head;
    if (this.#requests.size === 0)
      throw new UserError(`${this.#where}: no rows, expected one or more a request`);
    for (const [id, { line, lines }] of this.#requests) {
      const missing = rowNames(head).find((name) => !lines.has(name));
      if (missing !== undefined) {
        throw new UserError(
          `${this.#where}, line ${line}: request ${shown(id)} has no row whose drafter is ${missing}`,
        );
      }
    }
    const rows = [...this.#requests.values()];
    const baselines = rows.map((row) => row.baseline!);
    return {
      name: head.name,
      provenance: head.provenance,
      ids: [...this.#requests.keys()],
      promptTokens: Int32Array.from(baselines, (row) => row.promptTokens),
      outputTokens: Int32Array.from(baselines, (row) => row.outputTokens),
      outputLimit: head.outputLimit,
      drafters: new Map(
        head.drafters.map((drafter) => {
          const { name, kind, maxK } = drafter;
          const lengths = rows.map((row) => row.drafters.get(name)!);
          return [name, { ...flatLengths(lengths, drafter), kind, maxK }];
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
}

/** What the drafter column may say: every request has a row of each. */
function rowNames(head: Head): string[] {
  return [NO_DRAFTER, ...head.drafters.map(({ name }) => name)];
}

function flatLengths(
  lengths: readonly Lengths[],
  { proposed, ranks, confidence: depths, scores }: DrafterHead,
): Pick<PositionLengths, 'offsets' | 'emitted' | 'proposed' | (typeof SIGNALS)[number]> {
  const emitted = lengths.map((row) => row.emitted);
  const offsets = offsetsOf(emitted);
  const flat = (lists: readonly Uint8Array[]) => flatten(lists, new Uint8Array(offsets.at(-1)!));
  return {
    offsets,
    emitted: flat(emitted),
    proposed: proposed === 'listed' ? flat(lengths.map((row) => row.proposed)) : proposed,
    ...(ranks !== undefined && { ranks: { most: ranks, list: joined(lengths, 'ranks') } }),
    ...(depths !== undefined && { confidence: { depths, list: joined(lengths, 'confidence') } }),
    ...(scores && { scores: { list: joined(lengths, 'scores') } }),
  };
}

function joined(lengths: readonly Lengths[], column: (typeof SIGNALS)[number]): Uint8Array {
  const lists = lengths.map((row) => row[column]);
  return flatten(lists, new Uint8Array(offsetsOf(lists).at(-1)!));
}

const NO_IDS = new Int32Array();
const NO_LENGTHS = new Uint8Array();

function parseBaseline(row: RowReader, tokenIds: boolean): Baseline {
  row.empty('emitted', 'proposed', ...SIGNALS);
  if (!tokenIds) row.empty('prompt_token_ids', 'output_token_ids');
  const promptTokens = row.count('prompt_tokens', MAX_INT32);
  const outputTokens = row.count('output_tokens', MAX_INT32);
  return {
    promptTokens,
    outputTokens,
    prompt: tokenIds ? row.ids('prompt_token_ids', promptTokens) : NO_IDS,
    output: tokenIds ? row.ids('output_token_ids', outputTokens) : NO_IDS,
  };
}

function parseLengths(row: RowReader, drafter: DrafterHead, bonus: 0 | 1): Lengths {
  const { maxK, proposed } = drafter;
  row.empty('prompt_tokens', 'prompt_token_ids', 'output_token_ids');
  const tokens = row.count('output_tokens', MAX_INT32);
  const stated = row.bytes('emitted', tokens, bonus, maxK + bonus);
  if (tokens > 0 && stated[0] !== bonus) {
    throw row.error(
      'emitted',
      `element 0 is ${stated[0]}, expected ${bonus}, the token that the prefill emits`,
    );
  }
  const emitted = bonus === 1 ? stated : stated.map(lengthOfAccepted);
  const ranks = parseRanks(row, emitted, drafter);
  const { confidence: depths } = drafter;
  if (depths === undefined) row.empty('confidence');
  const confidence = depths === undefined ? NO_LENGTHS : row.bytes('confidence', depths * tokens, 0, 255);
  if (!drafter.scores) row.empty('scores');
  const scores = drafter.scores ? row.bytes('scores', SCORE_FIELDS * tokens, 0, 255) : NO_LENGTHS;
  if (proposed !== 'listed') {
    row.empty('proposed');
    return { emitted, proposed: NO_LENGTHS, ranks, confidence, scores };
  }
  const list = row.bytes('proposed', tokens, 0, maxK);
  const short = list.findIndex((count, position) => count < emitted[position]! - 1);
  if (short !== -1) {
    throw row.error(
      'proposed',
      `element ${short} is ${list[short]}, expected at least ${emitted[short]! - 1}, since ${emitted[short]} are emitted`,
    );
  }
  return { emitted, proposed: list, ranks, confidence, scores };
}

/** The ranks of a row: a list for each position, in which the drafts that are accepted are first choices. */
function parseRanks(row: RowReader, emitted: Uint8Array, { maxK, ranks: most }: DrafterHead): Uint8Array {
  if (most === undefined) {
    row.empty('ranks');
    return NO_LENGTHS;
  }
  const list = row.bytes('ranks', null, 0, most);
  const begins = rankBegins(list, emitted.length, maxK);
  if (begins.at(-1) !== list.length) {
    throw row.error(
      'ranks',
      `${list.length} elements, expected a list for each of ${emitted.length} positions that ends with 0 or after ${maxK} ranks`,
    );
  }
  for (const [position, tokens] of emitted.entries()) {
    const own = list.subarray(begins[position], begins[position + 1]);
    const left = Math.min(maxK, emitted.length - position);
    const other = own.findIndex((rank) => rank !== 1);
    const first = Math.min(other === -1 ? own.length : other, left);
    const accepted = Math.min(tokens - 1, left);
    if (first !== accepted) {
      throw row.error(
        'ranks',
        `position ${position} begins with ${first} first choices, expected ${accepted}, since ${tokens} are emitted`,
      );
    }
  }
  if (list[0]! > 0) {
    throw row.error('ranks', `position 0 has rank ${list[0]}, expected 0: the prefill emits its token`);
  }
  return list;
}
