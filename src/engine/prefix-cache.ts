/**
 * Prefix caching: whole blocks of a prompt, known by a hash that covers everything before them too, are kept when
 * their last reader is gone, until their room is needed. The one unused longest goes first, and of a prompt its
 * end before its beginning. Hashes may go on behind a prompt, over the text that a request generates.
 *
 * Two requests that compute the same block at the same time keep one of it (vLLM keeps both).
 */
import { entry } from '../memo.ts';

/** Hashes of the whole blocks of each request's text, flat; equal hashes at the start of two are a shared prefix. */
export interface PrefixHashes {
  /** Length requests + 1. */
  readonly offsets: Int32Array;
  readonly hashes: ArrayLike<number>;
  /** Prompt tokens that one hash stands for: a multiple of the KV block. */
  readonly blockTokens: number;
}

/** The same with hashes numbered from 0, so that every replica can keep what it has of each in a column. */
export interface NumberedHashes extends PrefixHashes {
  readonly hashes: Int32Array;
  readonly distinct: number;
}

/** The same ones where they are numbered already. */
export function numbered(given: PrefixHashes | NumberedHashes): NumberedHashes {
  if ('distinct' in given) return given;
  const { offsets, hashes, blockTokens } = given;
  const numbers = new Map<number, number>();
  const column = new Int32Array(hashes.length);
  for (let i = 0; i < hashes.length; i++) {
    column[i] = entry(numbers, hashes[i]!, () => numbers.size);
  }
  return { offsets, hashes: column, blockTokens, distinct: numbers.size };
}

const ABSENT = -1;

export class PrefixCache {
  /** Tokens that one hash stands for. */
  readonly blockTokens: number;
  /** KV blocks that nobody reads and that may be asked for again. */
  idleBlocks = 0;
  readonly #hashes: NumberedHashes;
  /** KV blocks of one hash. */
  readonly blocksEach: number;
  /** By hash: sequences that read it; absent when it is not in memory. */
  readonly #readers: Int32Array;
  /** By hash: neighbours in the ring of idle ones, whose head is the entry after the last hash. */
  readonly #older: Int32Array;
  readonly #younger: Int32Array;
  readonly #head: number;

  /** @param kvBlockTokens tokens of a KV block */
  constructor(hashes: NumberedHashes, kvBlockTokens: number) {
    if (hashes.blockTokens % kvBlockTokens !== 0) {
      throw new Error(
        `hashes of ${hashes.blockTokens} tokens are no whole number of ${kvBlockTokens}-token blocks`,
      );
    }
    this.blockTokens = hashes.blockTokens;
    this.#hashes = hashes;
    this.blocksEach = hashes.blockTokens / kvBlockTokens;
    this.#head = hashes.distinct;
    this.#readers = new Int32Array(hashes.distinct).fill(ABSENT);
    this.#older = new Int32Array(hashes.distinct + 1);
    this.#younger = new Int32Array(hashes.distinct + 1);
    this.#older[this.#head] = this.#head;
    this.#younger[this.#head] = this.#head;
  }

  /** How many of a request's first hashes are in memory, of those that its first `tokens` tokens fill. */
  hits(request: number, tokens: number): number {
    const first = this.#hashes.offsets[request]!;
    const most = this.filled(request, tokens);
    let hits = 0;
    while (hits < most && this.#readers[this.#hashes.hashes[first + hits]!] !== ABSENT) hits++;
    return hits;
  }

  /** KV blocks of a request's first `count` hashes that are idle now. */
  idleAmong(request: number, count: number): number {
    const first = this.#hashes.offsets[request]!;
    let idle = 0;
    for (let i = 0; i < count; i++) if (this.#readers[this.#hashes.hashes[first + i]!] === 0) idle++;
    return idle * this.blocksEach;
  }

  /** Makes a sequence a reader of the first `count` hashes, all in memory; returns the KV blocks that were idle. */
  read(request: number, count: number): number {
    const first = this.#hashes.offsets[request]!;
    const idleBefore = this.idleBlocks;
    for (let i = 0; i < count; i++) this.#addReader(this.#hashes.hashes[first + i]!);
    return idleBefore - this.idleBlocks;
  }

  /**
   * Enters hash number `index` of a request, whose blocks its sequence has just computed, with that sequence as a
   * reader. Returns the change of used KV blocks: none for a new entry; where there is one already it is read
   * instead, and the sequence's own blocks are free again.
   */
  enter(request: number, index: number): number {
    const hash = this.#hashes.hashes[this.#hashes.offsets[request]! + index]!;
    if (this.#readers[hash] === ABSENT) {
      this.#readers[hash] = 1;
      return 0;
    }
    const idleBefore = this.idleBlocks;
    this.#addReader(hash);
    return idleBefore - this.idleBlocks - this.blocksEach;
  }

  /** Ends a sequence's reading of its first `count` hashes; returns the KV blocks that are idle now. */
  leave(request: number, count: number): number {
    const first = this.#hashes.offsets[request]!;
    const idleBefore = this.idleBlocks;
    for (let i = count - 1; i >= 0; i--) {
      const hash = this.#hashes.hashes[first + i]!;
      if (--this.#readers[hash]! === 0) this.#makeIdle(hash);
    }
    return this.idleBlocks - idleBefore;
  }

  /** Drops the block unused longest. */
  evict(): void {
    const oldest = this.#younger[this.#head]!;
    if (oldest === this.#head) throw new Error('no idle block to evict');
    this.#unlink(oldest);
    this.#readers[oldest] = ABSENT;
  }

  /** Hashes of a request that its first `tokens` prompt tokens fill. */
  filled(request: number, tokens: number): number {
    const { offsets, blockTokens } = this.#hashes;
    return Math.min(offsets[request + 1]! - offsets[request]!, Math.floor(tokens / blockTokens));
  }

  #addReader(hash: number): void {
    if (this.#readers[hash]! === 0) this.#unlink(hash);
    this.#readers[hash]!++;
  }

  #makeIdle(hash: number): void {
    const youngest = this.#older[this.#head]!;
    this.#older[hash] = youngest;
    this.#younger[hash] = this.#head;
    this.#younger[youngest] = hash;
    this.#older[this.#head] = hash;
    this.idleBlocks += this.blocksEach;
  }

  #unlink(hash: number): void {
    this.#younger[this.#older[hash]!] = this.#younger[hash]!;
    this.#older[this.#younger[hash]!] = this.#older[hash]!;
    this.idleBlocks -= this.blocksEach;
  }
}
