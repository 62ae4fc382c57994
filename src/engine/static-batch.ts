/**
 * Static batches: copies of one request start together, are prefilled at once and decode in lock step; the next
 * request follows when all have ended. Copies that do not fit in memory together wait for the others to end.
 *
 * Nothing a round drafts or emits depends on the machine, or, but for policies that adapt to it, on the batch
 * size, so each request is replayed once (`replayRounds`) and priced as often as asked (`runStaticBatches`). The price of a step is linear in its
 * context for given drafts, but for attention that turns from memory-bound to compute-bound or outgrows a
 * window; where it is linear, two prices serve for all rounds with those drafts.
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
import { type EngineParts, sequenceTokens, type Workload } from './engine.ts';
import { KvMemory } from './kv-memory.ts';
import { emptyTotals, type FinishedRecord, type Totals } from './records.ts';

/** What one sequence states in a round, context apart. */
interface RoundKind {
  readonly drafted: number;
  readonly searches: number;
  readonly searchHits: number;
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

/** The kinds met so far, as a tree by what is stated in turn. */
class RoundKinds {
  readonly all: RoundKind[] = [];
  readonly #root: Branch = new Map();

  of(drafted: number, work: StepWork, context: number): number {
    let branch = below(below(this.#root, drafted), work.searchHits);
    for (const { longest, catchUpTokens } of work.drafts) {
      branch = below(below(branch, longest), catchUpTokens);
    }
    let index = branch.get(work.searches) as number | undefined;
    if (index === undefined) {
      index = this.all.length;
      if (index > 0xffff) throw new Error('more kinds of rounds than an index holds');
      branch.set(work.searches, index);
      this.all.push({
        drafted,
        searches: work.searches,
        searchHits: work.searchHits,
        drafts: work.drafts.map(({ longest, catchUpTokens }) => ({
          length: longest,
          catchUp: catchUpTokens,
        })),
        leastContext: context,
        greatestContext: context,
      });
    }
    const kind = this.all[index]!;
    if (context < kind.leastContext) kind.leastContext = context;
    if (context > kind.greatestContext) kind.greatestContext = context;
    return index;
  }
}

type Branch = Map<number, Branch | number>;

function below(branch: Branch, key: number): Branch {
  let next = branch.get(key) as Branch | undefined;
  if (next === undefined) {
    next = new Map();
    branch.set(key, next);
  }
  return next;
}

export interface StaticBatchParts extends Omit<EngineParts, 'load' | 'drafter'> {
  readonly rounds: Rounds;
  /** Which requests run, in this order. */
  readonly requests: readonly number[];
  readonly copies: number;
}

export interface StaticBatchRun {
  readonly finished: FinishedRecord[];
  readonly totals: Totals;
  /** Virtual time at the end, in seconds. */
  readonly makespanS: number;
}

/** Runs batch after batch; needs room for one copy of each request. */
export function runStaticBatches(parts: StaticBatchParts): StaticBatchRun {
  const { workload, rounds, requests, copies, cost, draftModels, maxK } = parts;
  const totals = emptyTotals();
  const finished: FinishedRecord[] = [];
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
      if (batch < left) totals.splitEntries++;
      let prices = pricesOf.get(batch);
      if (prices === undefined) {
        prices = new StepPrices(rounds, batch, cost, draftModels, maxK);
        pricesOf.set(batch, prices);
      }
      statePrompts(prompts, batch, promptTokens);
      cost.pricePrefill(prompts, prefill);
      addSeconds(totals.all, prefill);
      const firstTokenS = nowS + totalSeconds(prefill);
      nowS = firstTokenS + prices.decodeS(rounds.requests[request]!);
      totals.emitted += batch * rounds.requests[request]!.emitted;
      finished.push({ request, copies: batch, tokens, arrivalS, firstTokenS, endS: nowS });
    }
  }
  for (const prices of pricesOf.values()) prices.addTo(totals);
  return { finished, totals, makespanS: nowS };
}

/** How many copies run together. */
function fitting(
  { kvCapacityTokens, blockTokens, maxSequences, copies }: StaticBatchParts,
  tokens: number,
): number {
  const fit = Math.min(new KvMemory(kvCapacityTokens, blockTokens).room(tokens), maxSequences, copies);
  if (fit < 1) throw new Error(`a sequence of ${tokens} tokens does not fit in KV memory`);
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
    const atLeast = { ...this.#priceAt(k, least) };
    const atGreatest = { ...this.#priceAt(k, greatest) };
    const perToken = noSeconds();
    if (greatest > least) {
      addScaled(perToken, atGreatest, 1 / (greatest - least));
      addScaled(perToken, atLeast, -1 / (greatest - least));
    }
    const atZero = { ...atLeast };
    addScaled(atZero, perToken, -least);
    const between = Math.round(least + INTERIOR * (greatest - least));
    const exact = totalSeconds(this.#priceAt(k, between));
    const linear = totalSeconds(atZero) + between * totalSeconds(perToken);
    this.#lines[k] = Math.abs(linear - exact) <= ROUNDING * exact ? [atZero, perToken] : null;
    this.#atZeroS[k] = totalSeconds(atZero);
    this.#perTokenS[k] = totalSeconds(perToken);
  }

  #priceAt(k: number, context: number): PartSeconds {
    const { drafted, searches, searchHits, drafts } = this.#rounds.kinds[k]!;
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
