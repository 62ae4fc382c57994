/** What drafts said lately: of the steps that looked further than pays. */
import type { Signal } from '../trace/confidence-signal.ts';
import { LEVELS, levelAt } from '../trace/survival-levels.ts';

/** Every so many steps one draft more is made than pays, and every so many of those all are, to learn what they say. */
const LOOK_EVERY = 16;
const WHOLE_LOOK_EVERY = 16;
/** Weight of what such a step shows. */
const WEIGHT = 0.25;

export class Outlook {
  /** By depth: survival in the mean; as likely to go on as the draft before where nobody looked. */
  readonly survives: Float64Array;
  /** By depth and level: share of the sequences whose draft there has it. */
  readonly shares: Float64Array;
  readonly #signal: Signal;
  readonly #seen: Int32Array;
  #steps = 0;
  /** Drafts of a round that this step looks at; 0 for none. */
  depth = 0;

  constructor(signal: Signal) {
    const { depths } = signal;
    this.#signal = signal;
    this.survives = new Float64Array(depths);
    this.shares = new Float64Array(depths * LEVELS);
    this.#seen = new Int32Array(depths * LEVELS);
  }

  /** @param usual drafts that are made where nobody looks further */
  begin(usual: number): void {
    const looks = this.#steps % LOOK_EVERY === 0;
    const whole = this.#steps % (LOOK_EVERY * WHOLE_LOOK_EVERY) === 0;
    this.#steps++;
    const { depths } = this.#signal;
    this.depth = looks ? (whole ? depths : Math.min(usual + 1, depths)) : 0;
  }

  /** What rounds say at the depths that this step looks at; their levels begin at these places. */
  see(places: Int32Array, rounds: number): void {
    const { depth } = this;
    const { words } = this.#signal;
    const weight = this.#steps === 1 ? 1 : WEIGHT;
    const seen = this.#seen.fill(0);
    for (let i = 0; i < rounds; i++) {
      const place = places[i]!;
      for (let d = 0; d < depth; d++) seen[d * LEVELS + levelAt(words, place, d)]!++;
    }
    for (let d = 0; d < depth; d++) {
      let mean = 0;
      for (let level = 0, at = d * LEVELS; level < LEVELS; level++, at++) {
        this.shares[at]! += weight * (seen[at]! / rounds - this.shares[at]!);
        mean += (this.shares[at]! * level) / (LEVELS - 1);
      }
      this.survives[d] = mean;
    }
  }

  get known(): boolean {
    return this.#steps > 0;
  }

  /** The chance that a draft at a depth is right, in the mean, given those before. */
  goesOn(depth: number): number {
    const before = depth === 0 ? 1 : this.survives[depth - 1]!;
    return before === 0 ? 0 : this.survives[depth]! / before;
  }
}
