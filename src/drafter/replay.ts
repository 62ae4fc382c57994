/** Replay of position-indexed acceptance: what a round of a given draft length does at a given position. */
import type { PositionLengths } from '../trace/trace.ts';

/** How many tokens to draft: always k, or exactly as many as will be accepted (the oracle). */
export type DraftLength = number | 'exact';

/** How a cost model wants recordings read. */
export interface ReplayConventions {
  /** A round at position p reads the recording at p minus this. */
  readonly positionLag: number;
  /** Whether an oracle stops drafting at the end of the output, as it would if it knew it. */
  readonly clipDrafts: boolean;
  /**
   * Null: look-up proposes where the recording says so. Else the chance that it proposes where it would
   * emit one token; where it emits more it always proposes.
   */
  readonly proposalChance: number | null;
}

/** The conventions of the recordings themselves (docs/physics.md, section 3). */
export const AS_RECORDED: ReplayConventions = { positionLag: 0, clipDrafts: true, proposalChance: null };

export class Replay {
  // Taken out of their objects: a round is the innermost loop of a simulation.
  readonly #offsets: Int32Array;
  readonly #emittedAt: Uint8Array;
  readonly #proposedAt: Uint8Array | null;
  readonly #exact: boolean;
  #k: number;
  readonly #positionLag: number;
  readonly #clipDrafts: boolean;
  readonly #proposalChance: number | null;

  /** Tokens drafted by the last round; fractional where a chance decides. */
  drafted = 0;
  /** Tokens emitted by the last round. */
  emitted = 0;
  /** Chance that the last round proposed anything: 0, 1, or the convention's. */
  proposing = 0;

  constructor(lengths: PositionLengths, length: DraftLength, conventions: ReplayConventions) {
    this.#offsets = lengths.offsets;
    this.#emittedAt = lengths.emitted;
    this.#proposedAt = lengths.proposed instanceof Uint8Array ? lengths.proposed : null;
    this.#exact = length === 'exact';
    this.#k = length === 'exact' ? lengths.maxK : length;
    this.#positionLag = conventions.positionLag;
    this.#clipDrafts = conventions.clipDrafts;
    this.#proposalChance = conventions.proposalChance;
  }

  /** Sets the longest draft of the rounds that follow. */
  draftAtMost(k: number): void {
    this.#k = k;
  }

  /** Sets `drafted`, `emitted` and `proposing` for the round of `request` at `position` with `left` tokens to go. */
  round(request: number, position: number, left: number): void {
    const k = this.#k;
    const at = this.#offsets[request]! + position - this.#positionLag;
    const possible = Math.min(this.#emittedAt[at]!, k + 1);
    const emitted = Math.min(possible, left);
    this.emitted = emitted;
    if (this.#exact) {
      this.drafted = (this.#clipDrafts ? emitted : possible) - 1;
      this.proposing = this.drafted > 0 ? 1 : 0;
    } else if (this.#proposalChance !== null) {
      this.proposing = possible > 1 ? 1 : this.#proposalChance;
      this.drafted = this.proposing * k;
    } else {
      const drafted = this.#proposedAt === null ? k : Math.min(this.#proposedAt[at]!, k);
      this.drafted = drafted;
      this.proposing = drafted > 0 ? 1 : 0;
    }
  }
}
