/**
 * A price beside others of the same steps: notes which of them ever differ. A run in which a price never did comes to what it
 * would have come to with that one.
 */
import { type CostModel, noSeconds, type PartSeconds, type PassWork, type StepWork } from './work.ts';

export class Compared implements CostModel {
  readonly name: string;
  readonly #own: CostModel;
  /** Those that were the same so far. */
  readonly #same: CostModel[];
  readonly #price = noSeconds();

  constructor(own: CostModel, others: readonly CostModel[]) {
    this.name = own.name;
    this.#own = own;
    this.#same = [...others];
  }

  priceStep(work: StepWork, cost: PartSeconds): void {
    this.#own.priceStep(work, cost);
    this.#keepSame(cost, (other, price) => other.priceStep(work, price));
  }

  pricePrefill(prompts: PassWork, cost: PartSeconds): void {
    this.#own.pricePrefill(prompts, cost);
    this.#keepSame(cost, (other, price) => other.pricePrefill(prompts, price));
  }

  /** Strikes off those that price a step in another way. */
  #keepSame(cost: PartSeconds, price: (other: CostModel, into: PartSeconds) => void): void {
    const same = this.#same;
    for (let i = same.length - 1; i >= 0; i--) {
      price(same[i]!, this.#price);
      if (!equal(this.#price, cost)) same.splice(i, 1);
    }
  }

  /** Whether another price was that of some step so far. */
  differs(other: CostModel): boolean {
    return !this.#same.includes(other);
  }
}

function equal(a: PartSeconds, b: PartSeconds): boolean {
  return (
    a.draftS === b.draftS &&
    a.verifyS === b.verifyS &&
    a.samplingS === b.samplingS &&
    a.overheadS === b.overheadS &&
    a.prefillS === b.prefillS
  );
}
