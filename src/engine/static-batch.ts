/**
 * Static batches: copies of one request start together, are prefilled at once and decode in lock step; the next
 * request follows when all have ended. Copies that do not fit in memory together wait for the others to end.
 *
 * What a round drafts and emits depends on the batch size and the machine only where a policy adapts to them, so
 * each request is replayed once (`replayRounds`) and priced as often as asked (`runStaticBatches`). The price of a
 * step is linear in its context for given drafts, but for attention that turns from memory-bound to compute-bound
 * or outgrows a window; where it is linear, two prices serve for all rounds with those drafts.
 */
import {
  addSeconds,
  type CostModel,
  noSeconds,
  type PartSeconds,
  PassWork,
  StepWork,
  totalSeconds,
} from '../cost/work.ts';
import type { Drafter } from '../drafter/drafter.ts';
import { sequenceTokens, type Workload } from './engine.ts';
import { emptyTotals, type Totals } from './records.ts';

/** The rounds of one kind of one request. */
interface Tally {
  readonly kind: number;
  count: number;
  /** Tokens of prompt and output at which they start, summed. */
  contextTokens: number;
}

export interface RequestRounds {
  readonly tallies: readonly Tally[];
  /** Tokens emitted by all rounds. */
  readonly emitted: number;
  /** Its rounds, in order, in the columns `kind` and `context` of `Rounds`. */
  readonly first: number;
  readonly end: number;
}

/** Every round of every request. */
export interface Rounds {
  readonly kinds: RoundKinds;
  readonly requests: readonly RequestRounds[];
  /** Of each round: its kind, and tokens of prompt and output at which it starts. */
  readonly kind: Uint16Array;
  readonly context: Int32Array;
}

/**
 * Replays all requests, alone and one after the other.
 *
 * @param copies what the drafter is told of the size of the batch
 */
export function replayRounds(
  { promptTokens, outputTokens }: Workload,
  drafter: Drafter,
  draftModels: number,
  maxK: number,
  copies = 1,
): Rounds {
  const most = outputTokens.reduce((sum, tokens) => sum + tokens, 0);
  const kindAt = new Uint16Array(most);
  const contextAt = new Int32Array(most);
  const kinds = new RoundKinds(draftModels);
  const tallyOf: (Tally | undefined)[] = [];
  const work = new StepWork(draftModels, maxK);
  const requests: RequestRounds[] = [];
  let at = 0;
  for (let r = 0; r < outputTokens.length; r++) {
    const length = outputTokens[r]!;
    const tallies: Tally[] = [];
    const first = at;
    let position = 1;
    for (; position < length; at++) {
      const context = promptTokens[r]! + position;
      work.clearDrafting();
      drafter.stepBegins(copies, copies * context);
      drafter.round(r, position, length - position, 1, context, work);
      const kind = kinds.of(drafter.drafted, work, context);
      let tally = tallyOf[kind];
      if (tally === undefined) {
        tally = { kind, count: 0, contextTokens: 0 };
        tallyOf[kind] = tally;
        tallies.push(tally);
      }
      tally.count++;
      tally.contextTokens += context;
      kindAt[at] = kind;
      contextAt[at] = context;
      position += drafter.emitted;
    }
    for (const { kind } of tallies) tallyOf[kind] = undefined;
    requests.push({ tallies, emitted: position - 1, first, end: at });
  }
  return { kinds, requests, kind: kindAt, context: contextAt };
}

/** The rounds of plain decoding, where every round emits one token: there is nothing to replay. */
export function plainRounds({ promptTokens, outputTokens }: Workload): Rounds {
  const most = outputTokens.reduce((sum, tokens) => sum + tokens, 0);
  const context = new Int32Array(most);
  const kinds = new RoundKinds(0);
  const work = new StepWork(0, 0);
  let at = 0;
  const requests = Array.from(outputTokens, (tokens, r): RequestRounds => {
    const count = Math.max(0, tokens - 1);
    const first = at;
    const least = promptTokens[r]! + 1;
    for (let i = 0; i < count; i++) context[at++] = least + i;
    if (count === 0) return { tallies: [], emitted: 0, first, end: at };
    const kind = kinds.of(0, work, least);
    kinds.of(0, work, least + count - 1);
    const contextTokens = count * least + (count * (count - 1)) / 2;
    return { tallies: [{ kind, count, contextTokens }], emitted: count, first, end: at };
  });
  return { kinds, requests, kind: new Uint16Array(most), context };
}

/** Columns of a kind before those of its draft models, of which each has two. */
const OWN_COLUMNS = 3;

