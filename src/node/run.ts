/** `specsim run`: every row of a scenario. */
import { resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { runDocument } from '../questions/run.ts';
import { checkTimelineQuestion, timelineOf } from '../questions/timeline.ts';
import { flatRows } from '../report/flat-rows.ts';
import { gatherInputs, type Inputs } from '../scenario/inputs.ts';
import { completeScenario } from '../scenario/options.ts';
import { runScenario } from '../scenario/run.ts';
import { folderLibrary } from './folder-library.ts';
import { checkWritable, writeWhole } from './output.ts';
import { deliver, optionsOf, type Request, showProgress } from './request.ts';

/**
 * @param timelineFile where to write the run step by step, for Perfetto
 * @throws UserError before anything is written
 */
export async function run(request: Request, timelineFile?: string): Promise<void> {
  if (request.out !== undefined) await checkWritable(request.out, '--out');
  if (timelineFile !== undefined) await checkWritable(timelineFile, '--timeline');
  if (
    timelineFile !== undefined &&
    request.out !== undefined &&
    resolve(timelineFile) === resolve(request.out)
  ) {
    throw new UserError(`--timeline ${timelineFile}: is the file of --out as well, expected another`);
  }
  const options = await optionsOf(request);
  const scenario = completeScenario(options);
  const inputs = await gatherInputs(scenario, folderLibrary);
  if (timelineFile !== undefined) checkTimelineQuestion(inputs);
  const result = runScenario(inputs, showProgress);
  if (timelineFile !== undefined) await writeTimeline(inputs, timelineFile);
  await deliver(
    { result, flat: () => flatRows(result), document: () => runDocument(result, inputs) },
    request,
  );
}

async function writeTimeline(inputs: Inputs, file: string): Promise<void> {
  const { timelineText } = await import('../questions/timeline-text.ts');
  const [method] = inputs.methods;
  const { json, cut } = timelineText(timelineOf(inputs), `specsim ${inputs.target.name}, ${method!.name}`);
  await writeWhole(file, json);
  process.stderr.write(
    `timeline written to ${file}: open it in https://ui.perfetto.dev${cut === null ? '' : `; ${cut}`}\n`,
  );
}
