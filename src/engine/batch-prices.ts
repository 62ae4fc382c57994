/**
 * Prices of static batches: of prompts, and of steps in which all do the same round. The price of a step is linear in its
 * context for given drafts, but for attention that turns from memory-bound to compute-bound or outgrows a window; where
 * it is linear, two prices serve for all rounds with those drafts.
 */
import {
  addSeconds,
  type CostModel,
  noSeconds,
  PARTS,
  type PartSeconds,
  PassWork,
  type StepWork,
  secondsOf,
  totalSeconds,
} from '../cost/work.ts';
import { Memo } from '../memo.ts';
import { addRounds, type Totals } from './records.ts';
import type { ReplayedRounds } from './replayed-rounds.ts';
import type { RoundKinds } from './round-kinds.ts';

const PREFILLS = new Memo<Prefills>();

/** Prefills of requests, one after the other. */
interface PromptSeconds {
  /** Seconds of each. */
  readonly each: Float64Array;
  /** Of all, by part. */
  readonly all: Readonly<PartSeconds>;
}

/** Prices of so many copies of a prompt; they are shared, being the same for every method and k that runs the same models. */
export class Prefills {
  readonly copies: number;
  readonly #cost: CostModel;
  readonly #prices = new Map<number, Readonly<PartSeconds>>();
  readonly #ofRequests = new Memo<PromptSeconds>();

  constructor(cost: CostModel, copies: number) {
    this.#cost = cost;
    this.copies = copies;
  }

  static of(cost: CostModel, copies: number): Prefills {
    return PREFILLS.get([cost], copies, () => new Prefills(cost, copies));
  }

  /** @param tokens of the prompt */
  price(tokens: number): Readonly<PartSeconds> {
    const known = this.#prices.get(tokens);
    if (known !== undefined) return known;
    const { copies } = this;
    const prompts = new PassWork();
    prompts.sequences = copies;
    prompts.tokens = copies * tokens;
    prompts.contextTokens = copies * tokens;
    prompts.attentionPairs = (copies * tokens * (tokens + 1)) / 2;
    prompts.logitRows = copies;
    const price = noSeconds();
    this.#cost.pricePrefill(prompts, price);
    this.#prices.set(tokens, price);
    return price;
  }

  /** @param promptTokens by request */
  ofRequests(promptTokens: Int32Array, requests: readonly number[]): PromptSeconds {
    return this.#ofRequests.get([promptTokens, requests], null, () => {
      const all = noSeconds();
      const each = new Float64Array(requests.length);
      for (let r = 0; r < requests.length; r++) {
        const price = this.price(promptTokens[requests[r]!]!);
        addSeconds(all, price);
        each[r] = totalSeconds(price);
      }
      return { each, all };
    });
  }
}

/** The parts of a price, in the order of their columns. */
const SECONDS = PARTS.map(({ name }) => secondsOf(name));

/** What is known of the price of a kind. */
const UNKNOWN = 0;
const LINE = 1;
const BENT = 2;

const LINES = new Memo<StepLines>();

/** Prices of the decode steps of so many copies that run together, a line for each kind of round; drawn when one is met. */
class StepLines {
  /** Whether the price of each kind is a line. */
  readonly form: Uint8Array;
  /** Seconds of a step of each kind at context 0, and for each token of context, where the price is a line. */
  readonly atZeroS: Float64Array;
  readonly perTokenS: Float64Array;
  /** The same by part: `SECONDS.length` columns a kind. */
  readonly partsAtZeroS: Float64Array;
  readonly partsPerTokenS: Float64Array;
  readonly #kinds: RoundKinds;
  readonly #copies: number;
  readonly #cost: CostModel;
  readonly #work: StepWork;
  readonly #price = noSeconds();

  constructor({ kinds }: ReplayedRounds, copies: number, cost: CostModel) {
    this.#kinds = kinds;
    this.#copies = copies;
    this.#cost = cost;
    this.#work = kinds.work();
    const { length } = kinds;
    this.form = new Uint8Array(length);
    this.atZeroS = new Float64Array(length);
    this.perTokenS = new Float64Array(length);
    this.partsAtZeroS = new Float64Array(length * SECONDS.length);
    this.partsPerTokenS = new Float64Array(length * SECONDS.length);
  }

  static of(rounds: ReplayedRounds, copies: number, cost: CostModel): StepLines {
    return LINES.get([cost, rounds], copies, () => new StepLines(rounds, copies, cost));
  }

