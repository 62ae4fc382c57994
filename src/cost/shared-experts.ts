/**
 * Copies of attention that share experts (data-parallel attention): the replica's sequences are spread over them, every
 * copy does its part of a step, and all wait for the fullest. What a copy asks of the experts is counted by the shapes,
 * which know how many copies there are.
 *
 * Left out: copies that are filled unevenly by more than one sequence.
 */
import { Portions } from './portions.ts';
import type { CostModel, PartSeconds, PassWork, StepWork } from './work.ts';

/** The price of a replica of so many copies, by that of one. */
export function shared(copy: CostModel, copies: number): CostModel {
  return copies === 1 ? copy : new SharedExperts(copy, copies);
}

class SharedExperts implements CostModel {
  readonly name = 'roofline';
  readonly #copy: CostModel;
  readonly #copies: number;
  readonly #portions = new Portions();

  /** @param copy prices the work of one of so many copies */
  constructor(copy: CostModel, copies: number) {
    this.#copy = copy;
    this.#copies = copies;
  }

  priceStep(work: StepWork, cost: PartSeconds): void {
    this.#copy.priceStep(this.#portions.step(work, this.#copies), cost);
  }

  pricePrefill(prompts: PassWork, cost: PartSeconds): void {
    this.#copy.pricePrefill(this.#portions.prompts(prompts, this.#copies), cost);
  }
}
