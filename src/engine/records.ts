/** What a run leaves behind: a record per finished request, gaps between tokens, and sums over all steps. */

import { wider } from '../columns.ts';
import { noSeconds, type PartSeconds } from '../cost/work.ts';

/** One request that ended, or copies of one that ran together. Times in virtual seconds. */
export interface FinishedRecord {
  readonly request: number;
  readonly copies: number;
  /** Output tokens, of each copy. */
  readonly tokens: number;
  readonly promptTokens: number;
  readonly arrivalS: number;
  /** Start of the step that first took any of it. */
  readonly admittedS: number;
  readonly firstTokenS: number;
  readonly endS: number;
  /** How long the step that followed its prefill drafted: an engine drafts on before it hands tokens over. */
  readonly draftedS: number;
  readonly preemptions: number;
  readonly replica: number;
}

/** Finished requests in order of their end, a growable column for each field: a million take 64 MB. */
export class FinishedRecords implements Iterable<FinishedRecord> {
  length = 0;
  request: Int32Array;
  copies: Int32Array;
  tokens: Int32Array;
  promptTokens: Int32Array;
  arrivalS: Float64Array;
  admittedS: Float64Array;
  firstTokenS: Float64Array;
  endS: Float64Array;
  draftedS: Float64Array;
  preemptions: Int32Array;
  replica: Int32Array;

  /** @param room records that are expected */
  constructor(room = 16) {
    this.request = new Int32Array(room);
    this.copies = new Int32Array(room);
    this.tokens = new Int32Array(room);
    this.promptTokens = new Int32Array(room);
    this.arrivalS = new Float64Array(room);
    this.admittedS = new Float64Array(room);
    this.firstTokenS = new Float64Array(room);
    this.endS = new Float64Array(room);
    this.draftedS = new Float64Array(room);
    this.preemptions = new Int32Array(room);
    this.replica = new Int32Array(room);
  }

  /** The index of one more, whose columns are to be set; those that are left out are 0. */
  next(): number {
    if (this.length === this.request.length) this.#grow();
    return this.length++;
  }

  /** Record i as an object. */
  at(i: number): FinishedRecord {
    return {
      request: this.request[i]!,
      copies: this.copies[i]!,
      tokens: this.tokens[i]!,
      promptTokens: this.promptTokens[i]!,
      arrivalS: this.arrivalS[i]!,
      admittedS: this.admittedS[i]!,
      firstTokenS: this.firstTokenS[i]!,
      endS: this.endS[i]!,
      draftedS: this.draftedS[i]!,
      preemptions: this.preemptions[i]!,
      replica: this.replica[i]!,
    };
  }

  *[Symbol.iterator](): Generator<FinishedRecord> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  #grow(): void {
    this.request = wider(this.request);
    this.copies = wider(this.copies);
    this.tokens = wider(this.tokens);
    this.promptTokens = wider(this.promptTokens);
    this.arrivalS = wider(this.arrivalS);
    this.admittedS = wider(this.admittedS);
    this.firstTokenS = wider(this.firstTokenS);
    this.endS = wider(this.endS);
    this.draftedS = wider(this.draftedS);
    this.preemptions = wider(this.preemptions);
    this.replica = wider(this.replica);
  }
}

/**
 * Times between the steps that gave a request tokens, in order of the later one: `gapS[i]` seconds passed for
 * `requests[i]` requests, then `tokens[i]` tokens came at once for each. The first token of a request has no gap.
 */
export class TokenGaps {
  count = 0;
  gapS = new Float64Array(16);
  tokens = new Int32Array(16);
  requests = new Int32Array(16);

  add(gapS: number, tokens: number, requests: number): void {
    if (this.count === this.gapS.length) {
      this.gapS = wider(this.gapS);
      this.tokens = wider(this.tokens);
      this.requests = wider(this.requests);
    }
    this.gapS[this.count] = gapS;
    this.tokens[this.count] = tokens;
    this.requests[this.count++] = requests;
  }
}

/** One step of a replica, told at its end. */
export interface EngineStep {
  readonly startS: number;
  readonly replica: number;
  /** Seconds by part; they add up to the step's. Reused from step to step: copy what is to be kept. */
  readonly parts: Readonly<PartSeconds>;
  /** Prompt tokens, and tokens computed again after a preemption, that the step prefilled. */
  readonly prefillTokens: number;
  readonly decodeSequences: number;
  readonly drafted: number;
  /** Tokens emitted, those at the end of a prefill included. */
  readonly emitted: number;
  readonly kvUsedBlocks: number;
  /** Requests waiting when the step began, after admission. */
  readonly waiting: number;
}

export interface StepObserver {
  onStep(step: EngineStep): void;
}

/** Sums over a run and all its replicas, of steps that ended. The token at the end of a prefill is in no round. */
export interface Totals {
  /** All steps. */
  readonly all: PartSeconds;
  /** Steps in which any sequence decoded, without what prefilling added to their target pass. */
  readonly decode: PartSeconds;
  steps: number;
  decodeSteps: number;
  rounds: number;
  /** Tokens put to the target, and tokens in its pass. */
  drafted: number;
  verified: number;
  /** Drafts kept, and tokens that came out. */
  accepted: number;
  emitted: number;
  /** Prefills that came to their end, each with a token: one a request, and one more where it was preempted after. */
  prefills: number;
  prefillTokens: number;
  /** Prompt tokens that the prefix cache spared. */
  cachedTokens: number;
  preemptions: number;
  /** Seconds of steps of replicas that prefill apart. */
  prefillSideS: number;
  /** KV caches that moved to where they are decoded, and seconds from room for them to their arrival, over all. */
  transfers: number;
  transferS: number;
  /** Seconds of other steps, times the sequences running in each: over those seconds, the mean batch. */
  sequenceSeconds: number;
  /** The most KV blocks in use in any replica. */
  kvPeakBlocks: number;
}

export function emptyTotals(): Totals {
  return {
    all: noSeconds(),
    decode: noSeconds(),
    steps: 0,
    decodeSteps: 0,
    rounds: 0,
    drafted: 0,
    verified: 0,
    accepted: 0,
    emitted: 0,
    prefills: 0,
    prefillTokens: 0,
    cachedTokens: 0,
    preemptions: 0,
    prefillSideS: 0,
    transfers: 0,
    transferS: 0,
    sequenceSeconds: 0,
    kvPeakBlocks: 0,
  };
}

/** Adds rounds, each of which emits the drafts that it accepts and one token of the target's own. */
export function addRounds(
  totals: Totals,
  rounds: number,
  drafted: number,
  verified: number,
  emitted: number,
): void {
  totals.rounds += rounds;
  totals.drafted += drafted;
  totals.verified += verified;
  totals.accepted += emitted - rounds;
  totals.emitted += emitted;
}
