/**
 * The mean time per output token of a closed load of plain decoding in its steady state, in a few prices instead of a
 * run: every step decodes all sequences, and takes in the prompts of those that replaced finished ones.
 *
 * Left out: how the first requests, which come at once, fall out of step; that takes some 2 % of a long run's tokens.
 */
import type { EngineProfile } from '../cost/engine-profile.ts';
import type { CostModel } from '../cost/work.ts';
import { noSeconds, StepWork, Verified } from '../cost/work.ts';
import { parseMethod } from '../drafter/methods.ts';
import type { Inputs } from './inputs.ts';
import { type Setup, Setups } from './setup.ts';

export interface ClosedLoad {
  /** Means over requests. */
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly concurrency: number;
}

const PLAIN = new Verified();

/** Seconds, as a function of the engine and the load; what the engine changes is its price, not its memory. */
export function closedTpot(inputs: Inputs): (engine: EngineProfile, load: ClosedLoad) => number {
  const setup = new Setups(inputs, inputs.traces[0]!, new Set()).of(
    { method: parseMethod('none'), k: null },
    null,
  );
  return (engine, load) =>
    tpotS(
      setup.priceOn({ hardware: inputs.hardware, engine }),
      engine,
      sequencesOf(setup, engine, load),
      load,
    );
}

/** As many as memory has room for and the engine runs at once. */
function sequencesOf(
  { kvBlocks, sequenceBlocks }: Setup,
  { blockTokens, maxSequences }: EngineProfile,
  { promptTokens, outputTokens, concurrency }: ClosedLoad,
): number {
  const fit = Math.floor(kvBlocks / ((promptTokens + outputTokens / 2) / blockTokens + sequenceBlocks));
  return Math.max(1, Math.min(concurrency, fit, maxSequences));
}

function tpotS(
  cost: CostModel,
  { maxBatchedTokens }: EngineProfile,
  sequences: number,
  { promptTokens, outputTokens }: ClosedLoad,
): number {
  const context = promptTokens + outputTokens / 2;
  const decodeS = stepS(cost, sequences, context, null);
  const chunks = Math.ceil(promptTokens / Math.max(1, maxBatchedTokens - sequences));
  let addedS = 0;
  for (let c = 0; c < chunks; c++) {
    const tokens = Math.round(promptTokens / chunks);
    addedS +=
      stepS(cost, sequences, context, { tokens, before: c * tokens, last: c === chunks - 1 }) - decodeS;
  }
  // While one request makes its tokens, each of the others comes once.
  return decodeS + ((sequences - 1) / outputTokens) * addedS;
}

interface Chunk {
  readonly tokens: number;
  readonly before: number;
  readonly last: boolean;
}

function stepS(cost: CostModel, sequences: number, context: number, chunk: Chunk | null): number {
  const work = new StepWork(0, 0);
  const decoding = chunk === null ? sequences : Math.max(1, sequences - 1);
  work.addRounds(decoding, decoding * context, PLAIN);
  if (chunk !== null) {
    const { tokens, before, last } = chunk;
    work.prefill.sequences = 1;
    work.prefill.tokens = tokens;
    work.prefill.contextTokens = before + tokens;
    work.prefill.attentionPairs = tokens * before + (tokens * (tokens + 1)) / 2;
    work.prefill.logitRows = last ? 1 : 0;
  }
  const parts = noSeconds();
  cost.priceStep(work, parts);
  return parts.draftS + parts.verifyS + parts.prefillS + parts.samplingS + parts.overheadS;
}
