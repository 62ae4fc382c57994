/** `specsim sensitivity`: elasticities of every row of a scenario. */

import { sensitivityOf } from '../questions/elasticities.ts';
import { flatElasticities, sensitivityDocument } from '../questions/sensitivity.ts';
import { gatherInputs } from '../scenario/inputs.ts';
import { checkHardwareQuestion, completeScenario } from '../scenario/options.ts';
import { folderLibrary } from './folder-library.ts';
import { checkWritable } from './output.ts';
import { deliver, optionsOf, type Request, showProgress } from './request.ts';

/** @throws UserError before anything is written */
export async function sensitivity(request: Request): Promise<void> {
  if (request.out !== undefined) await checkWritable(request.out, '--out');
  const options = await optionsOf(request);
  const scenario = completeScenario(options);
  checkHardwareQuestion('sensitivity', scenario);
  const inputs = await gatherInputs(scenario, folderLibrary);
  const result = sensitivityOf(inputs, showProgress);
  await deliver(
    { result, flat: () => flatElasticities(result), document: () => sensitivityDocument(result, inputs) },
    request,
  );
}
