/** The models and heads that ship, all of them read, for tests that go through them. */
import type { DraftHead, Transformer } from '../src/model/architecture.ts';
import { folderLibrary } from '../src/node/folder-library.ts';
import { shippedModels } from '../src/scenario/models.ts';

export const shipped = await shippedModels(folderLibrary);
const CARDS = new Map(
  await Promise.all(shipped.drafts.map(async (name) => [name, await shipped.draft(name)] as const)),
);

export const modelNames = () => shipped.models;
export const headNames = () => shipped.heads;
export const modelCard = (name: string) => CARDS.get(name) as Transformer;
export const draftCard = (name: string) => CARDS.get(name) as DraftHead | Transformer;
export const headFor = (target: string, kind: DraftHead['kind']) =>
  CARDS.get(shipped.headFor(modelCard(target), kind)!) as DraftHead;
