/**
 * Static batches: copies of one request start together, are prefilled at once and decode in lock step; the next
 * request follows when all have ended. Copies that do not fit in memory together wait for the others to end.
 *
 * What a round drafts and emits depends on the batch size and the machine only where a policy adapts to them, so
 * each request is replayed once (replayed-rounds.ts) and priced as often as asked (`runStaticBatches`). The price of a
 * step is linear in its context for given drafts, but for attention that turns from memory-bound to compute-bound
 * or outgrows a window; where it is linear, two prices serve for all rounds with those drafts.
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
import { entry, Memo } from '../memo.ts';
import { sequenceTokens, type Workload } from './engine.ts';
import { addRounds, emptyTotals, FinishedRecords, type Totals } from './records.ts';
import type { ReplayedRounds } from './replayed-rounds.ts';

export interface StaticBatchParts {
  readonly workload: Workload;
  readonly rounds: ReplayedRounds;
  /** The requests of the workload to run, in this order. */
  readonly requests: readonly number[];
  readonly copies: number;
  readonly cost: CostModel;
  /** May be infinite. */
  readonly kvBlocks: number;
  readonly blockTokens: number;
  readonly maxSequences: number;
}

export interface StaticBatchRun {
  /** A record for copies of a request that ran together. */
  readonly finished: FinishedRecords;
  readonly totals: Totals;
  /** Virtual time at the end, in seconds. */
  readonly makespanS: number;
}

/** @throws Error when one copy of a request does not fit in memory */
export function runStaticBatches(parts: StaticBatchParts): StaticBatchRun {
  const { workload, rounds, requests, copies, cost } = parts;
  const totals = emptyTotals();
  const finished = new FinishedRecords();
  const pricesOf = new Map<number, StepPrices>();
  let prices: StepPrices | undefined;
  let nowS = 0;
  for (const request of requests) {
    const promptTokens = workload.promptTokens[request]!;
    const tokens = workload.outputTokens[request]!;
    const fit = fitting(parts, sequenceTokens(promptTokens, tokens, rounds.kinds.most));
    const arrivalS = nowS;
    for (let left = copies; left > 0; left -= fit) {
      const batch = Math.min(fit, left);
      if (prices?.batch !== batch) {
        prices = entry(pricesOf, batch, () => new StepPrices(rounds, batch, cost));
      }
      const prefill = prices.prefills.price(promptTokens);
      addSeconds(totals.all, prefill);
      totals.prefills += batch;
      totals.prefillTokens += batch * promptTokens;
      const startS = nowS;
      const firstTokenS = startS + totalSeconds(prefill);
      nowS = firstTokenS + prices.decodeS(request);
      const i = finished.next();
      finished.request[i] = request;
      finished.copies[i] = batch;
      finished.tokens[i] = tokens;
      finished.promptTokens[i] = promptTokens;
      finished.arrivalS[i] = arrivalS;
      finished.admittedS[i] = startS;
      finished.firstTokenS[i] = firstTokenS;
      finished.endS[i] = nowS;
    }
  }
  for (const prices of pricesOf.values()) prices.addTo(totals);
  return { finished, totals, makespanS: nowS };
}

/**
 * The steps and prompts of a few requests, weighed by what they do to throughput (the mean over requests of tokens
 * over seconds): to first order, throughput falls by as much as the weighed seconds grow, whatever makes them grow.
 * All rounds of a kind are priced at their mean context.
 */
export class WeighedWork {
  readonly #parts: StaticBatchParts;
  readonly #work: StepWork;
  readonly #price = noSeconds();
  /** By copies that run together: of each kind, the weight of its rounds and that of the context they start at. */
  readonly #steps = new Map<number, { readonly rounds: Float64Array; readonly context: Float64Array }>();
  readonly #waves: { readonly copies: number; readonly promptTokens: number; readonly weight: number }[] = [];

