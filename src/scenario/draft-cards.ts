/** Which draft model each method runs. */
import { BASIC_METHODS, type BasicMethod, basicMethod, type Method } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import type { DraftHead, Transformer } from '../model/architecture.ts';
import { mtpHead } from '../model/mtp-head.ts';
import { hasOwnWidth } from '../model/shape.ts';
import type { AcceptanceTrace } from '../trace/trace.ts';
import type { ShippedModels } from './models.ts';
import { vocabularyWarning } from './number-formats.ts';

/** The target, and what `--draft` names. */
export interface Models {
  readonly target: Transformer;
  readonly chosen: DraftHead | Transformer | null;
}

/** Warnings about acceptance that was measured with another draft model than the one that runs. */
export function borrowedAcceptance(
  recorded: readonly BasicMethod[],
  drafts: ReadonlyMap<string, DraftHead | Transformer>,
  traces: readonly AcceptanceTrace[],
): string[] {
  return recorded.flatMap((part) => {
    const run = drafts.get(part.name);
    return run?.kind !== 'transformer'
      ? []
      : traces.flatMap(({ name, provenance: { draft } }) =>
          draft === undefined || draft === run.name
            ? []
            : [`trace ${name}: the acceptance of ${part.name} is that of ${draft}, not of ${run.name}`],
        );
  });
}

/** The draft model whose acceptance the traces hold; null where they name none that has a card, or several. */
async function measuredDraft(
  recorded: readonly BasicMethod[],
  traces: readonly AcceptanceTrace[],
  shipped: ShippedModels,
): Promise<Transformer | null> {
  if (!recorded.some(({ model }) => model?.card === 'transformer')) return null;
  const [name, ...others] = new Set(traces.map(({ provenance }) => provenance.draft));
  const one = name !== undefined && others.length === 0 && shipped.models.includes(name);
  return one ? shipped.model(name) : null;
}

/**
 * The card of the draft model that each method runs: the one chosen where it fits, else its own.
 *
 * @param recorded those of `parts` whose acceptance the traces hold
 * @throws UserError for a method without a card, one of another vocabulary, and a chosen one that no method runs
 */
export async function draftCards(
  parts: readonly BasicMethod[],
  recorded: readonly BasicMethod[],
  { target, chosen }: Models,
  traces: readonly AcceptanceTrace[],
  shipped: ShippedModels,
  warnings: string[],
): Promise<Map<string, DraftHead | Transformer>> {
  if (chosen !== null && !parts.some(({ model }) => model?.card === chosen.kind)) throw unused(chosen);
  const measured = await measuredDraft(recorded, traces, shipped);
  const drafts = new Map<string, DraftHead | Transformer>();
  for (const { name, model } of parts) {
    if (model === undefined) continue;
    if (model.card === 'target') {
      drafts.set(name, target);
      continue;
    }
    const fits = chosen !== null && chosen.kind === model.card;
    const own = model.card === 'transformer' ? measured : await defaultHead(target, model.card, shipped);
    const card = fits ? chosen : own;
    if (card === null) {
      const [what, known] =
        model.card === 'transformer'
          ? ['draft model', shipped.models]
          : [`${model.card} head`, shipped.headsOfKind(model.card)];
      throw new UserError(
        `method ${name}: ${target.name} has no ${what} of its own; name one with --draft (known: ${known.join(', ')})`,
      );
    }
    const padded = vocabularyWarning(card, target);
    if (padded !== null) warnings.push(padded);
    if ('fusion' in card && hasOwnWidth(card, target)) {
      warnings.push(
        `draft head ${card.name} is ${card.hidden} wide and ${target.name} ${target.hidden}: it fuses the target's states to its own width, and embeds tokens by itself`,
      );
    }
    drafts.set(name, card);
  }
  return drafts;
}

function unused({ name, kind }: DraftHead | Transformer): UserError {
  const what = kind === 'transformer' ? 'a whole model' : `a head of kind ${kind}`;
  const running = BASIC_METHODS.filter(({ model }) => model?.card === kind).map((method) => method.name);
  const expected = running.length === 0 ? 'and no other does' : `expected --method ${running.join(' or ')}`;
  return new UserError(`--draft ${name} is ${what}, which no listed method runs, ${expected}`);
}

/** The head made for a target, or the extra layers it was trained with. */
async function defaultHead(
  target: Transformer,
  kind: DraftHead['kind'],
  shipped: ShippedModels,
): Promise<DraftHead | null> {
  const name = shipped.headFor(target, kind);
  if (name !== null) return (await shipped.draft(name)) as DraftHead;
  return kind === 'mtp' && target.mtpLayers > 0 ? mtpHead(target) : null;
}

/** What each method runs, by its name. */
export type Drafts = ReadonlyMap<string, DraftHead | Transformer>;

/** Tokens in a row that a method's draft drafts at most: those of its heads or modules, where each drafts one. */
export function mostDrafts(method: string, drafts: Drafts): number {
  const card = drafts.get(method);
  if (card === undefined || card.kind === 'transformer') return Number.POSITIVE_INFINITY;
  const { heads = Number.POSITIVE_INFINITY, modules = 1 } = card;
  return basicMethod(method).model?.drafting === 'modules' ? modules : heads;
}

/** Drafts in a row that a trace, or what is stated, answers for of a method. */
export function answeredK(
  { parts }: Pick<Method, 'parts'>,
  { rates, drafts }: { readonly rates: ReadonlyMap<string, unknown>; readonly drafts: Drafts },
  { drafters }: Pick<AcceptanceTrace, 'drafters'>,
): number {
  const recorded = (name: string) => (rates.has(name) ? undefined : drafters.get(name)?.maxK);
  return Math.min(
    ...parts.flatMap(({ name }) => [mostDrafts(name, drafts), recorded(name) ?? Number.POSITIVE_INFINITY]),
  );
}
