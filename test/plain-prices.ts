/** Cost models of plain numbers, for tests. */
import {
  type CostModel,
  noSeconds,
  type PartSeconds,
  type PassWork,
  type StepWork,
} from '../src/cost/work.ts';

type Seconds = Partial<PartSeconds>;

/** Parts of a step as `step` and `prefill` say; what they do not name takes no time. */
export class PlainPrices implements CostModel {
  readonly name = 'plain prices';
  readonly #step: (work: StepWork) => Seconds;
  readonly #prefill: (prompts: PassWork) => Seconds;
  /** Steps that were priced. */
  priced = 0;

  constructor(step: (work: StepWork) => Seconds, prefill: (prompts: PassWork) => Seconds = () => ({})) {
    this.#step = step;
    this.#prefill = prefill;
  }

  priceStep(work: StepWork, cost: PartSeconds): void {
    this.priced++;
    Object.assign(cost, noSeconds(), this.#step(work));
  }

  pricePrefill(prompts: PassWork, cost: PartSeconds): void {
    Object.assign(cost, noSeconds(), this.#prefill(prompts));
  }
}

/** Another price with one part multiplied. */
export class Dearer implements CostModel {
  readonly name = 'dearer';
  readonly #of: CostModel;
  readonly #part: keyof PartSeconds;
  readonly #factor: number;

  constructor(of: CostModel, part: keyof PartSeconds, factor: number) {
    this.#of = of;
    this.#part = part;
    this.#factor = factor;
  }

  priceStep(work: StepWork, cost: PartSeconds): void {
    this.#of.priceStep(work, cost);
    cost[this.#part] *= this.#factor;
  }

  pricePrefill(prompts: PassWork, cost: PartSeconds): void {
    this.#of.pricePrefill(prompts, cost);
    cost[this.#part] *= this.#factor;
  }
}
