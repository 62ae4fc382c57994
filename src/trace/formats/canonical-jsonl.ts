/**
 * The trace file of our own for what is not position-indexed: a head, then a line for every request and method,
 * or for every part of a rates-only source (docs/formats.md). What is written reads back the same.
 */
import { UserError, unknownName } from '../../errors.ts';
import {
  DRAFTING,
  type Drafting,
  type Rates,
  type RatesRecord,
  type StepRecord,
  type Steps,
} from '../record.ts';
import { StepCollector } from '../steps.ts';
import type { Provenance } from '../trace.ts';
import {
  checkTotals,
  countAt,
  countsAt,
  isObject,
  type Json,
  listAt,
  MAX_K,
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

/** The lines of a file. */
export function* canonicalJsonl(record: StepRecord | RatesRecord): Generator<string> {
  const { kind, name, provenance } = record;
  const line = (value: object): string => `${JSON.stringify(value)}\n`;
  if (kind === 'rates') {
    yield line({ [MARK]: SCHEMA, kind, name, provenance });
    for (const rates of record.rates) yield line(rates);
    return;
  }
  yield line({
    [MARK]: SCHEMA,
    kind,
    name,
    provenance,
    drafters: record.drafters.map(({ method, drafting, maxK }) => ({ method, drafting, maxK })),
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
      });
    }
  }
}

interface Head {
  readonly name: string;
  readonly provenance: Provenance;
  readonly drafters: readonly Pick<Steps, 'method' | 'drafting' | 'maxK'>[] | null;
}

export const canonicalJsonlFormat: JsonFormat = {
  name: 'specsim-jsonl',
  title: 'specsim trace JSONL',
  items: 'json',
  recognises: (value) => isObject(value) && MARK in value,
  open(where) {
    let head: Head | null = null;
    const rates: Rates[] = [];
    const collectors = new Map<string, StepCollector>();
    return {
      add(value, at) {
        const item = objectAt(value, 'the value', at);
        if (head === null) {
          head = readHead(item, at);
          for (const { method } of head.drafters ?? []) {
            if (collectors.has(method)) throw new UserError(`${at}: method ${method} is there twice`);
            collectors.set(method, new StepCollector());
          }
        } else if (head.drafters === null) {
          rates.push(readRates(item, at));
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
              emitted: countsAt(item.emitted, 'emitted', at, 1, drafter.maxK + 1),
              proposed: optional(item.proposed, (list) => countsAt(list, 'proposed', at, 0, drafter.maxK)),
            },
            at,
          );
        }
      },
      finish() {
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
  if (item.kind === 'rates') return { name, provenance, drafters: null };
  if (item.kind !== 'step-indexed') {
    throw new UserError(`${at}: kind is ${JSON.stringify(item.kind)}, expected step-indexed or rates`);
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
    };
  });
  if (drafters.length === 0) throw new UserError(`${at}: drafters is empty, expected one or more`);
  return { name, provenance, drafters };
}

function readRates(item: Json, at: string): Rates {
  const unknown = Object.keys(item).find((key) => key !== 'label' && !(key in NO_RATES));
  if (unknown !== undefined)
    throw new UserError(
      `${at}: ${unknownName('field', unknown, ['label', ...Object.keys(NO_RATES)]).message}`,
    );
  const count = (field: keyof Rates) => optional(item[field], (value) => numberAt(value, field, at));
  return checkTotals(
    {
      label: textAt(item.label, 'label', at),
      method: optional(item.method, (value) => textAt(value, 'method', at)),
      k: optional(item.k, (value) => countAt(value, 'k', at, 0, MAX_K)),
      rounds: count('rounds'),
      draftedTokens: count('draftedTokens'),
      acceptedTokens: count('acceptedTokens'),
      meanLength: count('meanLength'),
      marginal: optional(item.marginal, (value) => marginalAt(value, 'marginal', at)),
      roundsWithoutProposal: count('roundsWithoutProposal'),
    },
    at,
  );
}
