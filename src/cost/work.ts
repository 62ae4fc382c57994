/**
 * Work, stated: what one engine step asks of the hardware, without a word about seconds or methods.
 * Drafters and the engine fill these structures; cost models price them. They are reused from step to
 * step, so that the loop allocates nothing.
 */

/** One forward pass over many sequences. */
export class PassWork {
  /** Sequences in the pass. */
  sequences = 0;
  /** Query tokens in the pass. */
  tokens = 0;
  /** Tokens of KV cache read, over all sequences. */
  contextTokens = 0;
  /** Pairs of a query token and a context token it attends to, over all sequences. */
  attentionPairs = 0;
  /** Rows whose logits are wanted. */
  logitRows = 0;

  /** Adds sequences that want logits of all their tokens. */
  add(sequences: number, tokens: number, contextTokens: number, attentionPairs: number): void {
    this.sequences += sequences;
    this.tokens += tokens;
    this.contextTokens += contextTokens;
    this.attentionPairs += attentionPairs;
    this.logitRows += tokens;
  }

  clear(): void {
    this.sequences = 0;
    this.tokens = 0;
    this.contextTokens = 0;
    this.attentionPairs = 0;
    this.logitRows = 0;
  }
}

/**
 * What one draft model drafts in a step. Sequences may draft different lengths; of a model that drafts token by token,
 * pass j runs those that draft at least j tokens, and a block drafter runs once over all of it.
 */
export class DraftWork {
  /** Element d: sequences that draft exactly d tokens. */
  readonly sequencesOfLength: Float64Array;
  /** Element d: tokens of KV cache of those sequences. */
  readonly contextOfLength: Float64Array;
  /** What was emitted since the drafter last looked: query tokens of the first pass, or context of a block. */
  catchUpTokens = 0;
  /** The longest draft of the step; 0 for none. */
  longest = 0;
  #shortest = Number.POSITIVE_INFINITY;

  constructor(maxK: number) {
    this.sequencesOfLength = new Float64Array(maxK + 1);
    this.contextOfLength = new Float64Array(maxK + 1);
  }

  /** Adds `copies` sequences that draft `length` >= 1 tokens each on `context` tokens of KV cache each. */
  add(copies: number, length: number, context: number, catchUp: number): void {
    this.addAll(copies, length, copies * context, copies * catchUp);
  }

  /** The same of sequences that differ, with their tokens added up. */
  addAll(sequences: number, length: number, contextTokens: number, catchUpTokens: number): void {
    this.sequencesOfLength[length]! += sequences;
    this.contextOfLength[length]! += contextTokens;
    this.catchUpTokens += catchUpTokens;
    if (length > this.longest) this.longest = length;
    if (length < this.#shortest) this.#shortest = length;
  }

  clear(): void {
    if (this.longest === 0) return;
    for (let d = this.#shortest; d <= this.longest; d++) {
      this.sequencesOfLength[d] = 0;
      this.contextOfLength[d] = 0;
    }
    this.catchUpTokens = 0;
    this.longest = 0;
    this.#shortest = Number.POSITIVE_INFINITY;
  }
}

/** One step that decodes: drafting, then one target pass that verifies, and prefills chunks of prompts beside it. */
export class StepWork {
  readonly verify = new PassWork();
  /** Chunks of prompts; empty where prompts are prefilled in steps of their own. */
  readonly prefill = new PassWork();
  /** One per draft model that takes part. */
  readonly drafts: readonly DraftWork[];
  /** Sequences whose history the host searched for a match. */
  searches = 0;
  /** Sequences for which the search proposed anything. */
  searchHits = 0;
  /** Sequences that verify what another drafter proposed than the last time they verified drafts. */
  switches = 0;

  constructor(draftModels: number, maxK: number) {
    this.drafts = Array.from({ length: draftModels }, () => new DraftWork(maxK));
  }

  clear(): void {
    this.verify.clear();
    this.prefill.clear();
    this.clearDrafting();
  }

  /** Clears what drafters state. */
  clearDrafting(): void {
    for (let d = 0; d < this.drafts.length; d++) this.drafts[d]!.clear();
    this.searches = 0;
    this.searchHits = 0;
    this.switches = 0;
  }
}

/** Seconds by what they were spent on; the parts of a step follow one another. */
export interface PartSeconds {
  draftS: number;
  verifyS: number;
  samplingS: number;
  overheadS: number;
  prefillS: number;
}

export function noSeconds(): PartSeconds {
  return { draftS: 0, verifyS: 0, samplingS: 0, overheadS: 0, prefillS: 0 };
}

/** Adds the parts of `cost` to `sum`. */
export function addSeconds(sum: PartSeconds, cost: Readonly<PartSeconds>): void {
  sum.draftS += cost.draftS;
  sum.verifyS += cost.verifyS;
  sum.samplingS += cost.samplingS;
  sum.overheadS += cost.overheadS;
  sum.prefillS += cost.prefillS;
}

/** Wall time of the parts together. */
export function totalSeconds(parts: Readonly<PartSeconds>): number {
  return parts.draftS + parts.verifyS + parts.samplingS + parts.overheadS + parts.prefillS;
}

/** Turns work into seconds. It never knows which method asked. */
export interface CostModel {
  readonly name: string;
  /**
   * Sets `cost` to the price of a step in which some sequence decodes. What chunks of prompts add to the target's
   * pass is `prefillS`, what they add to a draft model's is part of `draftS`.
   */
  priceStep(work: StepWork, cost: PartSeconds): void;
  /** Sets `cost` to the price of a step of prompts alone: the target's pass, and every draft model's over them. */
  pricePrefill(prompts: PassWork, cost: PartSeconds): void;
}
