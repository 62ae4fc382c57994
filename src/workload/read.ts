/** Tells the format of a workload file by its contents, never by its name, and reads it. */
import { shown, UserError } from '../errors.ts';
import { MOONCAKE, mooncakeRows } from './formats/mooncake.ts';
import { TABLE_FORMATS, tableRows } from './formats/tables.ts';
import { type Workload, workloadOf } from './workload.ts';

const KNOWN = [...TABLE_FORMATS.map(({ name }) => name), MOONCAKE].join(', ');

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
    throw new UserError(`${where}, line ${line}: not UTF-8 text, expected a workload (${KNOWN})`);
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

function parseKnown(body: string, first: number, where: string): Workload {
  const lineEnd = body.indexOf('\n', first);
  const firstLine = body.slice(first, lineEnd === -1 ? body.length : lineEnd).trim();
  // By one column of its own: a damaged header should still be recognised, and its error name what is missing.
  const columns = firstLine.split(',').map((cell) => cell.trim().replaceAll('"', ''));
  const table = TABLE_FORMATS.find(({ prompt, output }) =>
    columns.some((column) => column === prompt || column === output),
  );
  if (table !== undefined) return workloadOf(table.name, [...tableRows(body, where, table)]);
  if (firstLine.startsWith('{') && /"(input_length|output_length)"/.test(firstLine)) {
    return workloadOf(MOONCAKE, [...mooncakeRows(body, where)]);
  }
  throw new UserError(
    `${where}: unknown workload format, starts with ${shown(firstLine.slice(0, 30))} (known: ${KNOWN})`,
  );
}
