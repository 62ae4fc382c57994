/** A draft model's lengths in a fitted process: sampled round by round for who passes over them once, else as a column. */
import { lesser } from '../columns.ts';
import type { DifficultySampler } from './token-difficulty.ts';
import type { PositionLengths } from './trace.ts';

/** Passes over a request that take less than its column, of which a round of a few tokens needs a third. */
const PASSES = 2;

/**
 * Share of requests that may be passed over more often, as those are that run while memory is short: each is sampled by
 * itself, and kept as long as so many others are. Beyond that share the column of all is made.
 */
const OFTENER = 1 / 16;
const KEPT = 1024;

/** By lengths: what samples their rounds. Copies of lengths, of which columns may be others, have none. */
const SAMPLERS = new WeakMap<PositionLengths, SampledRounds>();

/** What samples single rounds of these lengths; null where there is but a column. */
export function samplerOf(lengths: PositionLengths): SampledRounds | null {
  return SAMPLERS.get(lengths) ?? null;
}

export class SampledRounds {
  readonly #offsets: Int32Array;
  readonly #sampler: DifficultySampler;
  readonly #begin: (request: number) => void;
  /** By request: how often it was begun. */
  readonly #begun: Uint8Array;
  /** Parts of the column, by request, and how many more may be sampled. */
  readonly #own = new Map<number, Uint8Array>();
  #oftener: number;
  #request = -1;
  #column: Uint8Array | null = null;

  /**
   * @param offsets of requests in the column
   * @param begin begins a request in the sampler
   */
  constructor(offsets: Int32Array, sampler: DifficultySampler, begin: (request: number) => void) {
    this.#offsets = offsets;
    this.#sampler = sampler;
    this.#begin = begin;
    this.#begun = new Uint8Array(offsets.length - 1);
    this.#oftener = Math.floor(OFTENER * (offsets.length - 1));
  }

  /** Lengths with this column, sampled when it is read. */
  lengths(others: Omit<PositionLengths, 'emitted' | 'offsets' | 'proposed'>): PositionLengths {
    const column = () => this.#whole;
    const lengths: PositionLengths = {
      ...others,
      offsets: this.#offsets,
      proposed: 'always',
      get emitted() {
        return column();
      },
    };
    SAMPLERS.set(lengths, this);
    return lengths;
  }

  get #whole(): Uint8Array {
    this.#column ??= this.#sampled();
    return this.#column;
  }

  /**
   * Tokens that a round of `k` drafts emits at a position of a request, 1 or more: what the column says, and at most k + 1;
   * 0 where the column is the cheaper way.
   */
  emittedBy(request: number, position: number, k: number): number {
    if (this.#column !== null) return 0;
    if (request !== this.#request) {
      // Rounds of many requests in turn begin them again and again.
      if (this.#begun[request] === PASSES) {
        const own = this.#ownOf(request);
        return own === null ? 0 : lesser(own[position]!, k + 1);
      }
      this.#begun[request]!++;
      this.#request = request;
      this.#begin(request);
    }
    return this.#sampler.emittedAt(position, k);
  }

  /** The part of the column that is a request's; null where that of all is the cheaper way. */
  #ownOf(request: number): Uint8Array | null {
    const known = this.#own.get(request);
    if (known !== undefined) return known;
    if (this.#oftener === 0) return null;
    this.#oftener--;
    const own = new Uint8Array(this.#offsets[request + 1]! - this.#offsets[request]!);
    this.write(request, own);
    this.#own.set(request, own);
    if (this.#own.size > KEPT) this.#own.delete(this.#own.keys().next().value!);
    return own;
  }

  /** Writes the part of the column that is a request's. */
  write(request: number, into: Uint8Array): void {
    const offsets = this.#offsets;
    if (this.#column !== null) into.set(this.#column.subarray(offsets[request], offsets[request + 1]));
    else {
      this.#request = request;
      this.#begin(request);
      this.#sampler.fill(into);
    }
  }

  #sampled(): Uint8Array {
    this.#own.clear();
    const offsets = this.#offsets;
    const requests = offsets.length - 1;
    const column = new Uint8Array(offsets[requests]!);
    for (let r = 0; r < requests; r++) this.write(r, column.subarray(offsets[r], offsets[r + 1]));
    return column;
  }
}
