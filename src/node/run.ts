/** A run as the command line does it: scenario file and flags in, report out. */
import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { flatRows } from '../report/flat-rows.ts';
import { summarize } from '../report/summary.ts';
import { gatherInputs, type Inputs } from '../scenario/inputs.ts';
import { checkUsed, completeScenario, type Options, parseOptions } from '../scenario/options.ts';
import type { Result } from '../scenario/result.ts';
import { runScenario } from '../scenario/run.ts';
import { folderLibrary } from './folder-library.ts';
import { checkWritable, writeWhole } from './output.ts';

export interface RunRequest {
  readonly scenarioFile: string | undefined;
  /** Scenario keys by flag name, as the user wrote them. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly format: 'table' | 'csv' | 'json';
  readonly out: string | undefined;
}

/** @throws UserError before anything is written */
export async function run({ scenarioFile, flags, format, out }: RunRequest): Promise<void> {
  if (out !== undefined) await checkWritable(out, '--out');
  const options: Options = {
    ...(scenarioFile === undefined ? {} : await readScenario(scenarioFile)),
    ...parseOptions(flags, (key) => `--${key}`),
  };
  const scenario = completeScenario(options);
  checkUsed(options, scenario);
  const inputs = await gatherInputs(scenario, folderLibrary);
  const result = runScenario(inputs, process.stderr.isTTY ? showProgress : undefined);
  const text = await render(result, inputs, format);
  if (out === undefined) process.stdout.write(text);
  else await writeWhole(out, text);
}

async function readScenario(path: string): Promise<Options> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === undefined
        ? `${path}: not valid JSON: ${message.toLowerCase()}`
        : `scenario ${path}: cannot be read (${code}), expected a JSON file`,
    );
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new UserError(`${path}: expected an object with scenario keys, such as {"gpu": "h100-sxm"}`);
  }
  return parseOptions(json as Record<string, unknown>, (key) => `${path}: ${key}`);
}

async function render(result: Result, inputs: Inputs, format: RunRequest['format']): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(result, null, 2)}\n`;
    case 'csv': {
      const { formatCsv } = await import('./csv.ts');
      return formatCsv(flatRows(result));
    }
    case 'table':
      return summarize(result, inputs);
  }
}

function showProgress(done: number, total: number): void {
  process.stderr.write(`\r${done + 1 < total ? `row ${done + 1} of ${total}` : ''}\u001b[K`);
}
