/** `specsim run`: every row of a scenario. */
import { flatRows } from '../report/flat-rows.ts';
import { summarize } from '../report/summary.ts';
import { gatherInputs } from '../scenario/inputs.ts';
import { checkUsed, completeScenario } from '../scenario/options.ts';
import { runScenario } from '../scenario/run.ts';
import { folderLibrary } from './folder-library.ts';
import { checkWritable } from './output.ts';
import { deliver, optionsOf, type Request, showProgress } from './request.ts';

/** @throws UserError before anything is written */
export async function run(request: Request): Promise<void> {
  if (request.out !== undefined) await checkWritable(request.out, '--out');
  const options = await optionsOf(request);
  const scenario = completeScenario(options);
  checkUsed(options, scenario);
  const inputs = await gatherInputs(scenario, folderLibrary);
  const result = runScenario(inputs, showProgress);
  await deliver({ result, flat: () => flatRows(result), table: () => summarize(result, inputs) }, request);
}
