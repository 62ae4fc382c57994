/** Workloads that are tables: Azure LLM inference 2023 and 2024, BurstGPT, the CSV of Vidur and Splitwise, ServeGen. */
import { csvRows } from '../../csv.ts';
import { shown, UserError } from '../../errors.ts';
import type { WorkloadRow } from '../workload.ts';
import type { TableWorkload } from './format.ts';
import { MOST_TOKENS, tokenCount } from './values.ts';

/** The columns of a format, by what they hold, and how it writes time. */
interface Columns {
  readonly name: string;
  readonly time: string;
  readonly prompt: string;
  readonly output: string;
  /** Seconds of a cell; null when it is no time. */
  readonly seconds: (cell: string) => number | null;
  /** What a time looks like, for errors. */
  readonly timeForm: string;
}

/** A number of seconds, of at least 0. */
function plainSeconds(cell: string): number | null {
  if (!/^\d+(\.\d*)?(e[-+]?\d+)?$/i.test(cell)) return null;
  const value = Number(cell);
  return Number.isFinite(value) ? value : null;
}

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:(Z)|([+-])(\d\d):?(\d\d))?$/;

/** Seconds since 1970; a time without zone is taken as UTC. Doubles of that size resolve 0.24 us. */
function timestampSeconds(cell: string): number | null {
  const parts = TIMESTAMP.exec(cell);
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number);
  const wholeMs = Date.UTC(year!, month! - 1, day, hour, minute, second);
  const back = new Date(wholeMs);
  // Date.UTC turns the 32nd of May into the 1st of June.
  const exists = back.getUTCMonth() === month! - 1 && back.getUTCDate() === day;
  if (!exists || hour! > 23 || minute! > 59 || second! > 59) return null;
  const zoneS = 60 * (60 * Number(parts[10] ?? 0) + Number(parts[11] ?? 0));
  return wholeMs / 1000 + Number(parts[7] ?? 0) - (parts[9] === '-' ? -zoneS : zoneS);
}

const COLUMNS: readonly Columns[] = [
  {
    name: 'Azure LLM inference CSV',
    time: 'TIMESTAMP',
    prompt: 'ContextTokens',
    output: 'GeneratedTokens',
    seconds: timestampSeconds,
    timeForm: 'a time such as 2023-11-16 18:17:03.9799600',
  },
  {
    name: 'BurstGPT CSV',
    time: 'Timestamp',
    prompt: 'Request tokens',
    output: 'Response tokens',
    seconds: plainSeconds,
    timeForm: 'seconds of at least 0',
  },
  {
    name: 'Vidur or Splitwise CSV',
    time: 'arrived_at',
    prompt: 'num_prefill_tokens',
    output: 'num_decode_tokens',
    seconds: plainSeconds,
    timeForm: 'seconds of at least 0',
  },
  {
    name: 'ServeGen CSV',
    time: 'timestamp',
    prompt: 'input_tokens',
    output: 'output_tokens',
    seconds: plainSeconds,
    timeForm: 'seconds of at least 0',
  },
];

/** By one column of its own: a damaged header should still be recognised, and its error name what is missing. */
export const TABLES: readonly TableWorkload[] = COLUMNS.map((format) => ({
  name: format.name,
  items: 'table',
  recognises: (columns) => columns.includes(format.prompt) || columns.includes(format.output),
  rows: (text, where) => tableRows(text, where, format),
}));

/** @throws UserError with line and column */
function* tableRows(text: string, where: string, format: Columns): Generator<WorkloadRow> {
  const rows = csvRows(text, where);
  const header = rows.next();
  if (header.done === true) throw new UserError(`${where}: empty file, expected a header`);
  const columns = header.value.cells.map((cell) => cell.trim());
  const place = (name: string): number => {
    const at = columns.indexOf(name);
    if (at === -1) {
      throw new UserError(
        `${where}, line ${header.value.line}: missing column ${name}, expected ${format.time}, ${format.prompt} and ${format.output} (${format.name})`,
      );
    }
    if (columns.indexOf(name, at + 1) !== -1) {
      throw new UserError(`${where}, line ${header.value.line}: got column ${name} twice, expected it once`);
    }
    return at;
  };
  const [time, prompt, output] = [place(format.time), place(format.prompt), place(format.output)];
  for (const { line, cells } of rows) {
    const fail = (problem: string) => new UserError(`${where}, line ${line}: ${problem}`);
    if (cells.length !== columns.length) {
      throw fail(
        `got ${cells.length} cells, expected ${columns.length} as in the header; is the file cut off?`,
      );
    }
    const tokens = (at: number): number => {
      const count = tokenCount(cells[at]!.trim());
      if (count === null) {
        throw fail(
          `${columns[at]}: got ${shown(cells[at])}, expected a whole number of tokens from 0 to ${MOST_TOKENS}`,
        );
      }
      return count;
    };
    const atS = format.seconds(cells[time]!.trim());
    if (atS === null) throw fail(`${format.time}: got ${shown(cells[time])}, expected ${format.timeForm}`);
    yield { atS, promptTokens: tokens(prompt), outputTokens: tokens(output) };
  }
}
