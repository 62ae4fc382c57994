/** `specsim capacity`: the highest rate that holds an objective, for every method. */
import { capacityDocument } from '../questions/capacity.ts';
import { capacityOf, checkCapacityQuestion, withArrivals } from '../questions/highest-rate.ts';
import { flatRows } from '../report/flat-rows.ts';
import { gatherInputs } from '../scenario/inputs.ts';
import { completeScenario } from '../scenario/options.ts';
import { folderLibrary } from './folder-library.ts';
import { checkWritable } from './output.ts';
import { deliver, optionsOf, type Request, showProgress } from './request.ts';

/** @throws UserError before anything is written */
export async function capacity(request: Request): Promise<void> {
  if (request.out !== undefined) await checkWritable(request.out, '--out');
  const options = withArrivals(await optionsOf(request));
  const scenario = completeScenario(options);
  checkCapacityQuestion(scenario);
  const inputs = await gatherInputs(scenario, folderLibrary);
  const result = capacityOf(inputs, showProgress);
  await deliver(
    { result, flat: () => flatRows(result), document: () => capacityDocument(result, inputs) },
    request,
  );
}