  constructor(parts: StaticBatchParts) {
    const { rounds, workload } = parts;
    this.#parts = parts;
    this.#work = rounds.kinds.work();
    const { finished } = runStaticBatches(parts);
    const seconds = new Map<number, number>();
    for (const { request, arrivalS, endS } of finished) seconds.set(request, endS - arrivalS);
    for (const { request, copies, tokens } of finished) {
      const weight = tokens / seconds.get(request)! ** 2;
      this.#waves.push({ copies, promptTokens: workload.promptTokens[request]!, weight });
      const { length } = rounds.kinds;
      const steps = entry(this.#steps, copies, () => ({
        rounds: new Float64Array(length),
        context: new Float64Array(length),
      }));
      for (let t = rounds.firstTally[request]!; t < rounds.firstTally[request + 1]!; t++) {
        const kind = rounds.tallyKind[t]!;
        steps.rounds[kind]! += weight * rounds.tallyCount[t]!;
        steps.context[kind]! += weight * rounds.tallyContext[t]!;
      }
    }
  }

  /** The weighed seconds at another price; only their ratio to those at the price of `parts` means anything. */
  seconds(cost: CostModel): number {
    let sum = 0;
    for (const { copies, promptTokens, weight } of this.#waves) {
      sum += weight * totalSeconds(Prefills.of(cost, copies).price(promptTokens));
    }
    const { kinds } = this.#parts.rounds;
    for (const [copies, { rounds, context }] of this.#steps) {
      for (let kind = 0; kind < rounds.length; kind++) {
        if (rounds[kind] === 0) continue;
        kinds.state(kind, copies, context[kind]! / rounds[kind]!, this.#work);
        cost.priceStep(this.#work, this.#price);
        sum += rounds[kind]! * totalSeconds(this.#price);
      }
    }
    return sum;
  }
}

/** How many copies run together; everything a copy may need is taken at its start. */
function fitting({ kvBlocks, blockTokens, maxSequences }: StaticBatchParts, tokens: number): number {
  const fit = Math.min(Math.floor(kvBlocks / Math.ceil(tokens / blockTokens)), maxSequences);
  if (fit < 1) throw new Error(`one copy of ${tokens} tokens does not fit in ${kvBlocks} KV blocks`);
  return fit;
}

const PREFILLS = new Memo<Prefills>();

/** Prices of so many copies of a prompt; they are shared, being the same for every method and k that runs the same models. */
class Prefills {
  readonly #cost: CostModel;
  readonly #copies: number;
  readonly #prices = new Map<number, Readonly<PartSeconds>>();

  constructor(cost: CostModel, copies: number) {
    this.#cost = cost;
    this.#copies = copies;
  }

  static of(cost: CostModel, copies: number): Prefills {
    return PREFILLS.get([cost], copies, () => new Prefills(cost, copies));
  }

  /** @param tokens of the prompt */
  price(tokens: number): Readonly<PartSeconds> {
    const known = this.#prices.get(tokens);
    if (known !== undefined) return known;
    const copies = this.#copies;
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
}

/** The parts of a price, in the order of their columns. */
const SECONDS = PARTS.map(({ name }) => secondsOf(name));

/** Whether the price of a kind is a line. */
const UNKNOWN = 0;
const LINE = 1;
const BENT = 2;

/** Prices of the decode steps of one batch size, and how many of each kind were taken. */
class StepPrices {
  readonly prefills: Prefills;
  readonly batch: number;
  readonly #rounds: ReplayedRounds;
  readonly #cost: CostModel;
  readonly #work: StepWork;
  readonly #price = noSeconds();
  readonly #form: Uint8Array;
  /** Seconds of a step of each kind at context 0, and for each token of context, where the price is a line. */
  readonly #atZeroS: Float64Array;
  readonly #perTokenS: Float64Array;
  /** The same by part: `SECONDS.length` columns a kind. */
  readonly #partsAtZeroS: Float64Array;
  readonly #partsPerTokenS: Float64Array;
  readonly #count: Float64Array;
  readonly #context: Float64Array;
  #emitted = 0;
  /** Steps whose kind has no line. */
  readonly #others = noSeconds();

  constructor(rounds: ReplayedRounds, batch: number, cost: CostModel) {
    this.prefills = Prefills.of(cost, batch);
    this.batch = batch;
    this.#rounds = rounds;
    this.#cost = cost;
    this.#work = rounds.kinds.work();
    const { length } = rounds.kinds;
    this.#form = new Uint8Array(length);
    this.#atZeroS = new Float64Array(length);
    this.#perTokenS = new Float64Array(length);
    this.#partsAtZeroS = new Float64Array(length * SECONDS.length);
    this.#partsPerTokenS = new Float64Array(length * SECONDS.length);
    this.#count = new Float64Array(length);
    this.#context = new Float64Array(length);
  }

  /** Takes all rounds of a request, and returns their seconds. */
  decodeS(request: number): number {
    const { firstTally, tallyKind, tallyCount, tallyContext, emitted } = this.#rounds;
    let seconds = 0;
    for (let t = firstTally[request]!; t < firstTally[request + 1]!; t++) {
      const kind = tallyKind[t]!;
      const count = tallyCount[t]!;
      const contextTokens = tallyContext[t]!;
      if (this.#form[kind] === UNKNOWN) this.#draw(kind);
      if (this.#form[kind] === BENT) {
        seconds += this.#oneByOneS(request, kind);
      } else {
        seconds += count * this.#atZeroS[kind]! + contextTokens * this.#perTokenS[kind]!;
        this.#context[kind]! += contextTokens;
      }
      this.#count[kind]! += count;
    }
    this.#emitted += this.batch * emitted[request]!;
    return seconds;
  }

  #oneByOneS(request: number, which: number): number {
    const { firstRound, kind, context } = this.#rounds;
    let seconds = 0;
    for (let i = firstRound[request]!; i < firstRound[request + 1]!; i++) {
      if (kind[i] !== which) continue;
      const price = this.#priceAt(which, context[i]!);
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
    let steps = 0;
    let drafted = 0;
    let verified = 0;
    for (let kind = 0; kind < kinds.length; kind++) {
      const count = this.#count[kind]!;
      if (count === 0) continue;
      if (this.#form[kind] === LINE) {
        const context = this.#context[kind]!;
        for (const [p, part] of SECONDS.entries()) {
          const at = kind * SECONDS.length + p;
          decode[part] += count * this.#partsAtZeroS[at]! + context * this.#partsPerTokenS[at]!;
        }
      }
      steps += count;
      drafted += count * this.batch * kinds.drafted(kind);
      verified += count * this.batch * kinds.queries(kind);
    }
    totals.decodeSteps += steps;
    addRounds(totals, steps * this.batch, drafted, verified, this.#emitted);
    addSeconds(totals.decode, decode);
    addSeconds(totals.all, decode);
  }

  /** Finds the line through the prices of a kind, or that there is none. */
  #draw(kind: number): void {
    const { leastContext, greatestContext } = this.#rounds.kinds;
    const least = leastContext[kind]!;
    const greatest = greatestContext[kind]!;
    const parts = kind * SECONDS.length;
    const atZero = this.#partsAtZeroS;
    const perToken = this.#partsPerTokenS;
    const low = this.#priceAt(kind, least);
    for (let p = 0; p < SECONDS.length; p++) atZero[parts + p] = low[SECONDS[p]!];
    if (greatest > least) {
      const high = this.#priceAt(kind, greatest);
      for (let p = 0; p < SECONDS.length; p++) {
        const slope = (high[SECONDS[p]!] - atZero[parts + p]!) / (greatest - least);
        perToken[parts + p] = slope;
        atZero[parts + p]! -= least * slope;
      }
    }
    for (let p = 0; p < SECONDS.length; p++) {
      this.#atZeroS[kind]! += atZero[parts + p]!;
      this.#perTokenS[kind]! += perToken[parts + p]!;
    }
    this.#form[kind] = this.#bends(kind, least, greatest) ? BENT : LINE;
  }

  #bends(kind: number, least: number, greatest: number): boolean {
    const between = Math.round(least + INTERIOR * (greatest - least));
    if (between === least || between === greatest) return false;
    const exact = totalSeconds(this.#priceAt(kind, between));
    const linear = this.#atZeroS[kind]! + between * this.#perTokenS[kind]!;
    return Math.abs(linear - exact) > ROUNDING * exact;
  }

  #priceAt(kind: number, context: number): PartSeconds {
    this.#rounds.kinds.state(kind, this.batch, context, this.#work);
    this.#cost.priceStep(this.#work, this.#price);
    return this.#price;
  }
}

/** Where between two contexts a third price is taken; a bend between them shows there, wherever it is. */
const INTERIOR = 0.382;

const ROUNDING = 1e-12;
