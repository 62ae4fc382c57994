/** Workloads of Mooncake: a JSON object a line with the time, the lengths, and hashes of the prompt's blocks. */
import { shown, UserError } from '../../errors.ts';
import type { WorkloadRow } from '../workload.ts';
import { tokenCount } from './tables.ts';

export const MOONCAKE = 'Mooncake JSONL';

/** @throws UserError with line and field */
export function* mooncakeRows(text: string, where: string): Generator<WorkloadRow> {
  let line = 0;
  for (let begin = 0; begin < text.length; ) {
    const newline = text.indexOf('\n', begin);
    const end = newline === -1 ? text.length : newline;
    const json = text.slice(begin, end).trim();
    begin = end + 1;
    line++;
    if (json !== '') yield row(json, `${where}, line ${line}`);
  }
}

function row(json: string, where: string): WorkloadRow {
  let object: Record<string, unknown>;
  try {
    object = JSON.parse(json);
  } catch {
    throw new UserError(`${where}: got ${shown(json)}, expected a whole JSON object; is the file cut off?`);
  }
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    throw new UserError(`${where}: got ${shown(object)}, expected a JSON object`);
  }
  const fail = (field: string, expected: string, hint = '') =>
    new UserError(
      `${where}: ${field}: ${object[field] === undefined ? 'missing' : `got ${shown(object[field])}`}, expected ${expected}${hint}`,
    );
  const { timestamp, hash_ids: hashes } = object;
  if (typeof timestamp !== 'number' || !Number.isFinite(timestamp) || timestamp < 0) {
    const session = object.session_id === undefined ? '' : '; sessions with delays are not read';
    throw fail('timestamp', 'milliseconds of at least 0', session);
  }
  const tokens = (field: string): number => {
    const count = typeof object[field] === 'number' ? tokenCount(object[field]) : null;
    if (count === null) throw fail(field, 'a whole number of tokens of at least 0');
    return count;
  };
  if (hashes !== undefined && !(Array.isArray(hashes) && hashes.every(Number.isSafeInteger))) {
    throw fail('hash_ids', 'a list of whole numbers');
  }
  return {
    atS: timestamp / 1000,
    promptTokens: tokens('input_length'),
    outputTokens: tokens('output_length'),
    ...(hashes !== undefined && { hashes: hashes as number[] }),
  };
}
