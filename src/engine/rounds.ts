/**
 * The rounds of requests that run alone, each replayed once and tallied by what it asks of the machine, so that any
 * batch size and machine is priced from the tallies (static-batch.ts).
 */
import { StepWork } from '../cost/work.ts';
import type { Drafter } from '../drafter/drafter.ts';
import type { Workload } from './engine.ts';

/** What one sequence states in a round, context apart. */
export interface RoundKind {
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

/**
 * Every round of every request. Those of request r are elements `firstRound[r]` to `firstRound[r + 1]`; its tallies,
 * one for each kind of round that it has, elements `firstTally[r]` to `firstTally[r + 1]`.
 */
export interface Rounds extends Tallies {
  readonly kinds: readonly RoundKind[];
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
): Rounds {
  const requests = outputTokens.length;
  const most = outputTokens.reduce((sum, tokens) => sum + tokens, 0);
  const kindAt = new Uint16Array(most);
  const contextAt = new Int32Array(most);
  const kinds = new RoundKinds();
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
      work.clear();
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
    kinds: kinds.all,
    emitted,
    firstRound,
    kind: kindAt.slice(0, at),
    context: contextAt.slice(0, at),
  };
  return { ...rounds, ...tallied(rounds) };
}

/** Counts the rounds of each request by kind. */
function tallied({ kinds, firstRound, kind, context }: Omit<Rounds, keyof Tallies>): Tallies {
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

/** The kinds met so far, in a hash table: it is looked up in every round of every replay. */
class RoundKinds {
  readonly all: RoundKind[] = [];
  /** Index into `all` plus one, 0 where empty; where two kinds meet, the later takes the next empty place. */
  #table = new Int32Array(256);

  of(drafted: number, work: StepWork, context: number): number {
    const { searches, searchHits, switches, drafts } = work;
    const mask = this.#table.length - 1;
    let at = hashOf(drafted, searchHits, switches, drafts) & mask;
    for (; this.#table[at] !== 0; at = (at + 1) & mask) {
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
    if (2 * this.all.length > this.#table.length) this.#grow();
    return this.all.length - 1;
  }

  #grow(): void {
    const table = new Int32Array(2 * this.#table.length);
    const mask = table.length - 1;
    this.all.forEach(({ drafted, searchHits, switches, drafts }, index) => {
      const asWork = drafts.map(({ length, catchUp }) => ({ longest: length, catchUpTokens: catchUp }));
      let at = hashOf(drafted, searchHits, switches, asWork) & mask;
      while (table[at] !== 0) at = (at + 1) & mask;
      table[at] = index + 1;
    });
    this.#table = table;
  }
}

function hashOf(
  drafted: number,
  searchHits: number,
  switches: number,
  drafts: readonly { readonly longest: number; readonly catchUpTokens: number }[],
): number {
  let hash = drafted + 512 * searchHits + 1024 * switches;
  for (let d = 0; d < drafts.length; d++) {
    hash = Math.imul(hash, 31) + 64 * drafts[d]!.longest + drafts[d]!.catchUpTokens;
  }
  return Math.imul(hash, 0x9e3779b1) >>> 8;
}

function sameDrafts({ drafts }: RoundKind, others: StepWork['drafts']): boolean {
  for (let d = 0; d < drafts.length; d++) {
    const { length, catchUp } = drafts[d]!;
    if (length !== others[d]!.longest || catchUp !== others[d]!.catchUpTokens) return false;
  }
  return true;
}
