/**
 * KV memory in blocks. A sequence's blocks for its whole prompt, output and one round's drafts are taken
 * when it is admitted and given back when it ends, so that nothing is ever preempted.
 *
 * Left out: growth block by block, preemption, prefix sharing.
 */
export class KvMemory {
  readonly #capacityBlocks: number;
  readonly #blockTokens: number;
  #usedBlocks = 0;

  /** @param capacityTokens may be infinite */
  constructor(capacityTokens: number, blockTokens: number) {
    this.#blockTokens = blockTokens;
    this.#capacityBlocks = Math.floor(capacityTokens / blockTokens);
  }

  get usedBlocks(): number {
    return this.#usedBlocks;
  }

  /** How many more sequences of `tokens` tokens fit. */
  room(tokens: number): number {
    return Math.floor((this.#capacityBlocks - this.#usedBlocks) / this.#blocks(tokens));
  }

  take(sequences: number, tokens: number): void {
    this.#usedBlocks += sequences * this.#blocks(tokens);
    if (this.#usedBlocks > this.#capacityBlocks) throw new Error('more KV blocks taken than there are');
  }

  giveBack(sequences: number, tokens: number): void {
    this.#usedBlocks -= sequences * this.#blocks(tokens);
    if (this.#usedBlocks < 0) throw new Error('more KV blocks given back than taken');
  }

  #blocks(tokens: number): number {
    return Math.ceil(tokens / this.#blockTokens);
  }
}
