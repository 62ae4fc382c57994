/**
 * Which of the traces that ship a name means: `gsm8k` the target's own, or, where it has none of that name, the
 * lender's; `llama-3-70b/gsm8k` that of the target it names, whatever is simulated.
 */
import { UserError, unknownName } from '../errors.ts';
import { parseProcess, processMethods } from '../trace/process.ts';
import { isProcess, parseRecord } from '../trace/read.ts';
import type { Document, Library } from './library.ts';

/** Whose traces a target borrows when it has none of its own. */
export const LENDER = 'llama-3.1-8b';

export interface ShippedTrace {
  readonly target: string;
  readonly dataset: string;
}

/** Data sets by target, as a `Library` lists them. */
type Shelves = ReadonlyMap<string, readonly string[]>;

/** The trace that `named` means when `target` is simulated; null where none ships under that name. */
export function shippedTrace(shelves: Shelves, target: string, named: string): ShippedTrace | null {
  const [owner, dataset, ...more] = named.split('/');
  if (dataset !== undefined) {
    return more.length === 0 && shelves.get(owner!)?.includes(dataset) ? { target: owner!, dataset } : null;
  }
  const holder = [target, LENDER].find((name) => shelves.get(name)?.includes(named));
  return holder === undefined ? null : { target: holder, dataset: named };
}

/** The other data sets of the target whose trace `named` means, as they are named; none for a file. */
export function besideIt(shelves: Shelves, target: string, named: string): string[] {
  const found = shippedTrace(shelves, target, named);
  if (found === null) return [];
  const others = shelves.get(found.target)!.filter((dataset) => dataset !== found.dataset);
  return others.map((dataset) => `${found.target}/${dataset}`);
}

/** The error for a name of none: of a data set that others have, of a target's that it lacks, or of nothing. */
export function unknownTrace(shelves: Shelves, target: string, named: string): UserError {
  const [owner, dataset] = named.split('/');
  if (dataset !== undefined) return unknownName(`trace of ${owner}`, dataset, shelves.get(owner!) ?? []);
  const others = [...shelves].filter(([, datasets]) => datasets.includes(named)).map(([name]) => name);
  if (others.length > 0) {
    return new UserError(
      `trace ${named}: none of ${target} ships${target === LENDER ? '' : `, nor one of ${LENDER}`}, expected ${others.map((name) => `${name}/${named}`).join(' or ')} to borrow one`,
    );
  }
  const known = [target, LENDER].flatMap((name) => shelves.get(name) ?? []);
  return unknownName('trace', named, [...new Set(known)]);
}

/** The methods that a shipped trace has the acceptance of. */
export function shippedMethods({ text, where }: Document): readonly string[] {
  if (isProcess(text)) return processMethods(parseProcess(JSON.parse(text), where));
  const record = parseRecord(text, where);
  return record.kind === 'rates' ? record.rates.flatMap(({ method }) => method ?? []) : [];
}

/** The error for a method that a shipped trace lacks; names the traces of the same data set, else all, that have it. */
export async function lacksMethod(
  library: Library,
  { target, dataset }: ShippedTrace,
  method: string,
): Promise<UserError> {
  const own = shippedMethods(await library.trace(target, dataset)).join(', ');
  const having: ShippedTrace[] = [];
  for (const [owner, datasets] of await library.traces()) {
    for (const name of datasets) {
      const methods = shippedMethods(await library.trace(owner, name));
      if (methods.includes(method)) having.push({ target: owner, dataset: name });
    }
  }
  const same = having.filter((one) => one.dataset === dataset);
  const names = (same.length > 0 ? same : having).map((one) => `${one.target}/${one.dataset}`);
  const elsewhere = names.length === 0 ? '' : `, --trace ${names.join(' or ')},`;
  return new UserError(
    `method ${method}: trace ${target}/${dataset} has no acceptance of it (it has ${own}), expected one of those methods${elsewhere} or --acceptance ${method}=RATE`,
  );
}
