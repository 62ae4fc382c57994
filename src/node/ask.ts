/** Asks a question of a scenario file and flags, and delivers the answer. */
import { resolve } from 'node:path';
import { UserError } from '../errors.ts';
import type { Card, OwnFlag } from '../questions/cards.ts';
import type { Own } from '../questions/question.ts';
import { gatherInputs, type Inputs } from '../scenario/inputs.ts';
import {
  askedOf,
  checkUsed,
  flagOf,
  type Options,
  parseOptions,
  type Scenario,
} from '../scenario/options.ts';
import { type Answer, resultOf } from '../scenario/result.ts';
import type { Asks } from '../scenario/scenario.ts';
import { trustText } from '../scenario/trust.ts';
import { type Delivery, deliver } from './deliver.ts';
import { folderLibrary } from './folder-library.ts';
import { readJsonFile } from './json-file.ts';
import { checkNoInput, checkWritable, write, writeWhole } from './output.ts';

/** What a user wrote. */
export interface CommandLine extends Delivery {
  readonly scenarioFile: string | undefined;
  /** Scenario keys by flag name. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** Flags of the question alone. */
  readonly own: Own;
}

/** @throws UserError before anything is written */
export async function ask(card: Card, line: CommandLine, plot?: string): Promise<void> {
  const { own, out, format } = line;
  const named = (plays: (one: OwnFlag) => boolean) =>
    Object.entries(card.flags ?? {}).find(([flag, one]) => plays(one) && own[flag] !== undefined)?.[0];
  const instead = named((one) => one.instead !== undefined);
  const beside = named(({ role }) => role === 'beside');
  if (out !== undefined) await checkWritable(out, '--out');
  if (beside !== undefined) await checkBeside(beside, own[beside]!, out);
  const drawn = plot === undefined ? null : await import('./plot-answer.ts');
  const picture = await drawn?.checkPlot(card.name, plot!, [
    out,
    beside === undefined ? undefined : own[beside],
  ]);
  if (instead !== undefined && format !== 'table') {
    throw new UserError(
      `--format ${format} has no effect with --${instead} ${own[instead]}, which has a form of its own`,
    );
  }
  const question = await card.load();
  const options = await optionsOf(line);
  const { asking, answer } = await withOrigin(line, options, async () => {
    const asking = await question.gather(options, readerOf(line), own);
    if (beside !== undefined) question.beside!.check(asking);
    if (out !== undefined) await checkNoInput(out, '--out');
    if (beside !== undefined) await checkNoInput(own[beside]!, `--${beside}`);
    return { asking, answer: await question.ask(asking, showProgress, own) };
  });
  showProgress(0, 0);
  if (beside !== undefined) {
    const { text, said } = question.beside!.make(asking);
    await writeWhole(own[beside]!, text);
    process.stderr.write(`${beside} written to ${own[beside]}: ${said}\n`);
  }
  if (picture !== undefined) await drawn!.writePlot(card.name, picture, { question, asking, answer });
  if (instead !== undefined) {
    const made = await card.flags![instead]!.instead!();
    const { text, notes } = made(answer as never, asking, own[instead] as never);
    for (const note of notes) process.stderr.write(`note: ${note}\n`);
    await write(`${text}\n`, out);
  } else {
    if (format === 'csv') for (const line of remarks(answer)) process.stderr.write(`${line}\n`);
    await deliver(
      {
        result: resultOf(answer),
        flat: () => question.flat(answer),
        document: () => question.document(answer, asking),
      },
      line,
    );
  }
}

/** What CSV has no room for. */
function remarks({ trust, warnings }: Answer<object>): string[] {
  return [
    ...(trust.level === 'calibrated here' ? [] : [trustText(trust)]),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
}

async function checkBeside(flag: string, file: string, out: string | undefined): Promise<void> {
  await checkWritable(file, `--${flag}`);
  if (out === undefined || resolve(file) !== resolve(out)) return;
  throw new UserError(`--${flag} ${file}: is the file of --out as well, expected another`);
}

/** Shows on a terminal how far the work is, nothing when it is done and nothing anywhere else. */
function showProgress(done: number, total: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r${done < total ? `row ${done + 1} of ${total}` : ''}\u001b[K`);
}

/** The options of the scenario file and the flags; flags win. Throws a UserError for a bad one. */
export async function optionsOf({ scenarioFile, flags }: CommandLine): Promise<Options> {
  // Flags first: of "--load workload FILE" the load is what is wrong, not the file.
  const named = parseOptions(flags, (key) => `--${key}`);
  return { ...(scenarioFile === undefined ? {} : await readScenario(scenarioFile)), ...named };
}

/** Reads the inputs of a scenario, in which what a flag names has an effect even at its default. */
export function readerOf({ flags }: CommandLine) {
  return (scenario: Scenario, asks?: Asks): Promise<Inputs> => {
    checkUsed(scenario, askedOf(scenario, asks), Object.keys(flags));
    return gatherInputs(scenario, folderLibrary, asks);
  };
}

/** Acts; of a key that stands in the scenario's file, an error speaks of the file and not of a flag that nobody gave. */
export async function withOrigin<T>(
  { scenarioFile, flags }: CommandLine,
  options: Options,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const [, flag, rest] = (error instanceof UserError && /^--([a-z-]+)(.*)$/s.exec(error.message)) || [];
    const fromFile =
      flag !== undefined &&
      !Object.hasOwn(flags, flag) &&
      Object.keys(options).some((name) => flagOf(name) === flag);
    throw fromFile && scenarioFile !== undefined ? new UserError(`${scenarioFile}: ${flag}${rest}`) : error;
  }
}

async function readScenario(path: string): Promise<Options> {
  const json = await readJsonFile('scenario', path);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new UserError(`${path}: expected an object with scenario keys, such as {"gpu": "h100-sxm"}`);
  }
  return parseOptions(json as Record<string, unknown>, (key) => `${path}: ${key}`);
}
