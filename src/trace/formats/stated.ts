/** What the user says about a file (`Stated`), put into what the file says. */

import { UserError } from '../../errors.ts';
import { meanLengthOf } from '../conventions.ts';
import type { AcceptanceRecord, Rates, Steps } from '../record.ts';
import type { Provenance } from '../trace.ts';
import { checkTotals } from './fields.ts';
import type { Stated } from './format.ts';

/**
 * The record with what is stated: its name, where it is from, the name of its only method, k where the file does not say it.
 * Nothing is stated in vain.
 *
 * @param where the file, for messages
 * @throws UserError for what contradicts the file or has no effect on it
 */
export function asStated(record: AcceptanceRecord, stated: Stated, where: string): AcceptanceRecord {
  const fail = (flag: 'method' | 'k' | 'drafting', problem: string) =>
    new UserError(`${where}: --${flag} ${stated[flag]}: ${problem}`);
  const { method, k, drafting } = stated;
  const leftOpen = record.kind === 'rates' && record.drafting !== undefined;
  if (record.kind !== 'step-indexed' && drafting !== null && !leftOpen) {
    throw fail('drafting', `no effect on ${record.kind} acceptance, expected rounds`);
  }
  const methods = methodsOf(record);
  const renamed = methods.length === 1 ? methods[0] : 'unknown';
  if (method !== null && methods.length > 1 && !methods.includes('unknown')) {
    throw fail(
      'method',
      `the file names several methods itself (${methods.join(', ')}), expected one to name`,
    );
  }
  const named = <Name extends string | null>(name: Name) =>
    method !== null && (name === renamed || name === null) ? method : name;
  if (record.kind === 'position-indexed') {
    const { trace } = record;
    const other = [...trace.drafters.values()].find(({ maxK }) => k !== null && maxK !== k);
    if (other !== undefined) throw fail('k', `the file says ${other.maxK}, expected the same or none`);
    const drafters = new Map([...trace.drafters].map(([name, lengths]) => [named(name), lengths]));
    return {
      ...record,
      trace: {
        ...trace,
        name: stated.name ?? trace.name,
        drafters,
        provenance: provenanceStated(trace.provenance, stated),
      },
    };
  }
  const provenance = provenanceStated(record.provenance, stated);
  const name = stated.name ?? record.name;
  if (record.kind === 'rates') {
    const rates = record.rates.map((part): Rates => {
      if (k !== null && part.k !== null && part.k !== k) {
        throw fail('k', `the file says ${part.k} of ${part.label}, expected the same or none`);
      }
      return checkTotals({ ...withRounds(part, k), method: named(part.method) }, where);
    });
    return { ...record, name, provenance, rates };
  }
  const drafters = record.drafters.map((steps): Steps => {
    if (k !== null && steps.maxK !== k) {
      throw fail(
        'k',
        k < steps.maxK
          ? `rounds of ${steps.method} draft up to ${steps.maxK} tokens, expected at least that`
          : `the file says ${steps.maxK}, expected the same or none`,
      );
    }
    if (drafting !== null && steps.drafting !== drafting) {
      throw fail('drafting', `the file says that ${steps.method} drafts a ${steps.drafting}`);
    }
    return { ...steps, method: named(steps.method) };
  });
  return { ...record, name, provenance, drafters };
}

/** A part that does not say its draft length, with the one stated; of totals alone it is what tells the rounds. */
function withRounds(part: Rates, k: number | null): Rates {
  if (part.k !== null || k === null) return part;
  const { rounds, draftedTokens, acceptedTokens, meanLength } = part;
  if (rounds !== null || draftedTokens === null || draftedTokens === 0 || meanLength !== null)
    return { ...part, k };
  const drafting = Math.round(draftedTokens / k);
  return {
    ...part,
    k,
    rounds: drafting,
    meanLength: acceptedTokens === null ? null : meanLengthOf(acceptedTokens, drafting),
  };
}

export function provenanceStated(
  found: Provenance,
  { target, draft, engine, licence, name }: Stated,
): Provenance {
  return {
    ...found,
    ...(name !== null && { dataset: name }),
    ...(target !== null && { target }),
    ...(draft !== null && { draft }),
    ...(engine !== null && { engine }),
    ...(licence !== null && { licence }),
  };
}

function methodsOf(record: AcceptanceRecord): string[] {
  if (record.kind === 'position-indexed') return [...record.trace.drafters.keys()];
  if (record.kind === 'step-indexed') return record.drafters.map(({ method }) => method);
  return [...new Set(record.rates.flatMap(({ method }) => method ?? []))];
}
