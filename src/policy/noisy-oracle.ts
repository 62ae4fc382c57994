/** Drafts exactly what will be accepted with a given chance in each round, else the longest draft. */
import { stream } from '../random/streams.ts';
import type { PositionLengths } from '../trace/trace.ts';
import type { Policy } from './policy.ts';

export class NoisyOracle implements Policy {
  readonly #lengths: PositionLengths;
  readonly #maxK: number;
  /** By position in the recording, whatever order rounds come in: whether it is known there. */
  readonly #known: Uint8Array;

  constructor(lengths: PositionLengths, chance: number, maxK: number, seed: number) {
    this.#lengths = lengths;
    this.#maxK = maxK;
    const draw = stream(seed, 'noisy-oracle');
    this.#known = Uint8Array.from(lengths.emitted, () => (draw() < chance ? 1 : 0));
  }

  stepBegins(): void {}

  choose(request: number, position: number): number {
    const at = this.#lengths.offsets[request]! + position;
    return this.#known[at] === 0 ? this.#maxK : Math.min(this.#lengths.emitted[at]! - 1, this.#maxK);
  }

  see(): void {}
}
