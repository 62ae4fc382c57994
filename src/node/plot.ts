/** `specsim plot`: one picture, of a result that was saved or of a scenario that is run. */
import { readFile } from 'node:fs/promises';
import { CHARTS } from '../charts/index.ts';
import { type Measured, speedupChart } from '../charts/speedup.ts';
import { readSheet, type Sheet } from '../cost/calibration/sheet.ts';
import { UserError, unknownName } from '../errors.ts';
import { CHART_KINDS, type Chart, type ChartKind } from '../plot/chart.ts';
import { CARDS } from '../questions/cards.ts';
import type { Own } from '../questions/question.ts';
import { completeScenario, flagOf, isUsual, type OptionName, type Options } from '../scenario/options.ts';
import type { Result } from '../scenario/result.ts';
import { type CommandLine, optionsOf, readerOf, withOrigin } from './ask.ts';
import { checkPicture, type Look, writePicture } from './picture.ts';

/**
 * @param kind as the user wrote it
 * @throws UserError before anything is written
 */
export async function plot(kind: string, line: CommandLine, look: Look, measured?: string): Promise<void> {
  const known = CHART_KINDS.find((one) => one === kind);
  if (known === undefined) throw unknownName('kind of picture', kind, CHART_KINDS);
  if (measured !== undefined && known !== 'speedup') {
    throw new UserError(`--measured has no effect with plot ${known}, expected speedup`);
  }
  const { out } = line;
  if (out === undefined) throw new UserError('--out: missing, expected a file that ends in .svg or .png');
  const ending = await checkPicture(out, '--out');
  if (ending === 'html') {
    throw new UserError(
      `--out ${out}: plot draws one picture, expected .svg or .png; --plot FILE.html on a command writes a report`,
    );
  }
  const sheet = measured === undefined ? null : await sheetOf(measured);
  const draws = (answer: never) =>
    sheet === null ? CHARTS[known].make!(answer) : speedupChart(answer, measuredOf(sheet, answer));
  const chart = (await ofSaved(known, line, draws)) ?? (await ofScenario(known, line, draws));
  await writePicture(out, ending, chart, look);
  for (const warning of chart.warnings) process.stderr.write(`warning: ${warning}\n`);
}

/** From the rows of an answer to a picture. */
type Draws = (answer: never) => Chart;

async function ofScenario(kind: ChartKind, line: CommandLine, draws: Draws): Promise<Chart> {
  const options = await optionsOf(line);
  return withOrigin(line, options, () => drawn(kind, line, options, draws));
}

async function drawn(kind: ChartKind, line: CommandLine, options: Options, draws: Draws): Promise<Chart> {
  const read = readerOf(line);
  const { of, draw } = CHARTS[kind];
  if (draw !== undefined) return draw(await read(completeScenario(options)));
  const card = CARDS.find(({ name }) => name === of[0])!;
  const own: Own = Object.fromEntries(
    Object.entries(line.own).filter(([flag]) => card.flags?.[flag] !== undefined),
  );
  const stray = Object.keys(line.own).find((flag) => line.own[flag] !== undefined && !(flag in own));
  if (stray !== undefined) throw new UserError(`--${stray} has no effect with plot ${kind}`);
  const question = await card.load();
  const asking = await question.gather(options, read, own);
  return draws((await question.ask(asking, () => {}, own)) as never);
}

/** Null where the file is no result: it is a scenario then. */
async function ofSaved(
  kind: ChartKind,
  { scenarioFile: file, flags }: CommandLine,
  draws: Draws,
): Promise<Chart | null> {
  if (file === undefined) return null;
  const json = await readFile(file, 'utf8')
    .then((text) => JSON.parse(text) as { rows?: unknown; config?: unknown })
    .catch(() => null);
  if (json === null || !Array.isArray(json.rows) || typeof json.config !== 'object') return null;
  const [flag] = Object.keys(flags);
  if (flag !== undefined) throw new UserError(`--${flag} has no effect with ${file}, which holds a result`);
  const { of, needs } = CHARTS[kind];
  const first = json.rows[0] as object | undefined;
  if (needs === undefined || first === undefined || !Object.hasOwn(first, needs)) {
    const asked = of.map((one) => `specsim ${one}`).join(' or ');
    const needed = of.length === 0 ? 'scenario flags' : `a result of ${asked} --format json`;
    throw new UserError(`plot ${kind}: the rows of ${file} cannot fill it, expected ${needed}`);
  }
  return draws(json as never);
}

async function sheetOf(path: string): Promise<Sheet> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`--measured ${path}: cannot be read (${error.code}), expected a CSV file`);
  });
  return readSheet(text, path);
}

const COLUMNS = ['dataset', 'method', 'k', 'batch_size', 'speedup'];

/** What a file has to say of itself, and what it says where that is not the default. */
const SAID: readonly OptionName[] = ['gpu', 'target', 'engine'];
const USUAL: readonly OptionName[] = ['dtype', 'tp', 'set', 'drafterQuality', 'promptLen', 'outputLen'];

/** @throws UserError where the picture is not of the machine, model, engine and text that were measured */
function measuredOf({ where, columns, comments, rows }: Sheet, { config }: Result): Measured[] {
  const missing = COLUMNS.find((column) => !columns.includes(column));
  if (missing !== undefined)
    throw new UserError(`${where}: no column ${missing}, expected ${COLUMNS.join(', ')}`);
  for (const name of [...SAID, ...USUAL]) {
    const [said, now] = [comments.get(flagOf(name)), config[name]];
    if (said === undefined && SAID.includes(name)) {
      throw new UserError(
        `${where}: does not say its ${name}, expected a line such as "# ${name}: ${now}" above the header`,
      );
    }
    if (said === undefined ? isUsual(name, now) : said === String(now)) continue;
    const measured = said === undefined ? `at the usual ${flagOf(name)}` : `with ${flagOf(name)} ${said}`;
    throw new UserError(
      `--measured ${where}: measured ${measured}, the picture is of ${JSON.stringify(now)}`,
    );
  }
  return [...rows()].map((row) => ({
    trace: row.text('dataset'),
    method: row.text('method'),
    k: row.optional('k'),
    batch_size: row.positive('batch_size'),
    speedup: row.positive('speedup'),
  }));
}
