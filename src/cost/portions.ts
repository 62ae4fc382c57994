/** The work of the fullest of so many parts that a batch is spread over: copies of attention, or batches in flight. */
import { type DraftWork, PassWork, StepWork } from './work.ts';

export class Portions {
  readonly #prompts = new PassWork();
  #step = new StepWork(0, 0);

  /** A part of a step; the same object every time. */
  step(work: StepWork, parts: number): StepWork {
    const step = this.#room(work);
    step.clear();
    spread(work.verify, parts, step.verify);
    share(work.prefill, parts, step.prefill);
    const part = work.verify.sequences === 0 ? 0 : step.verify.sequences / work.verify.sequences;
    step.drafted = Math.ceil(work.drafted * part);
    step.searches = Math.ceil(work.searches * part);
    step.searchHits = Math.ceil(work.searchHits * part);
    step.switches = Math.ceil(work.switches * part);
    step.trees = Math.ceil(work.trees * part);
    step.ragged = Math.ceil(work.ragged * part);
    step.lengthSwitches = work.lengthSwitches;
    for (let d = 0; d < work.drafts.length; d++) spreadDrafts(work.drafts[d]!, part, step.drafts[d]!);
    return step;
  }

  /** A part of prompts; the same object every time. */
  prompts(prompts: PassWork, parts: number): PassWork {
    share(prompts, parts, this.#prompts);
    return this.#prompts;
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

/** The part of the fullest. */
function spread(of: PassWork, parts: number, to: PassWork): void {
  const { sequences } = of;
  to.sequences = Math.ceil(sequences / parts);
  const part = sequences === 0 ? 0 : to.sequences / sequences;
  to.tokens = Math.ceil(of.tokens * part);
  to.contextTokens = of.contextTokens * part;
  to.attentionPairs = of.attentionPairs * part;
  to.logitRows = Math.ceil(of.logitRows * part);
}

/** A part of prompts: engines hold prompts back until all parts have some, so that none waits for the others. */
function share(of: PassWork, parts: number, to: PassWork): void {
  to.sequences = Math.ceil(of.sequences / parts);
  to.tokens = Math.ceil(of.tokens / parts);
  to.contextTokens = of.contextTokens / parts;
  to.attentionPairs = of.attentionPairs / parts;
  to.logitRows = Math.ceil(of.logitRows / parts);
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
