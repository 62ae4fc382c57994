/**
 * A static batch: `copies` copies of one request start together, and the next request follows when all have
 * ended. Copies that do not fit in memory together run one wave after the other. Everything a copy may need is
 * taken at its start, all prompts of a wave are prefilled in one step, and nothing is ever preempted.
 */
import { addSeconds, type CostModel, noSeconds, PassWork, StepWork, totalSeconds } from '../cost/work.ts';
import type { Drafter } from '../drafter/drafter.ts';
import { sequenceTokens, type Workload } from './engine.ts';
import { emptyTotals, type Totals } from './records.ts';

export interface ClonesParts {
  readonly workload: Workload;
  /** The requests of the workload to run, in this order. */
  readonly requests: readonly number[];
  readonly copies: number;
  readonly drafter: Drafter;
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

export interface ClonesRun {
  readonly finished: readonly WaveRecord[];
  readonly totals: Totals;
  readonly makespanS: number;
}

/** @throws Error when one copy of a request does not fit in memory */
export function runClones(parts: ClonesParts): ClonesRun {
  const { workload, drafter, cost: model, maxK } = parts;
  const totals = emptyTotals();
  const finished: WaveRecord[] = [];
  const work = new StepWork(parts.draftModels, maxK);
  const prompts = new PassWork();
  const cost = noSeconds();
  let nowS = 0;

  const prefill = (copies: number, tokens: number): void => {
    prompts.sequences = copies;
    prompts.tokens = copies * tokens;
    prompts.contextTokens = copies * tokens;
    prompts.attentionPairs = (copies * tokens * (tokens + 1)) / 2;
    prompts.logitRows = copies;
    model.pricePrefill(prompts, cost);
    nowS += totalSeconds(cost);
    addSeconds(totals.all, cost);
    totals.prefills += copies;
    totals.prefillTokens += copies * tokens;
  };

  const decode = (request: number, copies: number, promptTokens: number, length: number): void => {
    const { verify } = work;
    for (let position = 1; position < length; ) {
      const context = promptTokens + position;
      work.clear();
      drafter.round(request, position, length - position, copies, context, work);
      const { drafted, emitted } = drafter;
      const queries = drafted + 1;
      verify.sequences = copies;
      verify.tokens = copies * queries;
      verify.logitRows = verify.tokens;
      verify.contextTokens = copies * (context + drafted);
      verify.attentionPairs = copies * queries * (context + drafted / 2);
      model.priceStep(work, cost);
      nowS += totalSeconds(cost);
      addSeconds(totals.all, cost);
      addSeconds(totals.decode, cost);
      totals.decodeSteps++;
      totals.rounds += copies;
      totals.emitted += copies * emitted;
      totals.drafted += copies * drafted;
      totals.accepted += copies * (emitted - 1);
      position += emitted;
    }
  };

  for (const request of parts.requests) {
    const promptTokens = workload.promptTokens[request]!;
    const tokens = workload.outputTokens[request]!;
    const blocksEach = Math.ceil(sequenceTokens(promptTokens, tokens, maxK) / parts.blockTokens);
    const room = Math.min(Math.floor(parts.kvBlocks / blocksEach), parts.maxSequences);
    if (room < 1) throw new Error(`request ${request}: one copy does not fit in ${parts.kvBlocks} KV blocks`);
    const arrivalS = nowS;
    for (let left = parts.copies; left > 0; ) {
      const copies = Math.min(left, room);
      prefill(copies, promptTokens);
      const firstTokenS = nowS;
      decode(request, copies, promptTokens, tokens);
      finished.push({ request, copies, tokens, arrivalS, firstTokenS, endS: nowS });
      left -= copies;
    }
  }
  return { finished, totals, makespanS: nowS };
}
