/**
 * Work, stated: what one engine step asks of the hardware, without a word about seconds or methods.
 * Drafters and the engine fill these structures; cost models price them. They are reused from step to
 * step, so that the loop allocates nothing.
 */
import { listOf } from '../columns.ts';

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

  clear(): void {
    this.sequences = 0;
    this.tokens = 0;
    this.contextTokens = 0;
    this.attentionPairs = 0;
    this.logitRows = 0;
  }
}

/**
 * What the target verifies of one sequence in a round, its context apart: how many tokens, and which sees which. It is
 * a round without drafts until it is set.
 */
export class Verified {
  /** Tokens proposed and put to the target; a mean where a chance decides. */
  drafted = 0;
  /** Tokens in the target's pass. */
  queries = 1;
  /** Tokens of KV cache beside the context. */
  keys = 0;
  /** Pairs of a query and one of those keys that it attends to. */
  pairs = 0;

  /** Drafts in a row, after the last token of the context; 0 is a round without drafts. */
  chain(drafted: number): void {
    this.drafted = drafted;
    this.queries = drafted + 1;
    this.keys = drafted;
    this.pairs = (drafted * (drafted + 1)) / 2;
  }

  /** Drafts that each see their ancestors: `depths` is the sum of their depths, 1 for those after the last token. */
  tree(drafted: number, depths: number): void {
    this.set(drafted, drafted + 1, drafted, depths);
  }

  /** A canvas of tokens that all see each other. */
  canvas(queries: number): void {
    this.set(queries - 1, queries, queries, queries * queries);
  }

  set(drafted: number, queries: number, keys: number, pairs: number): void {
    this.drafted = drafted;
    this.queries = queries;
    this.keys = keys;
    this.pairs = pairs;
  }

  /** Raises each figure to at least that of another. */
  cover({ drafted, queries, keys, pairs }: Verified): void {
    this.set(
      Math.max(this.drafted, drafted),
      Math.max(this.queries, queries),
      Math.max(this.keys, keys),
      Math.max(this.pairs, pairs),
    );
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
  /** Element j - 1: query tokens of a sequence in pass j of a tree, the first pass's 1; null where every pass has one. */
  widths: Float64Array | null = null;
  #shortest = Number.POSITIVE_INFINITY;

  /** @param most tokens that a sequence drafts */
  constructor(most: number) {
    this.sequencesOfLength = new Float64Array(most + 1);
    this.contextOfLength = new Float64Array(most + 1);
  }

  /** Adds sequences that draft `length` >= 1 tokens each on `context` tokens of KV cache each. */
  add(sequences: number, length: number, context: number, catchUp: number): void {
    this.addAll(sequences, length, sequences * context, sequences * catchUp);
  }

  /** The same of sequences that differ, with their tokens added up. */
  addAll(sequences: number, length: number, contextTokens: number, catchUpTokens: number): void {
    this.sequencesOfLength[length]! += sequences;
    this.contextOfLength[length]! += contextTokens;
    this.catchUpTokens += catchUpTokens;
    if (length > this.longest) this.longest = length;
    if (length < this.#shortest) this.#shortest = length;
  }

  /** The length of a chain that all of so many sequences draft; -1 where they draft none, others or trees. */
  lengthOfAll(sequences: number): number {
    const { longest } = this;
    const alike = this.#shortest === longest && this.widths === null;
    return alike && this.sequencesOfLength[longest] === sequences ? longest : -1;
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
  /** Tokens that were proposed and are verified, over all sequences. */
  drafted = 0;
  /** Sequences whose history the host searched for a match. */
  searches = 0;
  /** Sequences for which the search proposed anything. */
  searchHits = 0;
  /** Sequences that verify what another drafter proposed than the last time they verified drafts. */
  switches = 0;
  /** Sequences whose drafts are a tree that may branch, which takes a mask. */
  trees = 0;
  /** Sequences in a step whose sequences verify different numbers of drafts, as graphs may not hold them. */
  ragged = 0;
  /** Whether the draft length is another than that of the step before: 1, or 0; a share where a policy weighs it. */
  lengthSwitches = 0;

  /** @param most tokens that a sequence drafts */
  constructor(draftModels: number, most: number) {
    this.drafts = listOf(draftModels, () => new DraftWork(most));
  }

  /**
   * Adds what the target verifies of sequences in rounds of one kind; logits are wanted of every token.
   *
   * @param contextTokens tokens of prompt and output that exist, of all of them
   */
  addRounds(sequences: number, contextTokens: number, { drafted, queries, keys, pairs }: Verified): void {
    this.addVerified(
      sequences,
      sequences * drafted,
      sequences * queries,
      contextTokens + sequences * keys,
      queries * contextTokens + sequences * pairs,
    );
  }

  /** The same of rounds of any kinds, with all their figures added up. */
  addVerified(
    sequences: number,
    drafted: number,
    tokens: number,
    contextTokens: number,
    attentionPairs: number,
  ): void {
    const { verify } = this;
    verify.sequences += sequences;
    verify.tokens += tokens;
    verify.logitRows += tokens;
    verify.contextTokens += contextTokens;
    verify.attentionPairs += attentionPairs;
    this.drafted += drafted;
  }

  clear(): void {
    this.verify.clear();
    this.drafted = 0;
    this.prefill.clear();
    this.clearDrafting();
  }

  /** Clears what drafters state. */
  clearDrafting(): void {
    for (let d = 0; d < this.drafts.length; d++) this.drafts[d]!.clear();
    this.searches = 0;
    this.searchHits = 0;
    this.switches = 0;
    this.trees = 0;
    this.ragged = 0;
    this.lengthSwitches = 0;
  }
}

/** What the time of a step is spent on, in the order of our rows; in time the parts follow one another in another. */
export const PARTS = [
  { name: 'draft', mark: 'd', placeInTime: 1, ofDecodeSteps: true },
  { name: 'verify', mark: 'V', placeInTime: 2, ofDecodeSteps: true },
  { name: 'sampling', mark: 's', placeInTime: 4, ofDecodeSteps: true },
  { name: 'overhead', mark: 'o', placeInTime: 0, ofDecodeSteps: true },
  { name: 'prefill', mark: 'p', placeInTime: 3, ofDecodeSteps: false },
] as const;

export const DECODE_PARTS = PARTS.filter((part) => part.ofDecodeSteps);

export type PartName = (typeof PARTS)[number]['name'];
export type DecodePartName = (typeof DECODE_PARTS)[number]['name'];

/** Seconds by part. */
export type PartSeconds = Record<`${PartName}S`, number>;

/** Where the seconds of a part stand. */
export function secondsOf<N extends PartName>(name: N): `${N}S` {
  return `${name}S`;
}

export function noSeconds(): PartSeconds {
  const none = Number.NaN;
  const seconds = { draftS: none, verifyS: none, samplingS: none, overheadS: none, prefillS: none };
  // Set afterwards: V8 takes a field that first holds a whole number to go on so, and compiles every step anew where one does not.
  seconds.draftS = 0;
  seconds.verifyS = 0;
  seconds.samplingS = 0;
  seconds.overheadS = 0;
  seconds.prefillS = 0;
  return seconds;
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
