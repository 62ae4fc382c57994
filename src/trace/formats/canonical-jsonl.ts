/**
 * The trace file of our own as JSONL, for acceptance of every kind: a head, then a line for every request and method,
 * or for every part of a rates-only source (docs/formats.md). What is written reads back the same.
 */
import { shown, UserError, unknownName } from '../../errors.ts';
import { validate } from '../../validate.ts';
import {
  COLUMNS,
  type Column,
  headOf,
  headSchema,
  MAX_INT32,
  type RowReader,
  rowsOf,
  TraceGatherer,
} from '../canonical.ts';
import { lengthOfAccepted, MAX_K, marginalOfConditional } from '../conventions.ts';
import { type AcceptanceRecord, DRAFTING, type Drafting, type Rates, type Steps } from '../record.ts';
import { StepCollector } from '../steps.ts';
import type { TokenConfidence } from '../token-confidence.ts';
import type { AcceptanceTrace, Provenance } from '../trace.ts';
import {
  bytesAt,
  checkTotals,
  countAt,
  countsAt,
  isObject,
  type Json,
  listAt,
  marginalAt,
  NO_RATES,
  numberAt,
  objectAt,
  optional,
  textAt,
} from './fields.ts';
import type { JsonFormat } from './format.ts';

const MARK = 'specsim_trace';
const SCHEMA = 1;

const line = (value: object): string => `${JSON.stringify(value)}\n`;

/** The lines of a file. */
export function* canonicalJsonl(record: AcceptanceRecord): Generator<string> {
  if (record.kind === 'position-indexed') {
    const { schema, ...head } = headOf(record.trace);
    yield line({ [MARK]: schema, ...head });
    yield* canonicalJsonlRows(record.trace);
    return;
  }
  const { kind, name, provenance } = record;
  if (kind === 'rates') {
    const conventions = { bonusCounted: true, rates: 'marginal' };
    yield line({ [MARK]: SCHEMA, kind, name, provenance, conventions });
    for (const rates of record.rates) yield line(rates);
    return;
  }
  yield line({
    [MARK]: SCHEMA,
    kind,
    name,
    provenance,
    conventions: { bonusCounted: true },
    drafters: record.drafters.map(({ method, drafting, maxK, confidence }) => ({
      ...{ method, drafting, maxK },
      ...(confidence && { confidence: confidence.depths }),
    })),
  });
  for (const steps of record.drafters) {
    for (let r = 0; r < steps.ids.length; r++) {
      const [begin, end] = [steps.offsets[r]!, steps.offsets[r + 1]!];
      yield line({
        method: steps.method,
        request: steps.ids[r]!,
        prompt_tokens: steps.promptTokens?.[r] ?? null,
        output_tokens: steps.outputTokens[r]!,
        emitted: Array.from(steps.emitted.subarray(begin, end)),
        proposed: steps.proposed === null ? null : Array.from(steps.proposed.subarray(begin, end)),
        ...(steps.confidence && { confidence: confidenceOf(steps.confidence, begin, end) }),
      });
    }
  }
}

function confidenceOf({ depths, list }: TokenConfidence, begin: number, end: number): number[] {
  return Array.from(list.subarray(depths * begin, depths * end));
}

/** The rows of a position-indexed trace, without the head, which traces of other requests may share. */
export function* canonicalJsonlRows(trace: AcceptanceTrace): Generator<string> {
  for (const row of rowsOf(trace)) {
    yield line(
      Object.fromEntries(
        Object.entries(row).map(([column, cell]) => [
          column,
          typeof cell === 'object' ? Array.from(cell) : cell,
        ]),
      ),
    );
  }
}

interface Head {
  /** Lengths of the file plus this count the bonus token. */
  readonly uncounted: 0 | 1;
  /** How the file states its shares by position: the name of their field. */
  readonly rates: 'marginal' | 'conditional';
  readonly name: string;
  readonly provenance: Provenance;
  readonly drafters:
    | readonly (Pick<Steps, 'method' | 'drafting' | 'maxK'> & { readonly depths: number | null })[]
    | null;
}

