/** `--plot FILE` on a question: its own picture, or a report with all that its rows fill. */
import { resolve } from 'node:path';
import { CHARTS, chartsOf, kindsOf } from '../charts/index.ts';
import { csvTable } from '../csv.ts';
import { UserError } from '../errors.ts';
import type { Asking, Question } from '../questions/question.ts';
import { reportOf } from '../report/one-file.ts';
import { type Answer, resultOf } from '../scenario/result.ts';
import { inShell } from '../shell.ts';
import { writeWhole } from './output.ts';
import { checkPicture, type Ending, USUAL_LOOK, writePicture } from './picture.ts';

interface Picture {
  readonly file: string;
  readonly ending: Ending;
}

/**
 * @param others files that are written too
 * @throws UserError before anything is run
 */
export async function checkPlot(
  question: string,
  file: string,
  others: readonly (string | undefined)[],
): Promise<Picture> {
  const ending = await checkPicture(file, '--plot');
  if (ending !== 'html' && kindsOf(question).length === 0) {
    throw new UserError(
      `--plot ${file}: ${question} has no picture of its own, expected a report, which ends in .html`,
    );
  }
  if (others.some((other) => other !== undefined && resolve(other) === resolve(file))) {
    throw new UserError(`--plot ${file}: another output goes to that file, expected a file of its own`);
  }
  return { file, ending };
}

export async function writePlot(
  name: string,
  { file, ending }: Picture,
  { question, asking, answer }: { question: Question; asking: Asking; answer: Answer<object> },
): Promise<void> {
  if (ending === 'html') {
    const charts = chartsOf(name, answer);
    const report = {
      title: `specsim ${name}: ${charts[0]?.title ?? answer.config.target}`,
      command: ['specsim', ...process.argv.slice(2)].map(inShell).join(' '),
      document: question.document(answer, asking),
      charts,
      warnings: answer.warnings,
      result: resultOf(answer),
      csv: csvTable(question.flat(answer)),
    };
    await writeWhole(file, reportOf(report));
  } else await writePicture(file, ending, CHARTS[kindsOf(name)[0]!].make!(answer as never), USUAL_LOOK);
  process.stderr.write(`picture written to ${file}\n`);
}