/** Most kinds, for their index is a `Uint16`; the hash table has twice as many places. */
const MOST_KINDS = 2 ** 16;
const TABLE = 2 * MOST_KINDS;

/** What sequences state in a round, context apart: each combination that was met, found by a hash table. */
class RoundKinds {
  length = 0;
  /** Tokens of prompt and output at which rounds of a kind start, least and greatest. */
  leastContext = new Int32Array(8);
  greatestContext = new Int32Array(8);
  /** Drafted, searches, search hits; then tokens drafted (0: it does not run) and read first, of each draft model. */
  #values = new Float64Array(64);
  readonly #columns: number;
  readonly #draftModels: number;
  /** Index of a kind plus one, 0 where empty; where two kinds meet, the later takes the next empty place. */
  readonly #table = new Int32Array(TABLE);

  constructor(draftModels: number) {
    this.#draftModels = draftModels;
    this.#columns = OWN_COLUMNS + 2 * draftModels;
  }

  /** Tokens that rounds of this kind draft. */
  drafted(kind: number): number {
    return this.#values[kind * this.#columns]!;
  }

  /** The kind of a round that starts at `context`; makes one where there is none. */
  of(drafted: number, { searches, searchHits, drafts }: StepWork, context: number): number {
    let hash = drafted + 512 * searchHits;
    for (let d = 0; d < drafts.length; d++) {
      const { longest, catchUpTokens } = drafts[d]!;
      hash = Math.imul(hash, 31) + 64 * longest + catchUpTokens;
    }
    let at = (Math.imul(hash, 0x9e3779b1) >>> 8) % TABLE;
    for (; this.#table[at] !== 0; at = (at + 1) % TABLE) {
      const kind = this.#table[at]! - 1;
      if (!this.#is(kind, drafted, searches, searchHits, drafts)) continue;
      if (context < this.leastContext[kind]!) this.leastContext[kind] = context;
      if (context > this.greatestContext[kind]!) this.greatestContext[kind] = context;
      return kind;
    }
    const kind = this.length++;
    this.#table[at] = this.length;
    this.#store(kind, [
      drafted,
      searches,
      searchHits,
      ...drafts.flatMap(({ longest, catchUpTokens }) => [longest, catchUpTokens]),
    ]);
    this.leastContext[kind] = context;
    this.greatestContext[kind] = context;
    return kind;
  }

  /** States to `work` a step in which `batch` sequences with `context` tokens each do a round of this kind. */
  state(kind: number, batch: number, context: number, work: StepWork): void {
    let at = kind * this.#columns;
    const values = this.#values;
    const drafted = values[at]!;
    work.clear();
    const { verify } = work;
    verify.sequences = batch;
    verify.tokens = batch * (drafted + 1);
    verify.logitRows = verify.tokens;
    verify.contextTokens = batch * (context + drafted);
    verify.attentionPairs = batch * (drafted + 1) * (context + drafted / 2);
    work.searches = batch * values[at + 1]!;
    work.searchHits = batch * values[at + 2]!;
    at += OWN_COLUMNS;
    for (let d = 0; d < this.#draftModels; d++, at += 2) {
      if (values[at]! > 0) work.drafts[d]!.add(batch, values[at]!, context, values[at + 1]!);
    }
  }

  #is(
    kind: number,
    drafted: number,
    searches: number,
    searchHits: number,
    drafts: StepWork['drafts'],
  ): boolean {
    let at = kind * this.#columns;
    const values = this.#values;
    if (values[at] !== drafted || values[at + 1] !== searches || values[at + 2] !== searchHits) return false;
    at += OWN_COLUMNS;
    for (let d = 0; d < drafts.length; d++, at += 2) {
      const { longest, catchUpTokens } = drafts[d]!;
      if (values[at] !== longest || values[at + 1] !== catchUpTokens) return false;
    }
    return true;
  }

  #store(kind: number, values: readonly number[]): void {
    if (kind === MOST_KINDS) throw new Error('more kinds of rounds than an index holds');
    if (kind === this.leastContext.length) {
      this.leastContext = grown(this.leastContext, new Int32Array(2 * kind));
      this.greatestContext = grown(this.greatestContext, new Int32Array(2 * kind));
    }
    const end = (kind + 1) * this.#columns;
    if (end > this.#values.length) this.#values = grown(this.#values, new Float64Array(2 * end));
    this.#values.set(values, kind * this.#columns);
  }
}

function grown<T extends Int32Array | Float64Array>(values: T, into: T): T {
  into.set(values);
  return into;
}

