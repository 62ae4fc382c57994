/**
 * The rounds of requests that run alone, each replayed once and tallied by what it asks of the machine, so that any
 * batch size and machine is priced from the tallies (static-batch.ts).
 */

import { wider } from '../columns.ts';
import { type StepWork, Verified } from '../cost/work.ts';
import type { Drafter } from '../drafter/drafter.ts';
import type { ToldColumns, ToldRounds } from '../drafter/told-rounds.ts';
import { once } from '../memo.ts';
import type { Workload } from './engine.ts';
import { emittedBy } from './round-by-round.ts';
import { RoundKinds } from './round-kinds.ts';

/** Every round of every request, whether replayed or plain: one class, for which prices are compiled once. */
export class ReplayedRounds implements Tallies {
  readonly kinds: RoundKinds;
  /** By request: tokens emitted by all rounds. */
  readonly emitted: Int32Array;
  /** Those of request r are elements `firstRound[r]` to `firstRound[r + 1]`. */
  readonly firstRound: Int32Array;
  /** By round, in order: index into `kinds`. */
  readonly kind: Uint16Array;
  /** Tallies of request r, one for each kind of round that it has, are elements `firstTally[r]` to `firstTally[r + 1]`. */
  readonly firstTally: Int32Array;
  readonly tallyKind: Int32Array;
  readonly tallyCount: Int32Array;
  readonly tallyContext: Float64Array;
  readonly #context: () => Int32Array;

  /** @param context made when it is asked for */
  constructor(
    { kinds, emitted, firstRound, kind }: Pick<ReplayedRounds, 'kinds' | 'emitted' | 'firstRound' | 'kind'>,
    context: () => Int32Array,
    { firstTally, tallyKind, tallyCount, tallyContext }: Tallies,
  ) {
    this.kinds = kinds;
    this.emitted = emitted;
    this.firstRound = firstRound;
    this.kind = kind;
    this.firstTally = firstTally;
    this.tallyKind = tallyKind;
    this.tallyCount = tallyCount;
    this.tallyContext = tallyContext;
    this.#context = context;
  }

  /** By round, in order: tokens of prompt and output at which it starts. */
  get context(): Int32Array {
    return this.#context();
  }
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
  { promptTokens, outputTokens }: Workload,
  drafter: Drafter,
  draftModels: number,
  batch = 1,
): ReplayedRounds {
  const requests = outputTokens.length;
  const columns = new RoundColumns(outputTokens, draftModels, drafter.most);
  const emitted = new Int32Array(requests);
  const firstRound = new Int32Array(requests + 1);
  const { told } = drafter;
  for (let r = 0; r < requests; r++) {
    const prompt = promptTokens[r]!;
    const output = outputTokens[r]!;
    if (told === undefined) emitted[r] = columns.replay(drafter, r, prompt, output, batch);
    else emitted[r] = columns.addTold(told, told.tell(r, output, columns.told), prompt);
    firstRound[r + 1] = columns.length;
  }
  const { kinds, length } = columns;
  const kind = columns.kind.slice(0, length);
  const context = columns.context.slice(0, length);
  return new ReplayedRounds(
    { kinds, emitted, firstRound, kind },
    () => context,
    tallied(kinds, firstRound, kind, context),
  );
}

/** Numbers of told rounds whose kind is kept; of others, which are rare, it is found anew. */
const MOST_NUMBERS = 2 ** 18;

/** Columns of one replay after the other, since fresh memory takes as long to get as to fill. */
const ROOM = { kind: new Uint16Array(0), context: new Int32Array(0) };

/** The rounds so far. A request is a call, as V8 keeps what it has compiled of a function and not of a loop. */
class RoundColumns {
  readonly kinds: RoundKinds;
  readonly kind: Uint16Array;
  readonly context: Int32Array;
  length = 0;
  /** Rounds of one request, before they are added. */
  readonly told: ToldColumns;
  readonly #work: StepWork;
  /** Of rounds that are told: by their number, index of the kind plus one, 0 where none was met. */
  #kindOf = new Int32Array(16);

