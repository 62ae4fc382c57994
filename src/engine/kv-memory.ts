/**
 * KV memory in blocks. Sequences hold blocks and take more as they grow; blocks of prompts that may be asked for
 * again stay behind as idle ones (prefix-cache.ts) and are evicted when somebody needs the room.
 */
import type { PrefixCache } from './prefix-cache.ts';

export class KvMemory {
  readonly capacityBlocks: number;
  /** Held by sequences, a shared block counted once; idle blocks are not among them. */
  usedBlocks = 0;
  /** The most ever used. */
  peakBlocks = 0;
  readonly #cache: PrefixCache | null;

  /** @param capacityBlocks may be infinite */
  constructor(capacityBlocks: number, cache: PrefixCache | null = null) {
    this.capacityBlocks = capacityBlocks;
    this.#cache = cache;
  }

  /** Takes blocks, evicting idle ones if need be; false, and nothing happens, when there are not as many. */
  take(blocks: number): boolean {
    const used = this.usedBlocks + blocks;
    if (used > this.capacityBlocks) return false;
    this.usedBlocks = used;
    if (used > this.peakBlocks) this.peakBlocks = used;
    if (this.#cache !== null) {
      while (used + this.#cache.idleBlocks > this.capacityBlocks) this.#cache.evict();
    }
    return true;
  }

  giveBack(blocks: number): void {
    this.usedBlocks -= blocks;
    if (this.usedBlocks < 0) throw new Error('more KV blocks given back than taken');
  }
}
