/** `specsim explain`: why a setting is as fast as it is. */

import { UserError } from '../errors.ts';
import { explainDocument, flatExplanations } from '../questions/explain.ts';
import { explain } from '../questions/explanation.ts';
import { gatherInputs } from '../scenario/inputs.ts';
import { checkHardwareQuestion, completeScenario } from '../scenario/options.ts';
import { folderLibrary } from './folder-library.ts';
import { checkWritable } from './output.ts';
import { deliver, optionsOf, type Request } from './request.ts';

/** @throws UserError before anything is written */
export async function explainRequest(request: Request): Promise<void> {
  if (request.out !== undefined) await checkWritable(request.out, '--out');
  const options = await optionsOf(request);
  const scenario = completeScenario({ method: ['eagle3'], batch: [1, 64], ...options });
  if (scenario.policy.join() !== 'fixed') {
    throw new UserError(`--policy ${scenario.policy.join()}: explain is about one fixed k, expected none`);
  }
  checkHardwareQuestion('explain', scenario);
  const inputs = await gatherInputs(scenario, folderLibrary, true);
  const result = explain(inputs);
  await deliver(
    { result, flat: () => flatExplanations(result), document: () => explainDocument(result, inputs) },
    request,
  );
}
