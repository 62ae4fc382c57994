/**
 * Draft lengths of all rounds of a step together, from what the drafter says of its drafts. A draft survives where it and
 * those before it are right. One budget of verified tokens goes to the drafts that are likeliest to survive, whoever's
 * they are (ragged: DSpark, arXiv 2607.05147; TETRIS, arXiv 2502.15197), or the whole batch drafts one length.
 *
 * A chain is drafted on until a draft is too unlikely to survive, one further than is verified, and in no sequence further
 * than pays for the passes. Blocks and heads draft everything. Left out: confidence that is told late (engines look one or
 * two steps back), and thresholds that end at the size of a graph.
 */
import type { Signal } from '../trace/confidence-signal.ts';
import type { StepPrice } from './policy.ts';

export interface SharedLengths {
  /**
   * Begins a step.
   *
   * @param sequences that draft in it, each of them `copies` times
   * @param contextTokens of all of them
   */
  begin(sequences: number, contextTokens: number, copies?: number): void;
  /** Adds a round, by the element of the flat lengths at which it starts. */
  add(at: number): void;
  decide(): void;
  /** Drafts of round i, in the order they were added, that are verified, and that are made. */
  readonly verified: Uint8Array;
  readonly drafted: Uint8Array;
  /** What all rounds of the step verify, where it is decided to be the same. */
  readonly stepLength?: number;
}

/** What they are made of. */
export interface SharedParts {
  readonly signal: Signal;
  readonly maxK: number;
  readonly price: StepPrice;
  /** Whether all drafts are made whatever is verified: of blocks and heads. */
  readonly draftsAll: boolean;
}

/** Steps of a chance of survival; what is at 0 is never verified. */
const LEVELS = 128;

/** As many bytes as are needed, and room for more. */
function roomFor(bytes: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  if (needed <= bytes.length) return bytes;
  const wider = new Uint8Array(2 * needed);
  wider.set(bytes);
  return wider;
}

/** A budget of so many verified tokens a step, its sequences' own among them. */
export class TokenBudget implements SharedLengths {
  readonly #parts: SharedParts;
  readonly #tokens: number;
  verified = new Uint8Array(64);
  drafted = new Uint8Array(64);
  #rounds = 0;
  /** By level: drafts of all rounds. */
  readonly #drafts = new Int32Array(LEVELS);
  #levels = new Uint8Array(256);
  #left = 0;

  constructor(parts: SharedParts, tokens: number) {
    this.#parts = parts;
    this.#tokens = tokens;
  }

  begin(sequences: number, _contextTokens: number, copies = 1): void {
    this.#left = Math.floor(this.#tokens / copies) - sequences;
    this.#rounds = 0;
    this.#drafts.fill(0);
    this.verified = roomFor(this.verified, sequences);
    this.drafted = roomFor(this.drafted, sequences);
    this.#levels = roomFor(this.#levels, sequences * this.#parts.maxK);
  }

  add(at: number): void {
    const { signal, maxK } = this.#parts;
    const begin = this.#rounds++ * maxK;
    let survives = LEVELS - 1;
    for (let d = 0; d < maxK; d++) {
      survives *= signal.chance(at, d);
      const level = Math.round(survives);
      this.#levels[begin + d] = level;
      this.#drafts[level]!++;
    }
  }

