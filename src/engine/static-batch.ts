/**
 * Static batches: copies of one request start together, are prefilled at once and decode in lock step; the next
 * request follows when all have ended. Copies that do not fit in memory together wait for the others to end: what runs together is a wave.
 *
 * What a round drafts and emits depends on the batch size and the machine only where a policy adapts to them, so
 * each request is replayed once (replayed-rounds.ts) and priced as often as asked (batch-prices.ts).
 */

import { addSeconds, type CostModel, noSeconds, type StepWork, totalSeconds } from '../cost/work.ts';
import { entry } from '../memo.ts';
import { Prefills, StepPrices } from './batch-prices.ts';
import { sequenceTokens, type Workload } from './engine.ts';
import { emptyTotals, FinishedRecords, type Totals } from './records.ts';
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
  /** Blocks that a copy holds however long it is; default: none. */
  readonly sequenceBlocks?: number;
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

/**
 * @param finished what the records are written to, over those of a run that nobody needs any more
 * @throws Error when one copy of a request does not fit in memory
 */
export function runStaticBatches(
  parts: StaticBatchParts,
  finished = new FinishedRecords(parts.requests.length),
): StaticBatchRun {
  const { rounds, copies, cost } = parts;
  const totals = emptyTotals();
  finished.length = 0;
  const pricesOf = new Map<number, StepPrices>();
  const pricesAt = (wave: number) => entry(pricesOf, wave, () => new StepPrices(rounds, wave, cost));
  const makespanS =
    fitting(parts, longest(parts)) >= copies
      ? runTogether(parts, pricesAt(copies), totals, finished)
      : runInWaves(parts, pricesAt, totals, finished);
  for (const prices of pricesOf.values()) prices.addTo(totals);
  return { finished, totals, makespanS };
}

/** The totals of the steps alone, for who asks what a step takes at many prices: no prompt is priced, no record kept. */
export function runStaticSteps(parts: StaticBatchParts): Totals {
  const { rounds, requests, copies, cost } = parts;
  const totals = emptyTotals();
  const pricesOf = new Map<number, StepPrices>();
  for (const request of requests) {
    const fit = fittingOf(parts, request);
    for (let left = copies; left > 0; left -= fit) {
      const wave = Math.min(fit, left);
      entry(pricesOf, wave, () => new StepPrices(rounds, wave, cost)).decodeS(request);
    }
  }
  for (const prices of pricesOf.values()) prices.addTo(totals);
  return totals;
}

/** @returns when the last of requests whose copies all run together ends */
function runTogether(
  { workload, requests }: StaticBatchParts,
  prices: StepPrices,
  totals: Totals,
  finished: FinishedRecords,
): number {
  const prefills = prices.prefills.ofRequests(workload.promptTokens, requests);
  addSeconds(totals.all, prefills.all);
  let nowS = 0;
  for (let r = 0; r < requests.length; r++) {
    nowS = runWave(workload, prices, requests[r]!, nowS, nowS, prefills.each[r]!, totals, finished);
  }
  return nowS;
}

/** The same where those of some do not fit together. */
function runInWaves(
  parts: StaticBatchParts,
  pricesAt: (copies: number) => StepPrices,
  totals: Totals,
  finished: FinishedRecords,
): number {
  const { workload, requests, copies } = parts;
  const { promptTokens } = workload;
  let nowS = 0;
  for (const request of requests) {
    const fit = fittingOf(parts, request);
    const arrivalS = nowS;
    for (let left = copies; left > 0; left -= fit) {
      const prices = pricesAt(Math.min(fit, left));
      const prefill = prices.prefills.price(promptTokens[request]!);
      addSeconds(totals.all, prefill);
      nowS = runWave(workload, prices, request, arrivalS, nowS, totalSeconds(prefill), totals, finished);
    }
  }
  return nowS;
}

/** Tokens that the longest sequence may come to need. */
function longest({ workload: { promptTokens, outputTokens }, rounds, requests }: StaticBatchParts): number {
  let most = 0;
  for (const request of requests)
    most = Math.max(most, sequenceTokens(promptTokens[request]!, outputTokens[request]!, rounds.kinds.most));
  return most;
}

/**
 * Copies of a request that run together.
 *
 * @returns when they end
 */
function runWave(
  { promptTokens, outputTokens }: Workload,
  prices: StepPrices,
  request: number,
  arrivalS: number,
  startS: number,
  prefillS: number,
  totals: Totals,
  finished: FinishedRecords,
): number {
  const { copies } = prices;
  const firstTokenS = startS + prefillS;
  const endS = firstTokenS + prices.decodeS(request);
  totals.prefills += copies;
  totals.prefillTokens += copies * promptTokens[request]!;
  const i = finished.next();
  finished.request[i] = request;
  finished.copies[i] = copies;
  finished.tokens[i] = outputTokens[request]!;
  finished.promptTokens[i] = promptTokens[request]!;
  finished.arrivalS[i] = arrivalS;
  finished.admittedS[i] = startS;
  finished.firstTokenS[i] = firstTokenS;
  finished.endS[i] = endS;
  return endS;
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
    let prefills: Prefills | null = null;
    for (const { copies, promptTokens, weight } of this.#waves) {
      if (prefills?.copies !== copies) prefills = Prefills.of(cost, copies);
      sum += weight * totalSeconds(prefills.price(promptTokens));
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

function fittingOf(parts: StaticBatchParts, request: number): number {
  const { promptTokens, outputTokens } = parts.workload;
  return fitting(
    parts,
    sequenceTokens(promptTokens[request]!, outputTokens[request]!, parts.rounds.kinds.most),
  );
}

/** How many copies run together; everything a copy may need is taken at its start. */
function fitting(
  { kvBlocks, sequenceBlocks = 0, blockTokens, maxSequences }: StaticBatchParts,
  tokens: number,
): number {
  const each = Math.ceil(tokens / blockTokens) + sequenceBlocks;
  const fit = Math.min(Math.floor(kvBlocks / each), maxSequences);
  if (fit < 1) throw new Error(`one copy of ${tokens} tokens does not fit in ${kvBlocks} KV blocks`);
  return fit;
}
