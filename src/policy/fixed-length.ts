/** The same k in every round. */
import type { Policy } from './policy.ts';

export class FixedLength implements Policy {
  readonly #k: number;

  constructor(k: number) {
    this.#k = k;
  }

  stepBegins(): void {}

  choose(): number {
    return this.#k;
  }

  see(): void {}
}
