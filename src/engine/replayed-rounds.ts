/**
 * The rounds of requests that run alone, each replayed once and tallied by what it asks of the machine, so that any
 * batch size and machine is priced from the tallies (static-batch.ts).
 */
import { StepWork } from '../cost/work.ts';
import type { Drafter } from '../drafter/drafter.ts';
import type { Workload } from './engine.ts';
import { RoundKinds } from './round-kinds.ts';

/**
 * Every round of every request. Those of request r are elements `firstRound[r]` to `firstRound[r + 1]`; its tallies,
 * one for each kind of round that it has, elements `firstTally[r]` to `firstTally[r + 1]`.
 */
export interface ReplayedRounds extends Tallies {
  readonly kinds: RoundKinds;
  /** By request: tokens emitted by all rounds. */
  readonly emitted: Int32Array;
  readonly firstRound: Int32Array;
  /** By round, in order: index into `kinds`, and tokens of prompt and output at which it starts. */
  readonly kind: Uint16Array;
  readonly context: Int32Array;
}

/** By tally: index into `kinds`, how many rounds, and the tokens at which they start, summed. */
interface Tallies {
  readonly firstTally: Int32Array;
  readonly tallyKind: Int32Array;
  readonly tallyCount: Int32Array;
  readonly tallyContext: Float64Array;
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
): ReplayedRounds {
  const requests = outputTokens.length;
  const most = outputTokens.reduce((sum, tokens) => sum + tokens, 0);
  const kindAt = new Uint16Array(most);
  const contextAt = new Int32Array(most);
  const kinds = new RoundKinds(draftModels);
  const work = new StepWork(draftModels, maxK);
  const emitted = new Int32Array(requests);
  const firstRound = new Int32Array(requests + 1);
  let at = 0;
  for (let r = 0; r < requests; r++) {
    const length = outputTokens[r]!;
    const prompt = promptTokens[r]!;
    let position = 1;
    for (; position < length; at++) {
      const context = prompt + position;
      work.clearDrafting();
      drafter.stepBegins(copies, copies * context);
      drafter.round(r, position, length - position, 1, context, work);
      kindAt[at] = kinds.of(drafter.drafted, work, context);
      contextAt[at] = context;
      position += drafter.emitted;
    }
    emitted[r] = position - 1;
    firstRound[r + 1] = at;
  }
  const rounds = {
    kinds,
    emitted,
    firstRound,
    kind: kindAt.slice(0, at),
    context: contextAt.slice(0, at),
  };
  return { ...rounds, ...tallied(rounds) };
}

/** Counts the rounds of each request by kind. */
function tallied({ kinds, firstRound, kind, context }: Omit<ReplayedRounds, keyof Tallies>): Tallies {
  const count = new Int32Array(kinds.length);
  const sum = new Float64Array(kinds.length);
  const firstTally = new Int32Array(firstRound.length);
  const tallyKind: number[] = [];
  const tallyCount: number[] = [];
  const tallyContext: number[] = [];
  for (let r = 0; r + 1 < firstRound.length; r++) {
    for (let i = firstRound[r]!; i < firstRound[r + 1]!; i++) {
      const own = kind[i]!;
      if (count[own]!++ === 0) tallyKind.push(own);
      sum[own]! += context[i]!;
    }
    for (let t = tallyCount.length; t < tallyKind.length; t++) {
      const own = tallyKind[t]!;
      tallyCount.push(count[own]!);
      tallyContext.push(sum[own]!);
      count[own] = 0;
      sum[own] = 0;
    }
    firstTally[r + 1] = tallyKind.length;
  }
  return {
    firstTally,
    tallyKind: Int32Array.from(tallyKind),
    tallyCount: Int32Array.from(tallyCount),
    tallyContext: Float64Array.from(tallyContext),
  };
}

/** The rounds of plain decoding, where every round emits one token: there is nothing to replay. */
export function plainRounds({ promptTokens, outputTokens }: Workload): ReplayedRounds {
  const requests = outputTokens.length;
  const emitted = outputTokens.map((tokens) => Math.max(0, tokens - 1));
  const firstRound = new Int32Array(requests + 1);
  for (let r = 0; r < requests; r++) firstRound[r + 1] = firstRound[r]! + emitted[r]!;
  const context = new Int32Array(firstRound[requests]!);
  const kinds = new RoundKinds(0);
  const work = new StepWork(0, 0);
  for (let r = 0, at = 0; r < requests; r++) {
    const least = promptTokens[r]! + 1;
    for (let i = 0; i < emitted[r]!; i++) context[at++] = least + i;
    if (emitted[r] === 0) continue;
    kinds.of(0, work, least);
    kinds.of(0, work, least + emitted[r]! - 1);
  }
  const rounds = { kinds, emitted, firstRound, kind: new Uint16Array(context.length), context };
  return { ...rounds, ...tallied(rounds) };
}
