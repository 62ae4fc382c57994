/**
 * Draft lengths of all rounds of a step together, from what the drafter says of its drafts. A draft survives where it and
 * those before it are right. One budget of verified tokens goes to the drafts that are likeliest to survive, whoever's
 * they are (token-budget.ts, auto-budget.ts), or the whole batch drafts one length (one-length.ts).
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
  readonly signal: Signal;
  readonly maxK: number;
  readonly price: StepPrice;
  readonly limits: LengthLimits;
  /** Whether all drafts are made whatever is verified: of blocks and heads. */
  readonly draftsAll: boolean;
}

export abstract class SharedLengths {
  /** Drafts of round i that are verified, and that are made. */
  verified = new Uint8Array(64);
  drafted = new Uint8Array(64);
  protected readonly parts: SharedParts;
  #survival: Float64Array = new Float64Array(256);
  constructor(parts: SharedParts) {
    this.parts = parts;
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
    this.verified = roomFor(this.verified, rounds);
    this.drafted = roomFor(this.drafted, rounds);
    this.set(starts, rounds, contextTokens, copies);
  }

  /** Chances of survival of the rounds' drafts, element `round * depths + depth`. */
  protected survivalOf(starts: Int32Array, rounds: number, depths: number): Float64Array {
    if (rounds * depths > this.#survival.length) this.#survival = new Float64Array(2 * rounds * depths);
    this.parts.signal.survival(starts, rounds, depths, this.#survival);
    return this.#survival;
  }

  /** Sets `verified` and `drafted`, which have room. */
  protected abstract set(starts: Int32Array, rounds: number, contextTokens: number, copies: number): void;
}

/** Lengths that bring the most expected tokens per second. */
export abstract class PricedLengths extends SharedLengths {
  protected readonly prices: Prices;
  protected readonly outlook: Outlook;

  constructor(parts: SharedParts) {
    super(parts);
    this.prices = new Prices(parts.price, parts.maxK);
    this.outlook = new Outlook(parts.maxK);
  }
}

function roomFor(bytes: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  return needed <= bytes.length ? bytes : new Uint8Array(2 * needed);
}