export const canonicalJsonlFormat: JsonFormat = {
  name: 'specsim-jsonl',
  title: 'specsim trace JSONL',
  items: 'json',
  whole: true,
  recognises: (value) => isObject(value) && MARK in value,
  open(where) {
    let head: Head | null = null;
    let gatherer: TraceGatherer | null = null;
    const rates: Rates[] = [];
    const collectors = new Map<string, StepCollector>();
    return {
      add(value, at) {
        const item = objectAt(value, 'the value', at);
        if (gatherer !== null) {
          gatherer.add(new JsonRowReader(item, at), Number(at.slice(at.lastIndexOf(' ') + 1)));
        } else if (head === null && item.kind === 'position-indexed') {
          const { [MARK]: schema, ...rest } = item;
          gatherer = new TraceGatherer(validate(headSchema, { schema, ...rest }, at), where);
        } else if (head === null) {
          head = readHead(item, at);
          for (const { method } of head.drafters ?? []) {
            if (collectors.has(method)) throw new UserError(`${at}: method ${method} is there twice`);
            collectors.set(method, new StepCollector());
          }
        } else if (head.drafters === null) {
          rates.push(readRates(item, head, at));
        } else {
          const method = textAt(item.method, 'method', at);
          const drafter = head.drafters.find((other) => other.method === method);
          if (drafter === undefined)
            throw new UserError(`${at}: ${unknownName('method', method, [...collectors.keys()]).message}`);
          collectors.get(method)!.add(
            {
              id: textAt(item.request, 'request', at),
              promptTokens: optional(item.prompt_tokens, (n) =>
                countAt(n, 'prompt_tokens', at, 0, 2 ** 31 - 1),
              ),
              outputTokens: countAt(item.output_tokens, 'output_tokens', at, 0, 2 ** 27),
              emitted: lengths(item.emitted, head, drafter.maxK, at),
              proposed: optional(item.proposed, (list) => bytesAt(list, 'proposed', at, 0, drafter.maxK)),
              ...(drafter.depths !== null && {
                confidence: {
                  depths: drafter.depths,
                  list: bytesAt(item.confidence, 'confidence', at, 0, 255),
                },
              }),
            },
            at,
          );
        }
      },
      finish() {
        if (gatherer !== null) return { kind: 'position-indexed', trace: gatherer.finish() };
        if (head === null) throw new UserError(`${where}: empty file, expected a head`);
        const { name, provenance } = head;
        if (head.drafters === null) {
          if (rates.length === 0)
            throw new UserError(`${where}: no rates after the head, expected one or more lines`);
          return { kind: 'rates', name, provenance, rates };
        }
        const drafters = head.drafters.map(({ method, drafting, maxK }) => {
          const collector = collectors.get(method)!;
          if (collector.requests === 0)
            throw new UserError(`${where}: no line of method ${method}, expected one or more`);
          return collector.finish(method, drafting, maxK);
        });
        return { kind: 'step-indexed', name, provenance, drafters };
      },
    };
  },
};

function readHead(item: Json, at: string): Head {
  if (item[MARK] !== SCHEMA)
    throw new UserError(
      `${at}: ${MARK} is ${JSON.stringify(item[MARK])}, expected ${SCHEMA}, the version of the format`,
    );
  const from = objectAt(item.provenance, 'provenance', at);
  const text = (field: string) => textAt(from[field], `provenance.${field}`, at);
  const known = (field: string) => optional(from[field], () => text(field));
  const draft = known('draft');
  const provenance: Provenance = {
    source: text('source'),
    target: text('target'),
    dataset: text('dataset'),
    engine: known('engine'),
    licence: known('licence'),
    ...(draft === null ? {} : { draft }),
  };
  const name = textAt(item.name, 'name', at);
  const shared = { name, provenance, ...readConventions(item, at) };
  if (item.kind === 'rates') return { ...shared, drafters: null };
  if (item.kind !== 'step-indexed') {
    throw new UserError(
      `${at}: kind is ${JSON.stringify(item.kind)}, expected position-indexed, step-indexed or rates`,
    );
  }
  const drafters = listAt(item.drafters, 'drafters', at).map((value, i) => {
    const drafter = objectAt(value, `drafters[${i}]`, at);
    const drafting = textAt(drafter.drafting, `drafters[${i}].drafting`, at);
    if (!(DRAFTING as readonly string[]).includes(drafting))
      throw new UserError(`${at}: ${unknownName('drafting', drafting, DRAFTING).message}`);
    return {
      method: textAt(drafter.method, `drafters[${i}].method`, at),
      drafting: drafting as Drafting,
      maxK: countAt(drafter.maxK, `drafters[${i}].maxK`, at, 0, MAX_K),
      depths: optional(drafter.confidence, (depths) =>
        countAt(depths, `drafters[${i}].confidence`, at, 1, MAX_K),
      ),
    };
  });
  if (drafters.length === 0) throw new UserError(`${at}: drafters is empty, expected one or more`);
  return { ...shared, drafters };
}

