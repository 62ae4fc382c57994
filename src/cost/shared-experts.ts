/**
 * Copies of attention that share experts (data-parallel attention): the replica's sequences are spread over them, every
 * copy does its part of a step, and all wait for the fullest. What a copy asks of the experts is counted by the shapes,
 * which know how many copies there are.
 *
 * Left out: copies that are filled unevenly by more than one sequence.
 */
import { type CostModel, type DraftWork, type PartSeconds, PassWork, StepWork } from './work.ts';

/** The price of a replica of so many copies, by that of one. */
export function shared(copy: CostModel, copies: number): CostModel {
  return copies === 1 ? copy : new SharedExperts(copy, copies);
}

class SharedExperts implements CostModel {
  readonly name = 'roofline';
  readonly #copy: CostModel;
  readonly #copies: number;
  readonly #prompts = new PassWork();
  #step = new StepWork(0, 0);

  /** @param copy prices the work of one of so many copies */
  constructor(copy: CostModel, copies: number) {
    this.#copy = copy;
    this.#copies = copies;
  }

  priceStep(work: StepWork, cost: PartSeconds): void {
    const step = this.#room(work);
    step.clear();
    spread(work.verify, this.#copies, step.verify);
    share(work.prefill, this.#copies, step.prefill);
    const part = work.verify.sequences === 0 ? 0 : step.verify.sequences / work.verify.sequences;
    step.drafted = Math.ceil(work.drafted * part);
    step.searches = Math.ceil(work.searches * part);
    step.searchHits = Math.ceil(work.searchHits * part);
    step.switches = Math.ceil(work.switches * part);
    step.trees = Math.ceil(work.trees * part);
    step.ragged = Math.ceil(work.ragged * part);
    step.lengthSwitches = work.lengthSwitches;
    for (let d = 0; d < work.drafts.length; d++) spreadDrafts(work.drafts[d]!, part, step.drafts[d]!);
    this.#copy.priceStep(step, cost);
  }

  pricePrefill(prompts: PassWork, cost: PartSeconds): void {
    share(prompts, this.#copies, this.#prompts);
    this.#copy.pricePrefill(this.#prompts, cost);
  }

  #room({ drafts }: StepWork): StepWork {
    const most = Math.max(0, ...drafts.map(({ sequencesOfLength }) => sequencesOfLength.length - 1));
    const own = this.#step.drafts;
    if (own.length !== drafts.length || (own[0]?.sequencesOfLength.length ?? 0) < most + 1) {
      this.#step = new StepWork(drafts.length, most);
    }
    return this.#step;
  }
}

/** The part of the fullest of so many copies. */
function spread(of: PassWork, copies: number, to: PassWork): void {
  const { sequences } = of;
  to.sequences = Math.ceil(sequences / copies);
  const part = sequences === 0 ? 0 : to.sequences / sequences;
  to.tokens = Math.ceil(of.tokens * part);
  to.contextTokens = of.contextTokens * part;
  to.attentionPairs = of.attentionPairs * part;
  to.logitRows = Math.ceil(of.logitRows * part);
}

/** A copy's part of prompts: engines hold prompts back until all copies have some, so that none waits for the others. */
function share(of: PassWork, copies: number, to: PassWork): void {
  to.sequences = Math.ceil(of.sequences / copies);
  to.tokens = Math.ceil(of.tokens / copies);
  to.contextTokens = of.contextTokens / copies;
  to.attentionPairs = of.attentionPairs / copies;
  to.logitRows = Math.ceil(of.logitRows / copies);
}

function spreadDrafts(of: DraftWork, part: number, to: DraftWork): void {
  to.widths = of.widths;
  for (let length = 1; length <= of.longest; length++) {
    const sequences = of.sequencesOfLength[length]!;
    if (sequences === 0) continue;
    to.addAll(Math.ceil(sequences * part), length, of.contextOfLength[length]! * part, 0);
  }
  to.catchUpTokens = Math.ceil(of.catchUpTokens * part);
}
