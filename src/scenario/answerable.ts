/** What a trace can be asked: the methods that it knows, and what has to be said where it says nothing. */
import { BASIC_METHODS } from '../drafter/methods.ts';
import { isProcess, parseRecord } from '../trace/read.ts';
import type { Flags } from './flags.ts';
import type { Inputs } from './inputs.ts';
import { DEFAULTS } from './options.ts';

/** Methods that the first trace can answer for, with their oracles, and what two of them make together. */
export function answerableMethods({ traces: [trace], rates }: Inputs): string[] {
  const basic = BASIC_METHODS.filter(({ name }) => trace!.drafters.has(name) || rates.has(name));
  const search = basic.find(({ proposer }) => proposer === 'search');
  const models = basic.filter(({ proposer }) => proposer === 'model');
  return [
    'none',
    ...basic.map(({ name }) => name),
    ...basic.map(({ name }) => `oracle:${name}`),
    ...(search === undefined ? [] : models.map(({ name }) => `hybrid:${search.name}+${name}`)),
  ];
}

/** Where a file does not say its lengths, those of a usual chat. */
const LENGTH = '300';

/**
 * Flags for an acceptance file: its methods, no longer drafts than it has, and lengths where it has none.
 *
 * @param otherwise the method of one that names none
 * @throws UserError for what breaks its format, with file, line and field
 */
export function flagsOfTrace(text: string, name: string, otherwise: string): Flags {
  if (isProcess(text)) return {};
  const record = parseRecord(text, name);
  const drafters =
    record.kind === 'position-indexed'
      ? [...record.trace.drafters].map(([method, { maxK: k }]) => ({ method, k }))
      : record.kind === 'step-indexed'
        ? record.drafters.map(({ method, maxK: k }) => ({ method, k }))
        : record.rates;
  const known = (method: string | null) => BASIC_METHODS.some((basic) => basic.name === method);
  const methods = drafters.map(({ method }) => (known(method) ? method : otherwise));
  const lengths = drafters.map((one) => one.k ?? Number.POSITIVE_INFINITY);
  // Parts of one record of rates are pooled: their longest drafts count.
  const longest = record.kind === 'rates' ? Math.max(...lengths) : Math.min(...lengths);
  const unmeasured = record.kind === 'step-indexed' && record.drafters.some((of) => of.promptTokens === null);
  return {
    method: [...new Set(['none', ...methods])].join(),
    ...(longest < Math.min(...DEFAULTS.k) && { k: String(longest) }),
    ...((record.kind === 'rates' || unmeasured) && { promptLen: LENGTH }),
    ...(record.kind === 'rates' && { outputLen: LENGTH }),
  };
}