  /** Finds the line through the prices of a kind, or that there is none. */
  draw(kind: number): void {
    const { leastContext, greatestContext } = this.#kinds;
    const least = leastContext[kind]!;
    const greatest = greatestContext[kind]!;
    const parts = kind * SECONDS.length;
    const atZero = this.partsAtZeroS;
    const perToken = this.partsPerTokenS;
    const low = this.priceAt(kind, least);
    for (let p = 0; p < SECONDS.length; p++) atZero[parts + p] = low[SECONDS[p]!];
    if (greatest > least) {
      const high = this.priceAt(kind, greatest);
      for (let p = 0; p < SECONDS.length; p++) {
        const slope = (high[SECONDS[p]!] - atZero[parts + p]!) / (greatest - least);
        perToken[parts + p] = slope;
        atZero[parts + p]! -= least * slope;
      }
    }
    for (let p = 0; p < SECONDS.length; p++) {
      this.atZeroS[kind]! += atZero[parts + p]!;
      this.perTokenS[kind]! += perToken[parts + p]!;
    }
    this.form[kind] = this.#bends(kind, least, greatest) ? BENT : LINE;
  }

  #bends(kind: number, least: number, greatest: number): boolean {
    const between = Math.round(least + INTERIOR * (greatest - least));
    if (between === least || between === greatest) return false;
    const exact = totalSeconds(this.priceAt(kind, between));
    const linear = this.atZeroS[kind]! + between * this.perTokenS[kind]!;
    return Math.abs(linear - exact) > ROUNDING * exact;
  }

  /** A step at one context; the same object every time. */
  priceAt(kind: number, context: number): PartSeconds {
    this.#kinds.state(kind, this.#copies, context, this.#work);
    this.#cost.priceStep(this.#work, this.#price);
    return this.#price;
  }
}

/** Seconds of the decode steps of so many copies that run together, and how many of each kind were taken. */
export class StepPrices {
  readonly prefills: Prefills;
  readonly copies: number;
  readonly #rounds: ReplayedRounds;
  readonly #lines: StepLines;
  readonly #count: Float64Array;
  readonly #context: Float64Array;
  #emitted = 0;
  /** Steps whose kind has no line. */
  readonly #others = noSeconds();

  constructor(rounds: ReplayedRounds, copies: number, cost: CostModel) {
    this.prefills = Prefills.of(cost, copies);
    this.copies = copies;
    this.#rounds = rounds;
    this.#lines = StepLines.of(rounds, copies, cost);
    const { length } = rounds.kinds;
    this.#count = new Float64Array(length);
    this.#context = new Float64Array(length);
  }

  /** Takes all rounds of a request, and returns their seconds. */
  decodeS(request: number): number {
    const { firstTally, tallyKind, tallyCount, tallyContext, emitted } = this.#rounds;
    const { form, atZeroS, perTokenS } = this.#lines;
    const counts = this.#count;
    const contexts = this.#context;
    let seconds = 0;
    for (let t = firstTally[request]!, end = firstTally[request + 1]!; t < end; t++) {
      const kind = tallyKind[t]!;
      const count = tallyCount[t]!;
      if (form[kind] === UNKNOWN) this.#lines.draw(kind);
      if (form[kind] === BENT) {
        seconds += this.#oneByOneS(request, kind);
      } else {
        const contextTokens = tallyContext[t]!;
        seconds += count * atZeroS[kind]! + contextTokens * perTokenS[kind]!;
        contexts[kind]! += contextTokens;
      }
      counts[kind]! += count;
    }
    this.#emitted += this.copies * emitted[request]!;
    return seconds;
  }

  #oneByOneS(request: number, which: number): number {
    const { firstRound, kind, context } = this.#rounds;
    let seconds = 0;
    for (let i = firstRound[request]!; i < firstRound[request + 1]!; i++) {
      if (kind[i] !== which) continue;
      const price = this.#lines.priceAt(which, context[i]!);
      addSeconds(this.#others, price);
      seconds += totalSeconds(price);
    }
    return seconds;
  }

  /** Adds every step priced so far. */
  addTo(totals: Totals): void {
    const decode = noSeconds();
    addSeconds(decode, this.#others);
    const { kinds } = this.#rounds;
    const { form, partsAtZeroS, partsPerTokenS } = this.#lines;
    let steps = 0;
    let drafted = 0;
    let verified = 0;
    for (let kind = 0; kind < kinds.length; kind++) {
      const count = this.#count[kind]!;
      if (count === 0) continue;
      if (form[kind] === LINE) {
        const context = this.#context[kind]!;
        for (let p = 0; p < SECONDS.length; p++) {
          const at = kind * SECONDS.length + p;
          decode[SECONDS[p]!] += count * partsAtZeroS[at]! + context * partsPerTokenS[at]!;
        }
      }
      steps += count;
      drafted += count * this.copies * kinds.drafted(kind);
      verified += count * this.copies * kinds.queries(kind);
    }
    totals.decodeSteps += steps;
    addRounds(totals, steps * this.copies, drafted, verified, this.#emitted);
    addSeconds(totals.decode, decode);
    addSeconds(totals.all, decode);
  }
}

/** Where between two contexts a third price is taken; a bend between them shows there, wherever it is. */
const INTERIOR = 0.382;

const ROUNDING = 1e-12;
