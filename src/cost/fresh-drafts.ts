/**
 * Prices as if the KV cache of a drafter that is off cost nothing: it runs in no step without drafts, and reads at most
 * what a round emits when it drafts again. What is left out is what steps without drafts leave behind.
 */
import type { CostModel, PartSeconds, PassWork, StepWork } from './work.ts';

export class FreshDrafts implements CostModel {
  readonly name: string;
  readonly #cost: CostModel;

  constructor(cost: CostModel) {
    this.name = cost.name;
    this.#cost = cost;
  }

  /** Takes what it leaves out of the work, too. */
  priceStep(work: StepWork, price: PartSeconds): void {
    for (const draft of work.drafts) {
      if (work.drafted === 0) draft.clear();
      let most = 0;
      for (let length = 1; length <= draft.longest; length++) {
        most += draft.sequencesOfLength[length]! * (length + 1);
      }
      draft.catchUpTokens = Math.min(draft.catchUpTokens, most);
    }
    this.#cost.priceStep(work, price);
  }

  pricePrefill(prompts: PassWork, price: PartSeconds): void {
    this.#cost.pricePrefill(prompts, price);
  }
}
