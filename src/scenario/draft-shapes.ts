/** What draft models ask of the machine: a pass of each that a method runs. */
import { basicMethod, draftSlots, isDiffusion, type Method } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import { Memo } from '../memo.ts';
import { type DraftHead, expertsOf, type Transformer } from '../model/architecture.ts';
import { modulesOf } from '../model/mtp-head.ts';
import { selfShape } from '../model/self-draft.ts';
import { type ForwardShape, forwardShape, headShape } from '../model/shape.ts';
import { mostDrafts } from './draft-cards.ts';
import type { Inputs } from './inputs.ts';
import { expertLayout, layout, targetLayout } from './layouts.ts';
import type { Scenario } from './scenario.ts';

/** Shapes, each once, since their prices are found by them. */
const SHAPES = new Memo<ForwardShape>();

/**
 * A pass of every model that a method runs, in the order of `StepWork.drafts`.
 *
 * @param drafted tokens in a row that it drafts at most
 * @param k what was asked; null where acceptance says it
 * @throws UserError for more of them than its draft has heads or modules, where each drafts one
 */
export function draftShapes(
  method: Method,
  drafted: number,
  k: number | null,
  inputs: Inputs,
): readonly ForwardShape[] {
  const { drafts, target, scenario } = inputs;
  const shapes = method.parts.flatMap(({ name, model }) => {
    if (model === undefined) return [];
    const card = drafts.get(name)!;
    const most = mostDrafts(name, drafts);
    if (drafted > most) {
      const what = `${card.kind === 'medusa' ? 'head' : 'module'}${most === 1 ? '' : 's'}`;
      throw new UserError(
        `method ${method.name}: k ${drafted}, and the draft has ${most} ${what}, one for each token; expected ${k === null ? 'acceptance' : 'k'} of at most that`,
      );
    }
    const modules = model.drafting === 'modules' ? drafted : 1;
    const shape = SHAPES.get([inputs], `${name} ${modules}`, () => {
      const pass = modulesOf(draftShape(name, card, inputs), modules);
      return model.drafting === 'blanks' ? { ...pass, blanks: true } : pass;
    });
    if (method.kind !== 'parallel') return [shape];
    return [shape, SHAPES.get([inputs], `ahead ${name}`, () => ahead(shape))];
  });
  if (!isDiffusion(method) || draftSlots(method) === 0) return shapes;
  return [SHAPES.get([inputs], method.name, () => selfShape(target, targetLayout(scenario), {}))];
}

/** The same model while the target verifies. */
function ahead(shape: ForwardShape): ForwardShape {
  return { ...shape, ahead: true, lastTokenOnly: true, weightBytes: 0, kvBytesPerToken: 0 };
}

/**
 * One pass of the model that a method runs.
 *
 * @throws UserError for a model that does not fit the target, or cannot be split over the GPUs
 */
export function draftShape(
  method: string,
  card: DraftHead | Transformer,
  { target, scenario }: { readonly target: Transformer; readonly scenario: Scenario },
): ForwardShape {
  const self = basicMethod(method).model?.self;
  if (self !== undefined) return selfShape(target, targetLayout(scenario), self);
  const tp = scenario.draftTp ?? (scenario.draftGpu === null ? scenario.tp : 1);
  const own = { ...scenario, tp };
  if (card.kind === 'transformer') return forwardShape(card, layout(own, scenario.draftDtype));
  // Files of heads say no format; they are published in bf16.
  const dtype = scenario.draftDtype === 'auto' ? 'bf16' : scenario.draftDtype;
  return headShape(card, target, {
    ...layout(own, dtype),
    ...(expertsOf(card) !== null && expertLayout(scenario)),
  });
}
