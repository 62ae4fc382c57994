/**
 * The rounds of requests that run alone, each replayed once and tallied by what it asks of the machine, so that any
 * batch size and machine is priced from the tallies (static-batch.ts).
 */

import { type StepWork, Verified } from '../cost/work.ts';
import type { Drafter } from '../drafter/drafter.ts';
import type { ToldRounds } from '../drafter/told-rounds.ts';
import { once } from '../memo.ts';
import type { Workload } from './engine.ts';
import { emittedBy } from './round-by-round.ts';
import { RoundKinds } from './round-kinds.ts';
import { TallyColumns } from './tally-columns.ts';
import { ToldTallies } from './told-tallies.ts';

/** Every round of every request, whether replayed or plain: one class, for which prices are compiled once. */
export class ReplayedRounds implements Tallies {
  readonly kinds: RoundKinds;
  /** By request: tokens emitted by all rounds. */
  readonly emitted: Int32Array;
  /** Those of request r are elements `firstRound[r]` to `firstRound[r + 1]`. */
  readonly firstRound: Int32Array;
  /** Tallies of request r, one for each kind of round that it has, are elements `firstTally[r]` to `firstTally[r + 1]`. */
  readonly firstTally: Int32Array;
  readonly tallyKind: Int32Array;
  readonly tallyCount: Int32Array;
  readonly tallyContext: Float64Array;
  readonly #each: () => EachRound;

  /** @param each made when it is asked for */
  constructor(
    { kinds, emitted, firstRound }: Pick<ReplayedRounds, 'kinds' | 'emitted' | 'firstRound'>,
    each: () => EachRound,
    { firstTally, tallyKind, tallyCount, tallyContext }: Tallies,
  ) {
    this.kinds = kinds;
    this.emitted = emitted;
    this.firstRound = firstRound;
    this.firstTally = firstTally;
    this.tallyKind = tallyKind;
    this.tallyCount = tallyCount;
    this.tallyContext = tallyContext;
    this.#each = each;
  }

  get kind(): Uint16Array {
    return this.#each().kind;
  }

  get context(): Int32Array {
    return this.#each().context;
  }
}

/** By round, in order. Prices that bend and explanations want it, all else goes by tallies. */
interface EachRound {
  /** Index into `kinds`. */
  readonly kind: Uint16Array;
  /** Tokens of prompt and output at which it starts. */
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
 * @param batch what the drafter is told of its size
 */
export function replayRounds(
  workload: Workload,
  drafter: Drafter,
  draftModels: number,
  batch = 1,
): ReplayedRounds {
  const { promptTokens, outputTokens } = workload;
  const { told, most } = drafter;
  if (told !== undefined) return replayTold(workload, told, new RoundKinds(draftModels, most));
  const requests = outputTokens.length;
  const columns = new RoundColumns(outputTokens, draftModels, most);
  const emitted = new Int32Array(requests);
  const firstRound = new Int32Array(requests + 1);
  for (let r = 0; r < requests; r++) {
    emitted[r] = columns.replay(drafter, r, promptTokens[r]!, outputTokens[r]!, batch);
    firstRound[r + 1] = columns.length;
  }
  const { kinds, length } = columns;
  const each = { kind: columns.kind.slice(0, length), context: columns.context.slice(0, length) };
  return new ReplayedRounds({ kinds, emitted, firstRound }, () => each, tallied(kinds, firstRound, each));
}

/** The same of rounds that are told by a number: tallied as they are told, and told again where each is asked for. */
function replayTold(workload: Workload, told: ToldRounds, kinds: RoundKinds): ReplayedRounds {
  const { promptTokens, outputTokens } = workload;
  const requests = outputTokens.length;
  const emitted = new Int32Array(requests);
  const firstRound = new Int32Array(requests + 1);
  const firstTally = new Int32Array(requests + 1);
  const longest = outputTokens.reduce((most, tokens) => Math.max(most, tokens), 0);
  const counted = new ToldTallies(told, kinds, longest);
  const { columns, tallies } = counted;
  for (let r = 0; r < requests; r++) {
    const rounds = told.tell(r, outputTokens[r]!, columns);
    emitted[r] = counted.add(rounds, promptTokens[r]!);
    firstRound[r + 1] = firstRound[r]! + rounds;
    firstTally[r + 1] = tallies.length;
  }
  return new ReplayedRounds(
    { kinds, emitted, firstRound },
    once(() => {
      const kind = new Uint16Array(firstRound[requests]!);
      const context = new Int32Array(kind.length);
      for (let r = 0; r < requests; r++) {
        const rounds = told.tell(r, outputTokens[r]!, columns);
        counted.write(rounds, promptTokens[r]!, firstRound[r]!, kind, context);
      }
      return { kind, context };
    }),
    { firstTally, tallyKind: tallies.kind, tallyCount: tallies.count, tallyContext: tallies.context },
  );
}

/** Columns of one replay after the other, since fresh memory takes as long to get as to fill. */
const ROOM = { kind: new Uint16Array(0), context: new Int32Array(0) };

/** The rounds so far. A request is a call, as V8 keeps what it has compiled of a function and not of a loop. */
class RoundColumns {
  readonly kinds: RoundKinds;
  readonly kind: Uint16Array;
  readonly context: Int32Array;
  length = 0;
  readonly #work: StepWork;

