/** `specsim compare`: GPUs side by side. */
import { takesK } from '../drafter/methods.ts';
import { comparisonDocument } from '../questions/compare.ts';
import { comparedGpus, comparedLengths, compareGpus } from '../questions/comparison.ts';
import { flatRows } from '../report/flat-rows.ts';
import { gatherInputs, type Inputs } from '../scenario/inputs.ts';
import { checkHardwareQuestion, completeScenario, type Options, type Scenario } from '../scenario/options.ts';
import { folderLibrary } from './folder-library.ts';
import { checkWritable } from './output.ts';
import { deliver, optionsOf, type Request, showProgress } from './request.ts';

/** @throws UserError before anything is written */
export async function compare(request: Request): Promise<void> {
  if (request.out !== undefined) await checkWritable(request.out, '--out');
  const options = await optionsOf(request);
  const scenario = await withLengths(options, completeScenario(options));
  const inputs: Inputs[] = [];
  for (const gpu of comparedGpus(scenario)) {
    inputs.push(await gatherInputs({ ...scenario, gpu }, folderLibrary));
  }
  const result = await compareGpus(scenario, inputs, showProgress);
  await deliver(
    { result, flat: () => flatRows(result), document: () => comparisonDocument(result, inputs) },
    request,
  );
}

/** Checks the scenario, and chooses draft lengths where nobody named any. */
async function withLengths(options: Options, scenario: Scenario): Promise<Scenario> {
  checkHardwareQuestion('compare', scenario);
  if (options.k !== undefined) return scenario;
  const [gpu] = comparedGpus(scenario);
  const inputs = await gatherInputs({ ...scenario, gpu: gpu! }, folderLibrary);
  if (!inputs.methods.some(takesK)) return scenario;
  return { ...scenario, k: comparedLengths(inputs) };
}