export interface StaticBatchParts {
  readonly workload: Workload;
  readonly rounds: Rounds;
  /** The requests of the workload to run, in this order. */
  readonly requests: readonly number[];
  readonly copies: number;
  readonly cost: CostModel;
  readonly draftModels: number;
  readonly maxK: number;
  /** May be infinite. */
  readonly kvBlocks: number;
  readonly blockTokens: number;
  readonly maxSequences: number;
}

/** `copies` identical requests that ran together. Times in virtual seconds. */
export interface WaveRecord {
  readonly request: number;
  readonly copies: number;
  /** Output tokens of each copy. */
  readonly tokens: number;
  readonly arrivalS: number;
  readonly firstTokenS: number;
  readonly endS: number;
}

export interface StaticBatchRun {
  readonly finished: readonly WaveRecord[];
  readonly totals: Totals;
  /** Virtual time at the end, in seconds. */
  readonly makespanS: number;
}

/** @throws Error when one copy of a request does not fit in memory */
export function runStaticBatches(parts: StaticBatchParts): StaticBatchRun {
  const { workload, rounds, requests, copies, cost, draftModels, maxK } = parts;
  const totals = emptyTotals();
  const finished: WaveRecord[] = [];
  const pricesOf = new Map<number, StepPrices>();
  const prompts = new PassWork();
  const prefill = noSeconds();
  let nowS = 0;
  for (const request of requests) {
    const promptTokens = workload.promptTokens[request]!;
    const tokens = workload.outputTokens[request]!;
    const fit = fitting(parts, sequenceTokens(promptTokens, tokens, maxK));
    const arrivalS = nowS;
    for (let left = copies; left > 0; left -= fit) {
      const batch = Math.min(fit, left);
      let prices = pricesOf.get(batch);
      if (prices === undefined) {
        prices = new StepPrices(rounds, batch, cost, draftModels, maxK);
        pricesOf.set(batch, prices);
      }
      statePrompts(prompts, batch, promptTokens);
      cost.pricePrefill(prompts, prefill);
      addSeconds(totals.all, prefill);
      totals.prefills += batch;
      totals.prefillTokens += batch * promptTokens;
      const firstTokenS = nowS + totalSeconds(prefill);
      nowS = firstTokenS + prices.decodeS(rounds.requests[request]!);
      totals.emitted += batch * rounds.requests[request]!.emitted;
      finished.push({ request, copies: batch, tokens, arrivalS, firstTokenS, endS: nowS });
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
  readonly #prompts = new PassWork();
  readonly #price = noSeconds();
  /** By copies that run together: of each kind, the weight of its rounds and that of the context they start at. */
  readonly #steps = new Map<number, { readonly rounds: Float64Array; readonly context: Float64Array }>();
  readonly #waves: { readonly copies: number; readonly promptTokens: number; readonly weight: number }[] = [];

  constructor(parts: StaticBatchParts) {
    const { rounds, workload, draftModels, maxK } = parts;
    this.#parts = parts;
    this.#work = new StepWork(draftModels, maxK);
    const { finished } = runStaticBatches(parts);
    const seconds = new Map<number, number>();
    for (const { request, arrivalS, endS } of finished) seconds.set(request, endS - arrivalS);
    for (const { request, copies, tokens } of finished) {
      const weight = tokens / seconds.get(request)! ** 2;
      this.#waves.push({ copies, promptTokens: workload.promptTokens[request]!, weight });
      let steps = this.#steps.get(copies);
      if (steps === undefined) {
        const { length } = rounds.kinds;
        steps = { rounds: new Float64Array(length), context: new Float64Array(length) };
        this.#steps.set(copies, steps);
      }
      for (const { kind, count, contextTokens } of rounds.requests[request]!.tallies) {
        steps.rounds[kind]! += weight * count;
        steps.context[kind]! += weight * contextTokens;
      }
    }
  }

  /** The weighed seconds at another price; only their ratio to those at the price of `parts` means anything. */
  seconds(cost: CostModel): number {
    let sum = 0;
    for (const { copies, promptTokens, weight } of this.#waves) {
      statePrompts(this.#prompts, copies, promptTokens);
      cost.pricePrefill(this.#prompts, this.#price);
      sum += weight * totalSeconds(this.#price);
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

function statePrompts(prompts: PassWork, copies: number, tokens: number): void {
  prompts.sequences = copies;
  prompts.tokens = copies * tokens;
  prompts.contextTokens = copies * tokens;
  prompts.attentionPairs = (copies * tokens * (tokens + 1)) / 2;
  prompts.logitRows = copies;
}

/** What the parts of a price are, in the order of their columns. */
const PARTS = [
  'draftS',
  'verifyS',
  'samplingS',
  'overheadS',
  'prefillS',
] as const satisfies (keyof PartSeconds)[];

/** Whether the price of a kind is a line. */
const UNKNOWN = 0;
const LINE = 1;
const BENT = 2;

/** Prices of the decode steps of one batch size, and how many of each kind were taken. */
class StepPrices {
  readonly #rounds: Rounds;
  readonly #batch: number;
  readonly #cost: CostModel;
  readonly #work: StepWork;
  readonly #price = noSeconds();
  readonly #form: Uint8Array;
  /** Seconds of a step of each kind at context 0, and for each token of context, where the price is a line. */
  readonly #atZeroS: Float64Array;
  readonly #perTokenS: Float64Array;
  /** The same by part: `PARTS.length` columns a kind. */
  readonly #partsAtZeroS: Float64Array;
  readonly #partsPerTokenS: Float64Array;
  readonly #count: Float64Array;
  readonly #context: Float64Array;
  /** Steps whose kind has no line. */
  readonly #others = noSeconds();

  constructor(rounds: Rounds, batch: number, cost: CostModel, draftModels: number, maxK: number) {
    this.#rounds = rounds;
    this.#batch = batch;
    this.#cost = cost;
    this.#work = new StepWork(draftModels, maxK);
    const { length } = rounds.kinds;
    this.#form = new Uint8Array(length);
    this.#atZeroS = new Float64Array(length);
    this.#perTokenS = new Float64Array(length);
    this.#partsAtZeroS = new Float64Array(length * PARTS.length);
    this.#partsPerTokenS = new Float64Array(length * PARTS.length);
    this.#count = new Float64Array(length);
    this.#context = new Float64Array(length);
  }

  /** Seconds of all rounds of a request. */
  decodeS(request: RequestRounds): number {
    let seconds = 0;
    for (const { kind, count, contextTokens } of request.tallies) {
      if (this.#form[kind] === UNKNOWN) this.#draw(kind);
      if (this.#form[kind] === BENT) {
        seconds += this.#oneByOneS(request, kind);
      } else {
        seconds += count * this.#atZeroS[kind]! + contextTokens * this.#perTokenS[kind]!;
        this.#context[kind]! += contextTokens;
      }
      this.#count[kind]! += count;
    }
    return seconds;
  }

  #oneByOneS({ first, end }: RequestRounds, which: number): number {
    const { kind, context } = this.#rounds;
    let seconds = 0;
    for (let i = first; i < end; i++) {
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
    for (let kind = 0; kind < kinds.length; kind++) {
      const count = this.#count[kind]!;
      if (count === 0) continue;
      if (this.#form[kind] === LINE) {
        const context = this.#context[kind]!;
        for (const [p, part] of PARTS.entries()) {
          const at = kind * PARTS.length + p;
          decode[part] += count * this.#partsAtZeroS[at]! + context * this.#partsPerTokenS[at]!;
        }
      }
      totals.decodeSteps += count;
      totals.rounds += count * this.#batch;
      totals.drafted += count * this.#batch * kinds.drafted(kind);
    }
    totals.accepted = totals.emitted - totals.rounds;
    addSeconds(totals.decode, decode);
    addSeconds(totals.all, decode);
  }

  /** Finds the line through the prices of a kind, or that there is none. */
  #draw(kind: number): void {
    const { leastContext, greatestContext } = this.#rounds.kinds;
    const least = leastContext[kind]!;
    const greatest = greatestContext[kind]!;
    const parts = kind * PARTS.length;
    const atZero = this.#partsAtZeroS;
    const perToken = this.#partsPerTokenS;
    const low = this.#priceAt(kind, least);
    for (let p = 0; p < PARTS.length; p++) atZero[parts + p] = low[PARTS[p]!];
    if (greatest > least) {
      const high = this.#priceAt(kind, greatest);
      for (let p = 0; p < PARTS.length; p++) {
        const slope = (high[PARTS[p]!] - atZero[parts + p]!) / (greatest - least);
        perToken[parts + p] = slope;
        atZero[parts + p]! -= least * slope;
      }
    }
    for (let p = 0; p < PARTS.length; p++) {
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
    this.#rounds.kinds.state(kind, this.#batch, context, this.#work);
    this.#cost.priceStep(this.#work, this.#price);
    return this.#price;
  }
}

/** Where between two contexts a third price is taken; a bend between them shows there, wherever it is. */
const INTERIOR = 0.382;

const ROUNDING = 1e-12;