  constructor(outputTokens: Int32Array, draftModels: number, most: Verified) {
    let rounds = 0;
    let longest = 0;
    for (const tokens of outputTokens) {
      rounds += tokens;
      if (tokens > longest) longest = tokens;
    }
    this.kinds = new RoundKinds(draftModels, most);
    if (ROOM.kind.length < rounds) {
      ROOM.kind = new Uint16Array(rounds);
      ROOM.context = new Int32Array(rounds);
    }
    this.kind = ROOM.kind;
    this.context = ROOM.context;
    this.told = { number: new Float64Array(longest), emitted: new Uint8Array(longest) };
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

  /**
   * The same of rounds that are told by a number. Who tells them is not asked from here, so that V8 compiles this once.
   *
   * @param rounds how many stand in `told`
   */
  addTold(told: ToldRounds, rounds: number, promptTokens: number): number {
    const { kinds, kind, context } = this;
    const { number, emitted } = this.told;
    let position = 1;
    let at = this.length;
    for (let i = 0; i < rounds; i++, at++) {
      const tokens = promptTokens + position;
      const what = number[i]!;
      const own = what < this.#kindOf.length ? this.#kindOf[what]! - 1 : -1;
      if (own < 0) kind[at] = this.#kindAt(told, what, tokens);
      else {
        kinds.meet(own, tokens);
        kind[at] = own;
      }
      context[at] = tokens;
      position += emitted[i]!;
    }
    this.length = at;
    return position - 1;
  }

  #kindAt(told: ToldRounds, number: number, context: number): number {
    const work = this.#work;
    work.clear();
    told.state(number, context, work);
    const own = this.kinds.of(told.verified, work, context);
    if (number < MOST_NUMBERS) {
      while (number >= this.#kindOf.length) this.#kindOf = wider(this.#kindOf);
      this.#kindOf[number] = own + 1;
    }
    return own;
  }
}

/** Counts the rounds of each request by kind. */
function tallied(kinds: RoundKinds, firstRound: Int32Array, kind: Uint16Array, context: Int32Array): Tallies {
  const requests = firstRound.length - 1;
  const tally = new TallyColumns(kinds.length);
  const firstTally = new Int32Array(requests + 1);
  for (let r = 0; r < requests; r++) {
    tally.add(kind, context, firstRound[r]!, firstRound[r + 1]!);
    firstTally[r + 1] = tally.length;
  }
  return { firstTally, tallyKind: tally.kind, tallyCount: tally.count, tallyContext: tally.context };
}

class TallyColumns {
  kind = new Int32Array(16);
  count = new Int32Array(16);
  context = new Float64Array(16);
  length = 0;
  /** By kind: where its tally of this request is, plus one; 0 where it has none. */
  readonly #place: Int32Array;

  constructor(kinds: number) {
    this.#place = new Int32Array(kinds);
  }

  /** Counts the rounds of one request. */
  add(kind: Uint16Array, context: Int32Array, from: number, upTo: number): void {
    const first = this.length;
    const place = this.#place;
    let { count, context: sums } = this;
    for (let i = from; i < upTo; i++) {
      const own = kind[i]!;
      if (place[own] === 0) {
        place[own] = this.#begin(own) + 1;
        ({ count, context: sums } = this);
      }
      const at = place[own]! - 1;
      count[at]!++;
      sums[at]! += context[i]!;
    }
    for (let at = first; at < this.length; at++) place[this.kind[at]!] = 0;
  }

  #begin(kind: number): number {
    if (this.length === this.kind.length) {
      this.kind = wider(this.kind);
      this.count = wider(this.count);
      this.context = wider(this.context);
    }
    this.kind[this.length] = kind;
    return this.length++;
  }
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
  const kind = new Uint16Array(firstRound[requests]!);
  // Contexts are wanted of prices that bend alone.
  return new ReplayedRounds(
    { kinds, emitted, firstRound, kind },
    once(() => plainContext(promptTokens, firstRound)),
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
