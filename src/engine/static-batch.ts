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

/** What one sequence states in a round, context apart. */
interface RoundKind {
  readonly drafted: number;
  readonly searches: number;
  readonly searchHits: number;
  readonly switches: number;
  /** One per draft model: tokens it drafts, 0 when it does not run, and tokens its first pass reads. */
  readonly drafts: readonly { readonly length: number; readonly catchUp: number }[];
  /** Tokens of prompt and output at which such rounds start, least and greatest. */
  leastContext: number;
  greatestContext: number;
}

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
  /** Of each round, in order: index into `kinds`, and tokens at which it starts. */
  readonly kind: Uint16Array;
  readonly context: Int32Array;
}

/** Every round of every request. */
export interface Rounds {
  readonly kinds: readonly RoundKind[];
  readonly requests: readonly RequestRounds[];
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
  const kinds = new RoundKinds();
  const tallyOf: (Tally | undefined)[] = [];
  const work = new StepWork(draftModels, maxK);
  const requests: RequestRounds[] = [];
  let at = 0;
  for (let r = 0; r < outputTokens.length; r++) {
    const length = outputTokens[r]!;
    const tallies: Tally[] = [];
    const start = at;
    let position = 1;
    for (; position < length; at++) {
      const context = promptTokens[r]! + position;
      work.clear();
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
    requests.push({
      tallies,
      emitted: position - 1,
      kind: kindAt.subarray(start, at),
      context: contextAt.subarray(start, at),
    });
  }
  return { kinds: kinds.all, requests };
}

/** The kinds met so far, in a hash table: it is looked up in every round of every replay. */
class RoundKinds {
  readonly all: RoundKind[] = [];
  /** Index into `all` plus one, 0 where empty; where two kinds meet, the later takes the next empty place. */
  readonly #table = new Int32Array(TABLE);

