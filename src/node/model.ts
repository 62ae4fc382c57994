/** `specsim model`: what there is to know of a model or head before anything runs. */
import { unknownName } from '../errors.ts';
import { type ModelFacts, modelFacts } from '../model/facts.ts';
import { modelFile, shippedModels } from '../scenario/models.ts';
import { folderLibrary } from './folder-library.ts';

/** @throws UserError for a name that nothing has, and for a file that is no model */
export async function factsOf(named: string): Promise<ModelFacts> {
  const shipped = await shippedModels(folderLibrary);
  if (shipped.drafts.includes(named)) return modelFacts(await shipped.draft(named));
  const { card } = await modelFile(folderLibrary, named);
  if (card === null) throw unknownName('model', named, [...shipped.models, ...shipped.heads]);
  return modelFacts(card);
}
