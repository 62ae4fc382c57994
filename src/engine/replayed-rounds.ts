/**
 * The rounds of requests that run alone, each replayed once and tallied by what it asks of the machine, so that any
 * batch size and machine is priced from the tallies (static-batch.ts).
 */

import { Verified } from '../cost/work.ts';
import type { Drafter } from '../drafter/drafter.ts';
import type { ToldRounds } from '../drafter/told-rounds.ts';
import { once } from '../memo.ts';
import type { Workload } from './engine.ts';
import { emittedBy } from './round-by-round.ts';
import { RoundKinds } from './round-kinds.ts';
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
    {
      kinds,
      emitted,
      firstRound,
      firstTally,
    }: Pick<ReplayedRounds, 'kinds' | 'emitted' | 'firstRound' | 'firstTally'>,
    each: () => EachRound,
    { tallyKind, tallyCount, tallyContext }: Tallies,
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
  readonly tallyKind: Int32Array;
  readonly tallyCount: Int32Array;
  readonly tallyContext: Float64Array;
}

/**
 * Replays all requests, alone and one after the other: rounds are tallied as they are told, and told again where each of
 * them is asked for.
 *
 * @param batch what the drafter is told of its size
 */
export function replayRounds(
  { promptTokens, outputTokens }: Workload,
  drafter: Drafter,
  draftModels: number,
  batch = 1,
): ReplayedRounds {
  const requests = outputTokens.length;
  const kinds = new RoundKinds(draftModels, drafter.most);
  const told = drafter.told ?? oneByOne(drafter, promptTokens, kinds, batch);
  const longest = outputTokens.reduce((most, tokens) => Math.max(most, tokens), 0);
  const columns = { number: new Float64Array(longest), emitted: new Int32Array(longest) };
  const emitted = new Int32Array(requests);
  const firstRound = new Int32Array(requests + 1);
  const firstTally = new Int32Array(requests + 1);
  const tallies = new ToldTallies(told, kinds);
  for (let r = 0; r < requests; r++) {
    const rounds = told.tell(r, outputTokens[r]!, columns);
    emitted[r] = tallies.add(rounds, columns, promptTokens[r]!);
    firstRound[r + 1] = firstRound[r]! + rounds;
    firstTally[r + 1] = tallies.length;
  }
  const each = once(() => {
    const kind = new Uint16Array(firstRound[requests]!);
    const context = new Int32Array(kind.length);
    for (let r = 0; r < requests; r++) {
      told.tell(r, outputTokens[r]!, columns);
      let tokens = promptTokens[r]! + 1;
      for (let i = firstRound[r]!, at = 0; i < firstRound[r + 1]!; i++, at++) {
        kind[i] = tallies.kindAt(columns.number[at]!, tokens);
        context[i] = tokens;
        tokens += columns.emitted[at]!;
      }
    }
    return { kind, context };
  });
  return new ReplayedRounds({ kinds, emitted, firstRound, firstTally }, each, tallies);
}

/** Rounds of a drafter that goes through them one by one, told by their kinds; kept, as it may not do the same again. */
function oneByOne(drafter: Drafter, promptTokens: Int32Array, kinds: RoundKinds, batch: number): ToldRounds {
  const work = kinds.work();
  const known: { readonly number: Uint16Array; readonly emitted: Int32Array }[] = [];
  return {
    tell(request, outputTokens, { number, emitted }) {
      const before = known[request];
      if (before !== undefined) {
        number.set(before.number);
        emitted.set(before.emitted);
        return before.number.length;
      }
      let length = -1;
      let round = 0;
      for (let position = 1; position < outputTokens; round++) {
        const tokens = promptTokens[request]! + position;
        work.clearDrafting();
        drafter.stepBegins(batch, batch * tokens);
        drafter.round(request, position, outputTokens - position, tokens, work);
        const { stepLength = length } = drafter;
        if (length >= 0 && stepLength !== length) work.lengthSwitches = 1;
        length = stepLength;
        number[round] = kinds.of(drafter.verified, work, tokens);
        emitted[round] = emittedBy(drafter);
        position += emitted[round]!;
      }
      known[request] = {
        number: Uint16Array.from(number.subarray(0, round)),
        emitted: emitted.slice(0, round),
      };
      return round;
    },
    state: (kind, context, to) => kinds.state(kind, 1, context, to),
  };
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
    { kinds, emitted, firstRound, firstTally },
    once(() => ({
      kind: new Uint16Array(firstRound[requests]!),
      context: plainContext(promptTokens, firstRound),
    })),
    { tallyKind: new Int32Array(requests), tallyCount, tallyContext },
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
