/**
 * The sequences of a replica as a structure of arrays: a request has a slot from its first admission to its end. What
 * a round changes stands in its row among those that run (drafter/decoding-rows.ts) while it runs.
 */
import { wider } from '../columns.ts';
import type { FinishedRecords } from './records.ts';

/** Instead of a time that has not come. */
export const NEVER = -1;

export class Sequences {
  request = new Int32Array(16);
  promptTokens = new Int32Array(16);
  /** Output tokens. */
  wanted = new Int32Array(16);
  /** Output tokens that existed when it was last preempted. */
  position = new Int32Array(16);
  /** Tokens of prompt and output whose KV is still to be computed before it decodes; 0 while it decodes. */
  toPrefill = new Int32Array(16);
  /** Leading hashes of its prompt that it shares with the prefix cache. */
  sharedHashes = new Int32Array(16);
  preemptions = new Int32Array(16);
  /** Of one that was handed over: tokens that its KV blocks hold. */
  held = new Int32Array(16);
  arrivalS = new Float64Array(16);
  /** When it was first scheduled and when its first token existed, in seconds. */
  admittedS = new Float64Array(16);
  firstTokenS = new Float64Array(16);
  /** Seconds of the drafting that followed its prefill. */
  draftedS = new Float64Array(16);
  /** When it last got tokens, where that was not at the end of its replica's last step; else `NEVER`. */
  lastTokenS = new Float64Array(16);
  #free = new Int32Array(16);
  #freeCount = 0;
  #slots = 0;

  /** Gives a request a slot, without output and without KV. */
  open(request: number, promptTokens: number, wanted: number, arrivalS: number, nowS: number): number {
    if (this.#freeCount === 0 && this.#slots === this.request.length) this.#grow();
    const slot = this.#freeCount > 0 ? this.#free[--this.#freeCount]! : this.#slots++;
    this.request[slot] = request;
    this.promptTokens[slot] = promptTokens;
    this.wanted[slot] = wanted;
    this.position[slot] = 0;
    this.toPrefill[slot] = promptTokens;
    this.sharedHashes[slot] = 0;
    this.preemptions[slot] = 0;
    this.arrivalS[slot] = arrivalS;
    this.admittedS[slot] = nowS;
    this.firstTokenS[slot] = NEVER;
    this.draftedS[slot] = 0;
    this.lastTokenS[slot] = NEVER;
    return slot;
  }

  /** Records the end of a request. */
  record(slot: number, finished: FinishedRecords, nowS: number, replica: number): void {
    const i = finished.next();
    finished.request[i] = this.request[slot]!;
    finished.copies[i] = 1;
    finished.tokens[i] = this.wanted[slot]!;
    finished.promptTokens[i] = this.promptTokens[slot]!;
    finished.arrivalS[i] = this.arrivalS[slot]!;
    finished.admittedS[i] = this.admittedS[slot]!;
    finished.firstTokenS[i] = this.firstTokenS[slot]!;
    finished.endS[i] = nowS;
    finished.draftedS[i] = this.draftedS[slot]!;
    finished.preemptions[i] = this.preemptions[slot]!;
    finished.replica[i] = replica;
  }

  close(slot: number): void {
    this.#free[this.#freeCount++] = slot;
  }

  #grow(): void {
    this.request = wider(this.request);
    this.promptTokens = wider(this.promptTokens);
    this.wanted = wider(this.wanted);
    this.position = wider(this.position);
    this.toPrefill = wider(this.toPrefill);
    this.sharedHashes = wider(this.sharedHashes);
    this.preemptions = wider(this.preemptions);
    this.held = wider(this.held);
    this.arrivalS = wider(this.arrivalS);
    this.admittedS = wider(this.admittedS);
    this.firstTokenS = wider(this.firstTokenS);
    this.draftedS = wider(this.draftedS);
    this.lastTokenS = wider(this.lastTokenS);
    this.#free = wider(this.#free);
  }
}