  constructor(outputTokens: Int32Array, draftModels: number, most: Verified) {
    const rounds = outputTokens.reduce((sum, tokens) => sum + tokens, 0);
    this.kinds = new RoundKinds(draftModels, most);
    if (ROOM.kind.length < rounds) {
      ROOM.kind = new Uint16Array(rounds);
      ROOM.context = new Int32Array(rounds);
    }
    this.kind = ROOM.kind;
    this.context = ROOM.context;
    this.#work = this.kinds.work();
  }

  /** @returns tokens that its rounds emit */
  replay(
    drafter: Drafter,
    request: number,
    promptTokens: number,
    outputTokens: number,
    batch: number,
  ): number {
    const { kinds, kind, context } = this;
    const work = this.#work;
    let position = 1;
    let at = this.length;
    let length = -1;
    for (; position < outputTokens; at++) {
      const tokens = promptTokens + position;
      work.clearDrafting();
      drafter.stepBegins(batch, batch * tokens);
      drafter.round(request, position, outputTokens - position, tokens, work);
      const { stepLength = length } = drafter;
      if (length >= 0 && stepLength !== length) work.lengthSwitches = 1;
      length = stepLength;
      kind[at] = kinds.of(drafter.verified, work, tokens);
      context[at] = tokens;
      position += emittedBy(drafter);
    }
    this.length = at;
    return position - 1;
  }
}

/** Counts the rounds of each request by kind. */
function tallied(kinds: RoundKinds, firstRound: Int32Array, { kind, context }: EachRound): Tallies {
  const requests = firstRound.length - 1;
  const tally = new TallyColumns(kinds.length);
  const firstTally = new Int32Array(requests + 1);
  for (let r = 0; r < requests; r++) {
    tally.add(kind, context, firstRound[r]!, firstRound[r + 1]!);
    firstTally[r + 1] = tally.length;
  }
  return { firstTally, tallyKind: tally.kind, tallyCount: tally.count, tallyContext: tally.context };
}

/** The rounds of plain decoding, where every round emits one token: there is nothing to replay, and tallies are sums. */
export function plainRounds({ promptTokens, outputTokens }: Workload): ReplayedRounds {
  const requests = outputTokens.length;
  const emitted = outputTokens.map((tokens) => Math.max(0, tokens - 1));
  const firstRound = new Int32Array(requests + 1);
  const firstTally = new Int32Array(requests + 1);
  const tallyCount = new Int32Array(requests);
  const tallyContext = new Float64Array(requests);
  const verified = new Verified();
  const kinds = new RoundKinds(0, verified);
  for (let r = 0; r < requests; r++) {
    const rounds = emitted[r]!;
    firstRound[r + 1] = firstRound[r]! + rounds;
    const tally = firstTally[r]!;
    firstTally[r + 1] = tally + (rounds > 0 ? 1 : 0);
    if (rounds === 0) continue;
    const least = promptTokens[r]! + 1;
    if (kinds.length === 0) kinds.of(verified, kinds.work(), least);
    kinds.meet(0, least);
    kinds.meet(0, least + rounds - 1);
    tallyCount[tally] = rounds;
    tallyContext[tally] = rounds * least + (rounds * (rounds - 1)) / 2;
  }
  return new ReplayedRounds(
    { kinds, emitted, firstRound },
    once(() => ({
      kind: new Uint16Array(firstRound[requests]!),
      context: plainContext(promptTokens, firstRound),
    })),
    { firstTally, tallyKind: new Int32Array(requests), tallyCount, tallyContext },
  );
}

function plainContext(promptTokens: Int32Array, firstRound: Int32Array): Int32Array {
  const requests = firstRound.length - 1;
  const context = new Int32Array(firstRound[requests]!);
  for (let r = 0; r < requests; r++) {
    const first = firstRound[r]!;
    for (let i = first; i < firstRound[r + 1]!; i++) context[i] = promptTokens[r]! + 1 + i - first;
  }
  return context;
}
