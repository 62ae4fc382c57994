/** A replica's side of handovers: what it has prefilled and keeps until it was taken over, and what is on its way to it. */
import { wider } from '../columns.ts';
import type { ReplicaParts } from './replica-parts.ts';
import type { Running } from './running.ts';
import type { SequenceMemory } from './sequence-memory.ts';
import type { Sequences } from './sequences.ts';
import type { Waiting } from './waiting.ts';

export class HandoverSide {
  /** Handed over, with their KV still here. */
  leaving = 0;
  /** Taken over, with their blocks taken and their KV on its way. */
  loading = 0;
  #slots = new Int32Array(16);
  #readyS = new Float64Array(16);
  readonly #parts: ReplicaParts;
  readonly #index: number;
  readonly #sequences: Sequences;
  readonly #memory: SequenceMemory;

  constructor(parts: ReplicaParts, index: number, sequences: Sequences, memory: SequenceMemory) {
    this.#parts = parts;
    this.#index = index;
    this.#sequences = sequences;
    this.#memory = memory;
  }

  /** A request that is prefilled is there for others, with the KV of `held` tokens. */
  handOver(slot: number, held: number): void {
    const { request, arrivalS, admittedS, preemptions } = this.#sequences;
    this.#sequences.held[slot] = held;
    this.leaving++;
    this.#parts.handover!.offer(request[slot]!, {
      from: this.#index,
      slot,
      arrivalS: arrivalS[slot]!,
      admittedS: admittedS[slot]!,
      preemptions: preemptions[slot]!,
    });
  }

  /** The KV of a request that was handed over has left. */
  letGo(request: number): void {
    const slot = this.#parts.handover!.slot[request]!;
    this.#memory.release(slot, this.#sequences.held[slot]!);
    this.#sequences.close(slot);
    this.leaving--;
  }

  /** Takes the newcomer in front over, whose KV begins to move; false when it does not fit. */
  takeOver(waiting: Waiting, nowS: number): boolean {
    const { promptTokens, outputTokens, totals, handover } = this.#parts;
    const { request, arrivalS } = waiting;
    const prompt = promptTokens[request]!;
    const hits = this.#memory.hits(request, prompt);
    if (!this.#memory.admit(request, hits, prompt)) return false;
    waiting.shift();
    const admittedS = handover!.admittedS[request]!;
    const slot = this.#sequences.open(request, prompt, outputTokens[request]!, arrivalS, admittedS);
    this.#sequences.preemptions[slot] = handover!.preemptions[request]!;
    this.#sequences.toPrefill[slot] = 0;
    this.#sequences.sharedHashes[slot] = hits;
    const missing = prompt - this.#memory.tokensOf(hits);
    const readyS = handover!.start(request, this.#index, missing, nowS);
    totals.transfers++;
    totals.transferS += readyS - nowS;
    this.#load(slot, readyS);
    return true;
  }

  #load(slot: number, readyS: number): void {
    if (this.loading === this.#slots.length) {
      this.#slots = wider(this.#slots);
      this.#readyS = wider(this.#readyS);
    }
    this.#slots[this.loading] = slot;
    this.#readyS[this.loading++] = readyS;
  }

  /**
   * Those whose KV is there show their first tokens, which came with it, and decode from now on, in the order in which
   * they were taken over.
   *
   * @param begin told the place of each
   */
  join(running: Running, nowS: number, begin: (place: number) => void): void {
    let kept = 0;
    for (let i = 0; i < this.loading; i++) {
      if (this.#readyS[i]! <= nowS) {
        begin(this.#joined(this.#slots[i]!, running, nowS));
        continue;
      }
      this.#slots[kept] = this.#slots[i]!;
      this.#readyS[kept++] = this.#readyS[i]!;
    }
    this.loading = kept;
  }

  #joined(slot: number, running: Running, nowS: number): number {
    const { request, wanted, promptTokens, firstTokenS } = this.#sequences;
    const { blockTokens } = this.#parts.limits;
    const prompt = promptTokens[slot]!;
    this.#memory.share(slot, prompt);
    const place = running.insertDecoding(slot);
    const held = Math.ceil(prompt / blockTokens) * blockTokens;
    running.rows.set(place, request[slot]!, 1, wanted[slot]! - 1, prompt + 1, held);
    running.decodingContext += prompt + 1;
    firstTokenS[slot] = nowS;
    return place;
  }
}
