/**
 * Every request on its own: two tokens more after a round in which all were accepted, one fewer after any other
 * (the `heuristic` schedule of assisted generation in Hugging Face transformers). A round in which nothing was
 * proposed says nothing.
 */
import type { Policy } from './policy.ts';

export class PerRequest implements Policy {
  readonly #maxK: number;
  readonly #k: Int32Array;

  constructor(requests: number, maxK: number) {
    this.#maxK = maxK;
    this.#k = new Int32Array(requests);
  }

  stepBegins(): void {}

  choose(request: number, position: number): number {
    if (position === 1) this.#k[request] = this.#maxK;
    return this.#k[request]!;
  }

  see(request: number, _position: number, asked: number, proposed: number, accepted: number): void {
    if (proposed === 0) return;
    this.#k[request] = accepted === proposed ? Math.min(asked + 2, this.#maxK) : Math.max(asked - 1, 1);
  }
}
