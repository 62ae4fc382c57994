/**
 * KV memory of the sequences of a replica: blocks of their own, and blocks that they share with others through the prefix
 * cache, which keeps them while there is room.
 */
import { KvMemory } from './kv-memory.ts';
import { type NumberedHashes, PrefixCache } from './prefix-cache.ts';
import type { Limits } from './replica-parts.ts';
import type { Sequences } from './sequences.ts';

export class SequenceMemory {
  readonly kv: KvMemory;
  readonly cache: PrefixCache | null;
  readonly #sequences: Sequences;
  readonly #blockTokens: number;
  /** That a sequence holds however long it is. */
  readonly #sequenceBlocks: number;

  constructor(hashes: NumberedHashes | null, limits: Limits, sequences: Sequences) {
    const { kvBlocks, blockTokens, sequenceBlocks = 0 } = limits;
    this.#sequenceBlocks = sequenceBlocks;
    this.cache = hashes === null ? null : new PrefixCache(hashes, blockTokens);
    this.kv = new KvMemory(kvBlocks, this.cache);
    this.#sequences = sequences;
    this.#blockTokens = blockTokens;
  }

  /** Leading hashes of a request that are in memory, of those that its first `tokens` tokens fill. */
  hits(request: number, tokens: number): number {
    return this.cache?.hits(request, tokens) ?? 0;
  }

  /** Tokens that so many hashes stand for. */
  tokensOf(hits: number): number {
    return hits === 0 ? 0 : hits * this.cache!.blockTokens;
  }

  /**
   * Takes what the first `tokens` tokens of a newcomer need beside its `hits` leading hashes, which are in memory; false,
   * and nothing happens, when there is less.
   */
  admit(request: number, hits: number, tokens: number): boolean {
    const { kv, cache } = this;
    const blocks = Math.ceil(tokens / this.#blockTokens) + this.#sequenceBlocks;
    const fresh = blocks - this.tokensOf(hits) / this.#blockTokens;
    const idle = hits === 0 ? 0 : cache!.idleAmong(request, hits);
    if (kv.usedBlocks + idle + fresh > kv.capacityBlocks) return false;
    if (hits > 0) kv.take(cache!.read(request, hits));
    kv.take(fresh);
    return true;
  }

  /** Enters what is computed of a sequence into the prefix cache. */
  share(slot: number, computed: number): void {
    const { cache } = this;
    if (cache === null) return;
    const { sharedHashes, request } = this.#sequences;
    const filled = cache.filled(request[slot]!, computed);
    for (let index = sharedHashes[slot]!; index < filled; index++) {
      const change = cache.enter(request[slot]!, index);
      if (change < 0) this.kv.giveBack(-change);
    }
    if (filled > sharedHashes[slot]!) sharedHashes[slot] = filled;
  }

  /** Gives back the blocks of `held` tokens; those that have a hash stay behind while there is room. */
  release(slot: number, held: number): void {
    const { sharedHashes, request } = this.#sequences;
    const shared = sharedHashes[slot]!;
    const blocks = held / this.#blockTokens + this.#sequenceBlocks;
    if (shared === 0) {
      this.kv.giveBack(blocks);
      return;
    }
    const cache = this.cache!;
    this.kv.giveBack(blocks - shared * cache.blocksEach);
    this.kv.giveBack(cache.leave(request[slot]!, shared));
    sharedHashes[slot] = 0;
  }

  /** What a request that nothing here can hold is refused with. */
  doesNotFit(request: number, tokens: number): Error {
    return new Error(
      `request ${request}: ${tokens} tokens do not fit in ${this.kv.capacityBlocks} KV blocks`,
    );
  }
}
