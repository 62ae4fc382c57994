/** Drafts exactly what will be accepted with a given chance in each round, else the longest draft. */
import { stream } from '../random/streams.ts';
import type { PositionLengths } from '../trace/trace.ts';
import type { Policy } from './policy.ts';

export class NoisyOracle implements Policy {
  readonly #parts: readonly PositionLengths[];
  readonly #maxK: number;
  /** By position in the first recording, whatever order rounds come in: whether it is known there. */
  readonly #known: Uint8Array;

  /** @param parts what each part of a method would have accepted, of the same texts */
  constructor(parts: readonly PositionLengths[], chance: number, maxK: number, seed: number) {
    this.#parts = parts;
    this.#maxK = maxK;
    this.#known = new Uint8Array(parts[0]!.emitted.length).fill(1);
    if (chance === 1) return;
    const draw = stream(seed, 'noisy-oracle');
    for (let i = 0; i < this.#known.length; i++) this.#known[i] = draw() < chance ? 1 : 0;
  }

  stepBegins(): void {}

  choose(request: number, position: number, part = 0): number {
    if (this.#known[this.#parts[0]!.offsets[request]! + position] === 0) return this.#maxK;
    const { offsets, emitted } = this.#parts[part]!;
    return Math.min(emitted[offsets[request]! + position]! - 1, this.#maxK);
  }

  see(): void {}
}
