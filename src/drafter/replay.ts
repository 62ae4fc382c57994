/** Replay of position-indexed acceptance: what a round of a given draft length does at a given position. */
import { lesser } from '../columns.ts';
import { type SampledRounds, samplerOf } from '../trace/sampled-rounds.ts';
import type { PositionLengths } from '../trace/trace.ts';
import type { RoundStream } from './known-rounds.ts';

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

/** What rounds emit. */
export interface RoundReplay {
  /** The most that a round drafts. */
  readonly longest: number;
  /** Whether every round drafts as many as it is asked for. */
  readonly always: boolean;
  /** Tokens drafted by the last round; fractional where a chance decides. */
  readonly drafted: number;
  /** Tokens emitted by the last round. */
  readonly emitted: number;
  /** Chance that the last round, asked for anything, proposed anything: 0, 1, or the convention's. */
  readonly proposing: number;
  /**
   * Sets `drafted`, `emitted` and `proposing` for the round of `request` at `position` with `left` tokens to go.
   *
   * @param asked the longest draft; that of the method unless said
   */
  round(request: number, position: number, left: number, asked?: number): void;
  /** Tokens that a round emits; `round` says the same and more. */
  emittedBy(request: number, position: number, left: number, asked: number): number;
  /** All rounds from a position on, as `KnownRounds` has it. */
  stream(request: number, position: number, left: number, asked: number): RoundStream;
}

export class Replay implements RoundReplay {
  /** By request: where its position 0 is read. */
  readonly #starts: Int32Array;
  readonly #lengths: PositionLengths;
  /** What samples single rounds, until a column is the better way. */
  #sampler: SampledRounds | null;
  #emittedAt: Uint8Array | null = null;
  /** The rounds of a request, where they are sampled. */
  #sampled = new Uint8Array(0);
  readonly #proposedAt: Uint8Array | null;
  readonly #exact: boolean;
  readonly #clipDrafts: boolean;
  readonly #proposalChance: number | null;
  readonly longest: number;
  readonly always: boolean;
  readonly #stream: { -readonly [K in keyof RoundStream]: RoundStream[K] };
  drafted = 0;
  emitted = 0;
  proposing = 1;

  constructor(lengths: PositionLengths, length: DraftLength, conventions: ReplayConventions) {
    const { positionLag, clipDrafts, proposalChance } = conventions;
    this.#starts = positionLag === 0 ? lengths.offsets : lengths.offsets.map((start) => start - positionLag);
    this.#lengths = lengths;
    this.#sampler = positionLag === 0 ? samplerOf(lengths) : null;
    this.#stream = { lengths: this.#sampled, start: 0, end: 0, byPosition: true };
    this.#proposedAt = lengths.proposed instanceof Uint8Array ? lengths.proposed : null;
    this.#exact = length === 'exact';
    this.longest = length === 'exact' ? lengths.maxK : length;
    this.#clipDrafts = clipDrafts;
    this.#proposalChance = proposalChance;
    this.always = !this.#exact && proposalChance === null && this.#proposedAt === null;
  }

  round(request: number, position: number, left: number, asked: number = this.longest): void {
    const possible = this.#possible(request, position, asked);
    this.emitted = lesser(possible, left);
    if (this.always) this.drafted = asked;
    else this.#propose(this.#starts[request]! + position, asked, possible);
  }

  emittedBy(request: number, position: number, left: number, asked: number): number {
    return Math.min(this.#possible(request, position, asked), left);
  }

  stream(request: number, position: number, left: number, asked: number): RoundStream {
    const stream = this.#stream;
    if (this.#sampler !== null && this.#sampleStream(this.#sampler, request, position, left, asked)) {
      return stream;
    }
    stream.lengths = this.#column;
    stream.start = this.#starts[request]! + position;
    stream.end = stream.start + left;
    stream.byPosition = true;
    return stream;
  }

  get #column(): Uint8Array {
    this.#emittedAt ??= this.#lengths.emitted;
    return this.#emittedAt;
  }

  /** Tokens that a round emits, were the output endless. */
  #possible(request: number, position: number, asked: number): number {
    const column = this.#emittedAt;
    if (column === null) return this.#possibleAlone(request, position, asked);
    return lesser(column[this.#starts[request]! + position]!, asked + 1);
  }

  /** The same while rounds are sampled; apart, as V8 inlines short functions alone. */
  #possibleAlone(request: number, position: number, asked: number): number {
    if (this.#sampler !== null) {
      const emitted = this.#sampler.emittedBy(request, position, asked);
      if (emitted > 0) return emitted;
      this.#sampler = null;
    }
    return lesser(this.#column[this.#starts[request]! + position]!, asked + 1);
  }

  #sampleStream(
    sampler: SampledRounds,
    request: number,
    position: number,
    left: number,
    asked: number,
  ): boolean {
    if (this.#sampled.length < left) this.#sampled = new Uint8Array(2 * left);
    const sampled = this.#sampled;
    let rounds = 0;
    for (let done = 0; done < left; rounds++) {
      const emitted = sampler.emittedBy(request, position + done, asked);
      if (emitted === 0) {
        this.#sampler = null;
        return false;
      }
      sampled[rounds] = lesser(emitted, left - done);
      done += emitted;
    }
    const stream = this.#stream;
    stream.lengths = sampled;
    stream.start = 0;
    stream.end = rounds;
    stream.byPosition = false;
    return true;
  }

  #propose(at: number, asked: number, possible: number): void {
    if (this.#proposalChance !== null && !this.#exact) {
      this.proposing = possible > 1 ? 1 : this.#proposalChance;
      this.drafted = this.proposing * asked;
      return;
    }
    if (this.#exact) this.drafted = (this.#clipDrafts ? this.emitted : possible) - 1;
    else this.drafted = lesser(this.#proposedAt![at]!, asked);
    this.proposing = this.drafted > 0 ? 1 : 0;
  }
}