/** Files that do not say theirs have those of this program. */
function readConventions(item: Json, at: string): Pick<Head, 'uncounted' | 'rates'> {
  const stated = optional(item.conventions, (value) => objectAt(value, 'conventions', at)) ?? {};
  const { bonusCounted = true, rates = 'marginal' } = stated;
  if (typeof bonusCounted !== 'boolean')
    throw new UserError(
      `${at}: conventions.bonusCounted is ${JSON.stringify(bonusCounted)}, expected true or false`,
    );
  if (rates !== 'marginal' && rates !== 'conditional')
    throw new UserError(
      `${at}: conventions.rates is ${JSON.stringify(rates)}, expected marginal or conditional`,
    );
  return { uncounted: bonusCounted ? 0 : 1, rates };
}

function lengths(value: unknown, { uncounted }: Head, maxK: number, at: string): Uint8Array {
  const stated = bytesAt(value, 'emitted', at, 1 - uncounted, maxK + 1 - uncounted);
  return uncounted === 0 ? stated : stated.map(lengthOfAccepted);
}

function readRates(item: Json, { uncounted, rates: field }: Head, at: string): Rates {
  const fields = ['label', ...Object.keys(NO_RATES).filter((key) => key !== 'marginal'), field, 'weight'];
  const unknown = Object.keys(item).find((key) => !fields.includes(key));
  if (unknown !== undefined) throw new UserError(`${at}: ${unknownName('field', unknown, fields).message}`);
  const count = (field: keyof Rates) => optional(item[field], (value) => numberAt(value, field, at));
  const weight = count('weight');
  return checkTotals(
    {
      label: textAt(item.label, 'label', at),
      method: optional(item.method, (value) => textAt(value, 'method', at)),
      k: optional(item.k, (value) => countAt(value, 'k', at, 0, MAX_K)),
      rounds: count('rounds'),
      draftedTokens: count('draftedTokens'),
      acceptedTokens: count('acceptedTokens'),
      meanLength: optional(item.meanLength, (value) => numberAt(value, 'meanLength', at) + uncounted),
      marginal: optional(item[field], (value) =>
        field === 'marginal' ? marginalAt(value, field, at) : conditionalAt(value, at),
      ),
      roundsWithoutProposal: count('roundsWithoutProposal'),
      ...(weight !== null && { weight }),
    },
    at,
  );
}

/** P(draft i accepted, given those before), as marginal shares. */
function conditionalAt(value: unknown, at: string): number[] {
  const rates = listAt(value, 'conditional', at).map((rate, i) =>
    numberAt(rate, `conditional[${i}]`, at, 0, 1),
  );
  return marginalAt(marginalOfConditional(rates), 'conditional', at);
}

class JsonRowReader implements RowReader {
  readonly #item: Json;
  readonly #at: string;

  constructor(item: Json, at: string) {
    this.#item = item;
    this.#at = at;
    const unknown = Object.keys(item).find((key) => !(COLUMNS as readonly string[]).includes(key));
    if (unknown !== undefined)
      throw new UserError(`${at}: ${unknownName('field', unknown, COLUMNS).message}`);
  }

  error(column: Column, message: string): UserError {
    return new UserError(`${this.#at}, ${column}: ${message}`);
  }

  text(column: Column): string {
    return textAt(this.#item[column], column, this.#at);
  }

  empty(...columns: Column[]): void {
    for (const column of columns) {
      const cell = this.#item[column];
      if (cell !== undefined) throw this.error(column, `expected nothing in this row, got ${shown(cell)}`);
    }
  }

  count(column: Column, max: number): number {
    return countAt(this.#item[column], column, this.#at, 0, max);
  }

  bytes(column: Column, length: number | null, min: number, max: number): Uint8Array {
    const list = bytesAt(this.#item[column], column, this.#at, min, max);
    return length === null ? list : this.#ofLength(column, list, length);
  }

  ids(column: Column, length: number): Int32Array {
    const list = countsAt(this.#item[column], column, this.#at, 0, MAX_INT32);
    return this.#ofLength(column, Int32Array.from(list), length);
  }

  #ofLength<List extends ArrayLike<number>>(column: Column, list: List, length: number): List {
    if (list.length === length) return list;
    throw this.error(column, `${list.length} elements, expected ${length}`);
  }
}