  of(drafted: number, work: StepWork, context: number): number {
    const { searches, searchHits, switches, drafts } = work;
    let hash = drafted + 512 * searchHits + 1024 * switches;
    for (const { longest, catchUpTokens } of drafts)
      hash = Math.imul(hash, 31) + 64 * longest + catchUpTokens;
    let at = (Math.imul(hash, 0x9e3779b1) >>> 8) % TABLE;
    for (; this.#table[at] !== 0; at = (at + 1) % TABLE) {
      const index = this.#table[at]! - 1;
      const kind = this.all[index]!;
      if (kind.drafted !== drafted || kind.searches !== searches || kind.searchHits !== searchHits) continue;
      if (kind.switches !== switches || !sameDrafts(kind, drafts)) continue;
      if (context < kind.leastContext) kind.leastContext = context;
      if (context > kind.greatestContext) kind.greatestContext = context;
      return index;
    }
    if (this.all.length > 0xffff) throw new Error('more kinds of rounds than an index holds');
    this.all.push({
      drafted,
      searches,
      searchHits,
      switches,
      drafts: drafts.map(({ longest, catchUpTokens }) => ({ length: longest, catchUp: catchUpTokens })),
      leastContext: context,
      greatestContext: context,
    });
    this.#table[at] = this.all.length;
    return this.all.length - 1;
  }
}

/** Twice as many places as there may be kinds. */
const TABLE = 2 ** 17;

function sameDrafts({ drafts }: RoundKind, others: StepWork['drafts']): boolean {
  for (let d = 0; d < drafts.length; d++) {
    const { length, catchUp } = drafts[d]!;
    if (length !== others[d]!.longest || catchUp !== others[d]!.catchUpTokens) return false;
  }
  return true;
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

/** Prices of the decode steps of one batch size, and how many of each kind were taken. */
class StepPrices {
  readonly #rounds: Rounds;
  readonly #batch: number;
  readonly #cost: CostModel;
  readonly #work: StepWork;
  readonly #price = noSeconds();
  readonly #lines: (readonly [PartSeconds, PartSeconds] | null)[];
  /** Seconds of a step of each kind at context 0, and for each token of context; NaN where not linear. */
  readonly #atZeroS: Float64Array;
  readonly #perTokenS: Float64Array;
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
    this.#lines = new Array(length);
    this.#atZeroS = new Float64Array(length);
    this.#perTokenS = new Float64Array(length);
    this.#count = new Float64Array(length);
    this.#context = new Float64Array(length);
  }

  /** Seconds of all rounds of a request. */
  decodeS(request: RequestRounds): number {
    let seconds = 0;
    for (const { kind, count, contextTokens } of request.tallies) {
      if (this.#lines[kind] === undefined) this.#draw(kind);
      if (this.#lines[kind] === null) {
        seconds += this.#oneByOneS(request, kind);
      } else {
        seconds += count * this.#atZeroS[kind]! + contextTokens * this.#perTokenS[kind]!;
        this.#context[kind]! += contextTokens;
      }
      this.#count[kind]! += count;
    }
    return seconds;
  }

  #oneByOneS({ kind, context }: RequestRounds, which: number): number {
    let seconds = 0;
    for (let i = 0; i < kind.length; i++) {
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
    this.#rounds.kinds.forEach(({ drafted }, k) => {
      const count = this.#count[k]!;
      const line = this.#lines[k];
      if (line) {
        const [atZero, perToken] = line;
        addScaled(decode, atZero, count);
        addScaled(decode, perToken, this.#context[k]!);
      }
      totals.decodeSteps += count;
      totals.rounds += count * this.#batch;
      totals.drafted += count * this.#batch * drafted;
    });
    totals.accepted = totals.emitted - totals.rounds;
    addSeconds(totals.decode, decode);
    addSeconds(totals.all, decode);
  }

  /** Finds the line through the prices of a kind, or that there is none. */
  #draw(k: number): void {
    const { leastContext: least, greatestContext: greatest } = this.#rounds.kinds[k]!;
    const atZero = { ...this.#priceAt(k, least) };
    const perToken = noSeconds();
    if (greatest > least) {
      addScaled(perToken, this.#priceAt(k, greatest), 1 / (greatest - least));
      addScaled(perToken, atZero, -1 / (greatest - least));
      addScaled(atZero, perToken, -least);
    }
    this.#atZeroS[k] = totalSeconds(atZero);
    this.#perTokenS[k] = totalSeconds(perToken);
    this.#lines[k] = [atZero, perToken];
    const between = Math.round(least + INTERIOR * (greatest - least));
    if (between === least || between === greatest) return;
    const exact = totalSeconds(this.#priceAt(k, between));
    const linear = this.#atZeroS[k]! + between * this.#perTokenS[k]!;
    if (Math.abs(linear - exact) > ROUNDING * exact) this.#lines[k] = null;
  }

  #priceAt(k: number, context: number): PartSeconds {
    const { drafted, searches, searchHits, switches, drafts } = this.#rounds.kinds[k]!;
    const batch = this.#batch;
    const work = this.#work;
    work.clear();
    const { verify } = work;
    verify.sequences = batch;
    verify.tokens = batch * (drafted + 1);
    verify.logitRows = verify.tokens;
    verify.contextTokens = batch * (context + drafted);
    verify.attentionPairs = batch * (drafted + 1) * (context + drafted / 2);
    work.searches = batch * searches;
    work.searchHits = batch * searchHits;
    work.switches = batch * switches;
    for (const [d, { length, catchUp }] of drafts.entries()) {
      if (length > 0) work.drafts[d]!.add(batch, length, context, catchUp);
    }
    this.#cost.priceStep(work, this.#price);
    return this.#price;
  }
}

/** Where between two contexts a third price is taken; a bend between them shows there, wherever it is. */
const INTERIOR = 0.382;

const ROUNDING = 1e-12;

function addScaled(sum: PartSeconds, parts: Readonly<PartSeconds>, factor: number): void {
  sum.draftS += factor * parts.draftS;
  sum.verifyS += factor * parts.verifyS;
  sum.samplingS += factor * parts.samplingS;
  sum.overheadS += factor * parts.overheadS;
  sum.prefillS += factor * parts.prefillS;
}
