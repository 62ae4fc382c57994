/**
 * Draft lengths of all rounds of a step together, from what the drafter says of its drafts. A draft survives where it and
 * those before it are right. One budget of verified tokens goes to the drafts that are likeliest to survive, whoever's
 * they are (token-budget.ts, auto-budget.ts), or the whole batch drafts one length (one-length.ts), or each round ends by itself
 * (confidence-threshold.ts).
 *
 * A chain is drafted on until a draft is too unlikely to survive, one further than is verified, and in no sequence further
 * than pays for the passes. Blocks and heads draft everything. Left out: confidence that is told late (engines look one or
 * two steps back), and thresholds that end at the size of a graph.
 */
import type { Signal } from '../trace/confidence-signal.ts';
import type { LengthLimits } from './length-changes.ts';
import { Outlook } from './outlook.ts';
import type { StepPrice } from './policy.ts';
import { Prices } from './step-prices.ts';

/** What they are made of. */
export interface SharedParts {
  /** Speaks of no more drafts than may be verified. */
  readonly signal: Signal;
  readonly maxK: number;
  readonly price: StepPrice;
  readonly limits: LengthLimits;
  /** Whether all drafts are made whatever is verified: of blocks and heads. */
  readonly draftsAll: boolean;
}

export abstract class SharedLengths {
  /** Drafts of round i that are verified. */
  verified = new Uint8Array(64);
  /** By drafts verified: those that are made. */
  readonly drafted: Uint8Array;
  protected readonly parts: SharedParts;
  /** Where the levels of round i begin, for who looks at them more than once. */
  protected places = new Int32Array(64);

  constructor(parts: SharedParts) {
    this.parts = parts;
    this.drafted = new Uint8Array(parts.maxK + 1);
  }

  /** What all rounds of the step verify, where it is decided to be the same. */
  get stepLength(): number | undefined {
    return undefined;
  }

  /**
   * Decides for the rounds of a step.
   *
   * @param starts elements of the flat lengths at which they start
   * @param rounds how many there are, each of `copies`
   * @param contextTokens of all of them
   */
  decide(starts: Int32Array, rounds: number, contextTokens: number, copies = 1): void {
    if (rounds > this.places.length) {
      this.verified = new Uint8Array(2 * rounds);
      this.places = new Int32Array(2 * rounds);
    }
    this.set(starts, rounds, contextTokens, copies);
  }

  /** Sets `verified`, which has room, and `drafted`. */
  protected abstract set(starts: Int32Array, rounds: number, contextTokens: number, copies: number): void;

  /** Of each round that verifies less than `most` drafts one more is made, if it is a chain. */
  protected draftOneMore(most: number): void {
    for (let own = 0; own < this.drafted.length; own++) this.drafted[own] = Math.min(own + 1, most);
  }
}

/** Lengths that bring the most expected tokens per second. */
export abstract class PricedLengths extends SharedLengths {
  protected readonly prices: Prices;
  protected readonly outlook: Outlook;

  constructor(parts: SharedParts) {
    super(parts);
    this.prices = new Prices(parts.price, parts.maxK);
    this.outlook = new Outlook(parts.signal);
  }
}
