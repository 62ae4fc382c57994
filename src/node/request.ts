/** What a command that runs a scenario has in common with the others: scenario file and flags in, report out. */
import { csvTable } from '../csv.ts';
import { UserError } from '../errors.ts';
import type { Document } from '../report/document.ts';
import type { FlatTable } from '../report/flat-rows.ts';
import { textOf } from '../report/text.ts';
import { type Options, parseOptions } from '../scenario/options.ts';
import { readJsonFile } from './json-file.ts';
import { writeWhole } from './output.ts';

export interface Request {
  readonly scenarioFile: string | undefined;
  /** Scenario keys by flag name, as the user wrote them. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly format: 'table' | 'csv' | 'json';
  readonly out: string | undefined;
}

/** The options of the scenario file and the flags; flags win. Throws a UserError for a bad one. */
export async function optionsOf({ scenarioFile, flags }: Request): Promise<Options> {
  // Flags first: of "--load workload FILE" the load is what is wrong, not the file.
  const named = parseOptions(flags, (key) => `--${key}`);
  return { ...(scenarioFile === undefined ? {} : await readScenario(scenarioFile)), ...named };
}

/** A result in the form asked for. */
interface Report {
  readonly result: object;
  flat(): FlatTable;
  document(): Document;
}

/** Writes a report to the terminal, or to the file asked for. */
export async function deliver(
  report: Report,
  { format, out }: Pick<Request, 'format' | 'out'>,
): Promise<void> {
  await write(render(report, format), out);
}

/** Writes a text to the terminal, or to the file asked for. */
export async function write(text: string, out: string | undefined): Promise<void> {
  if (out === undefined) process.stdout.write(text);
  else await writeWhole(out, text);
}

/** Shows on a terminal how far the work is; nothing anywhere else. */
export const showProgress = process.stderr.isTTY
  ? (done: number, total: number): void => {
      process.stderr.write(`\r${done + 1 < total ? `row ${done + 1} of ${total}` : ''}\u001b[K`);
    }
  : undefined;

function render({ result, flat, document }: Report, format: Request['format']): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(result, null, 2)}\n`;
    case 'csv':
      return csvTable(flat());
    case 'table':
      return textOf(document());
  }
}

async function readScenario(path: string): Promise<Options> {
  const json = await readJsonFile('scenario', path);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new UserError(`${path}: expected an object with scenario keys, such as {"gpu": "h100-sxm"}`);
  }
  return parseOptions(json as Record<string, unknown>, (key) => `${path}: ${key}`);
}