  decide(): void {
    const { maxK, draftsAll } = this.#parts;
    const none = this.#left <= 0;
    let left = Math.max(0, this.#left);
    let threshold = LEVELS - 1;
    for (; threshold > 0 && this.#drafts[threshold]! <= left; threshold--) left -= this.#drafts[threshold]!;
    for (let i = 0; i < this.#rounds; i++) {
      let length = 0;
      for (; length < maxK; length++) {
        const level = this.#levels[i * maxK + length]!;
        if (level > threshold) continue;
        if (level < threshold || threshold === 0 || left === 0) break;
        left--;
      }
      this.verified[i] = length;
      this.drafted[i] = none ? 0 : draftsAll ? maxK : Math.min(length + 1, maxK);
    }
  }
}

/** Prices of steps, kept by size, by drafts a sequence and by context, each in steps that change a price by little. */
class Prices {
  readonly #price: StepPrice;
  readonly #known = new Map<number, number>();

  constructor(price: StepPrice) {
    this.#price = price;
  }

  /** Contexts that are priced as one. */
  static contextOf(sequences: number, contextTokens: number): number {
    return Math.round(4 * Math.log2(contextTokens / sequences));
  }

  /** Seconds of a step that drafts up to `asked` and verifies `verified` drafts a sequence in the mean. */
  seconds(sequences: number, contextTokens: number, asked: number, verified: number): number {
    const context = Prices.contextOf(sequences, contextTokens);
    const quarters = Math.round(4 * verified);
    const key = ((context * 256 + asked) * 1024 + quarters) * 65_536 + sequences;
    let seconds = this.#known.get(key);
    if (seconds === undefined) {
      const tokens = Math.round(sequences * 2 ** (context / 4));
      seconds = this.#price(sequences, tokens, asked, quarters / 4, 1 + quarters / 8);
      this.#known.set(key, seconds);
    }
    return seconds;
  }
}

/** Every so many steps one draft more is made than pays, and every so many of those all are, to learn what they say. */
const LOOK_EVERY = 16;
const WHOLE_LOOK_EVERY = 16;
/** Weight of what such a step shows. */
const WEIGHT = 0.25;

/** What drafts say at each depth, of the steps that looked. */
class Outlook {
  /** By depth: survival in the mean; as likely to go on as the draft before where nobody looked. */
  readonly survives: Float64Array;
  /** By depth and level: share of the sequences whose draft there has it. */
  readonly shares: Float64Array;
  readonly #maxK: number;
  readonly #seen: Float64Array;
  #steps = 0;
  #rounds = 0;
  /** Drafts of a round that this step looks at; 0 for none. */
  depth = 0;

  constructor(maxK: number) {
    this.#maxK = maxK;
    this.survives = new Float64Array(maxK);
    this.shares = new Float64Array(maxK * LEVELS);
    this.#seen = new Float64Array(maxK * LEVELS);
  }

  /** @param usual drafts that are made where nobody looks further */
  begin(usual: number): void {
    const looks = this.#steps % LOOK_EVERY === 0;
    const whole = this.#steps % (LOOK_EVERY * WHOLE_LOOK_EVERY) === 0;
    this.depth = looks ? (whole ? this.#maxK : Math.min(usual + 1, this.#maxK)) : 0;
    this.#rounds = 0;
    if (looks) this.#seen.fill(0);
  }

  /** The levels of a round's drafts, as deep as this step looks; returns how many of the first reach `threshold`. */
  add(at: number, signal: Signal, threshold: number): number {
    this.#rounds++;
    let reaching = 0;
    let survives = LEVELS - 1;
    for (let d = 0; d < this.depth; d++) {
      survives *= signal.chance(at, d);
      const level = Math.round(survives);
      this.#seen[d * LEVELS + level]!++;
      if (survives >= threshold) reaching++;
    }
    return reaching;
  }

  end(): void {
    const weight = this.#steps === 0 ? 1 : WEIGHT;
    this.#steps++;
    for (let d = 0; d < this.depth; d++) {
      let mean = 0;
      for (let level = 0, at = d * LEVELS; level < LEVELS; level++, at++) {
        this.shares[at]! += weight * (this.#seen[at]! / this.#rounds - this.shares[at]!);
        mean += (this.shares[at]! * level) / (LEVELS - 1);
      }
      this.survives[d] = mean;
    }
  }

  get known(): boolean {
    return this.#steps > 0;
  }

  /** The chance that a draft at a depth is right, in the mean, given those before. */
  goesOn(depth: number): number {
    const before = depth === 0 ? 1 : this.survives[depth - 1]!;
    return before === 0 ? 0 : this.survives[depth]! / before;
  }
}

/** Thresholds that are tried are so many levels apart. */
const APART = 8;

/** The budget that brings the most expected tokens per second: a threshold of survival, and the longest draft of a chain. */
export class AutoBudget implements SharedLengths {
  readonly #parts: SharedParts;
  readonly #prices: Prices;
  readonly #outlook: Outlook;
  verified = new Uint8Array(64);
  drafted = new Uint8Array(64);
  #rounds = 0;
  #threshold = LEVELS >> 2;
  #longest: number;
  /** By threshold: drafts a sequence, and tokens, up to one of the longest drafts. */
  readonly #drafts = new Float64Array(LEVELS);
  readonly #tokens = new Float64Array(LEVELS);
  /** What the choice was made for, in steps of a tenth. */
  #size = -1;
  #context = 0;

  constructor(parts: SharedParts) {
    this.#parts = parts;
    this.#prices = new Prices(parts.price);
    this.#outlook = new Outlook(parts.maxK);
    this.#longest = parts.maxK;
  }

  begin(sequences: number, contextTokens: number, copies = 1): void {
    const outlook = this.#outlook;
    const size = sequences * copies;
    const context = Prices.contextOf(size, contextTokens * copies);
    const about = Math.round(8 * Math.log2(size));
    const moved = about !== this.#size || context !== this.#context || outlook.depth > 0;
    if (outlook.known && moved) this.#choose(size, contextTokens * copies);
    this.#size = about;
    this.#context = context;
    outlook.begin(this.#longest);
    this.#rounds = 0;
    this.verified = roomFor(this.verified, sequences);
    this.drafted = roomFor(this.drafted, sequences);
  }

  add(at: number): void {
    const { signal, maxK, draftsAll } = this.#parts;
    const threshold = this.#threshold;
    const most = this.#longest;
    const round = this.#rounds++;
    if (this.#outlook.depth > 0) {
      this.verified[round] = Math.min(this.#outlook.add(at, signal, threshold), most);
      this.drafted[round] = draftsAll ? maxK : this.#outlook.depth;
      return;
    }
    let survives = LEVELS - 1;
    let drafted = 0;
    let verified = 0;
    while (drafted < most) {
      survives *= signal.chance(at, drafted++);
      if (survives < threshold) break;
      verified = drafted;
    }
    this.verified[round] = verified;
    this.drafted[round] = draftsAll && most > 0 ? maxK : drafted;
  }

  decide(): void {
    this.#outlook.end();
  }

  #choose(sequences: number, contextTokens: number): void {
    const { draftsAll, maxK } = this.#parts;
    const { shares } = this.#outlook;
    const drafts = this.#drafts.fill(0);
    const tokens = this.#tokens.fill(0);
    let best = 1 / this.#prices.seconds(sequences, contextTokens, 0, 0);
    this.#longest = 0;
    for (let k = 1; k <= maxK; k++) {
      let [above, emitted] = [0, 0];
      for (let level = LEVELS - 1, at = k * LEVELS - 1; level > 0; level--, at--) {
        above += shares[at]!;
        emitted += (shares[at]! * level) / (LEVELS - 1);
        drafts[level]! += above;
        tokens[level]! += emitted;
      }
      if (draftsAll && k < maxK) continue;
      for (let threshold = LEVELS - APART; threshold > 0; threshold -= APART) {
        const seconds = this.#prices.seconds(sequences, contextTokens, k, drafts[threshold]!);
        const tokensPerS = (1 + tokens[threshold]!) / seconds;
        // Of equals the lowest: what is as likely as what was seen is not left out.
        if (tokensPerS < best) continue;
        best = tokensPerS;
        this.#threshold = threshold;
        this.#longest = k;
      }
    }
  }
}

/** One length for the batch, the one that brings the most expected tokens per second of these very rounds. */
export class OneLength implements SharedLengths {
  readonly #parts: SharedParts;
  readonly #prices: Prices;
  readonly #outlook: Outlook;
  /** By depth: survival, summed over the rounds of the step. */
  readonly #survives: Float64Array;
  verified = new Uint8Array(64);
  drafted = new Uint8Array(64);
  #rounds = 0;
  #k = 0;
  #sequences = 1;
  #contextTokens = 0;

  constructor(parts: SharedParts) {
    this.#parts = parts;
    this.#prices = new Prices(parts.price);
    this.#outlook = new Outlook(parts.maxK);
    this.#survives = new Float64Array(parts.maxK);
  }

  get stepLength(): number {
    return this.#k;
  }

  begin(sequences: number, contextTokens: number, copies = 1): void {
    this.#sequences = sequences * copies;
    this.#contextTokens = contextTokens * copies;
    this.#rounds = 0;
    this.#survives.fill(0);
    this.#outlook.begin(this.#k);
    this.verified = roomFor(this.verified, sequences);
    this.drafted = roomFor(this.drafted, sequences);
  }

  add(at: number): void {
    const { signal, maxK } = this.#parts;
    this.#rounds++;
    if (this.#outlook.depth > 0) this.#outlook.add(at, signal, 0);
    let survives = 1;
    for (let d = 0; d < maxK; d++) {
      survives *= signal.chance(at, d);
      this.#survives[d]! += survives;
    }
  }

  decide(): void {
    const { draftsAll, maxK } = this.#parts;
    const outlook = this.#outlook;
    const looked = outlook.depth;
    outlook.end();
    const rate = (k: number, emitted: number): number =>
      emitted / this.#prices.seconds(this.#sequences, this.#contextTokens, k > 0 && draftsAll ? maxK : k, k);
    let best = rate(0, 1);
    let emitted = 1;
    this.#k = 0;
    for (let k = 1; k <= maxK; k++) {
      const before = k === 1 ? 1 : this.#survives[k - 2]! / this.#rounds;
      const known = draftsAll || k <= looked;
      const own = known ? this.#survives[k - 1]! / this.#rounds : before * outlook.goesOn(k - 1);
      const tokensPerS = rate(k, emitted + own);
      if (tokensPerS > best) {
        best = tokensPerS;
        this.#k = k;
      } else if (!draftsAll) break;
      emitted += known ? own : this.#survives[k - 1]! / this.#rounds;
    }
    this.verified.fill(this.#k, 0, this.#rounds);
    const drafted = draftsAll && (this.#k > 0 || looked > 0) ? maxK : Math.max(this.#k, looked);
    this.drafted.fill(drafted, 0, this.#rounds);
  }
}
