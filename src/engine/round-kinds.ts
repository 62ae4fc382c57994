/**
 * What sequences state in a round, context apart. Rounds of a kind differ in their context alone, so that a line
 * through two prices gives the price of them all (batch-prices.ts).
 */

import { wider } from '../columns.ts';
import { StepWork, Verified } from '../cost/work.ts';

/** Columns of a kind before those of its draft models, of which each has two. */
const OWN_COLUMNS = 9;

/** An index is kept in 16 bits. */
const MOST_KINDS = 2 ** 16;

/** Every kind that was met, by its index; found by a hash table, since one is looked up in every round of a replay. */
export class RoundKinds {
  length = 0;
  /** Tokens of prompt and output at which rounds of a kind start, least and greatest. */
  leastContext = new Int32Array(8);
  greatestContext = new Int32Array(8);
  /** No round exceeds it. */
  readonly most: Verified;
  readonly #verified = new Verified();
  readonly #draftModels: number;
  readonly #columns: number;
  /**
   * Drafted, queries, keys and pairs of what is verified, searches, search hits, switches, trees, switches of length; of each draft model the
   * tokens it drafts (0: it does not run) and reads first.
   */
  #values: Float64Array;
  /** Of each draft model, whatever the kind. */
  readonly #widths: (Float64Array | null)[] = [];
  #hash = new Int32Array(8);
  /** Index of a kind plus one, 0 where empty; where two kinds meet, the later takes the next empty place. */
  #table = new Int32Array(256);

  constructor(draftModels: number, most: Verified) {
    this.most = most;
    this.#draftModels = draftModels;
    this.#columns = OWN_COLUMNS + 2 * draftModels;
    this.#values = new Float64Array(8 * this.#columns);
  }

  /** Tokens that rounds of this kind draft. */
  drafted(kind: number): number {
    return this.#values[kind * this.#columns]!;
  }

  /** Tokens that rounds of this kind verify. */
  queries(kind: number): number {
    return this.#values[kind * this.#columns + 1]!;
  }

  /** Work that holds a round of any kind. */
  work(): StepWork {
    return new StepWork(this.#draftModels, this.most.drafted);
  }

  /** The kind of a round that starts at `context`; makes one where there is none. */
  of(verified: Verified, work: StepWork, context: number): number {
    const mask = this.#table.length - 1;
    let at = hashOf(verified, work) & mask;
    for (; this.#table[at] !== 0; at = (at + 1) & mask) {
      const kind = this.#table[at]! - 1;
      if (!this.#is(kind, verified, work)) continue;
      this.meet(kind, context);
      return kind;
    }
    return this.#add(at, verified, work, context);
  }

  /** Notes a round of a kind that starts at `context`. */
  meet(kind: number, context: number): void {
    if (context < this.leastContext[kind]!) this.leastContext[kind] = context;
    if (context > this.greatestContext[kind]!) this.greatestContext[kind] = context;
  }

  /**
   * States to `work` a step in which `sequences` sequences with `context` tokens each do a round of this kind.
   *
   * @returns what each verifies
   */
  state(kind: number, sequences: number, context: number, work: StepWork): Verified {
    let at = kind * this.#columns;
    const values = this.#values;
    this.#verified.set(values[at]!, values[at + 1]!, values[at + 2]!, values[at + 3]!);
    work.clear();
    work.addRounds(sequences, sequences * context, this.#verified);
    work.searches = sequences * values[at + 4]!;
    work.searchHits = sequences * values[at + 5]!;
    work.switches = sequences * values[at + 6]!;
    work.trees = sequences * values[at + 7]!;
    work.lengthSwitches = values[at + 8]!;
    at += OWN_COLUMNS;
    for (let d = 0; d < this.#draftModels; d++, at += 2) {
      const draft = work.drafts[d]!;
      draft.widths = this.#widths[d] ?? null;
      if (values[at]! > 0) draft.add(sequences, values[at]!, context, values[at + 1]!);
    }
    return this.#verified;
  }

  #is(
    kind: number,
    verified: Verified,
    { searches, searchHits, switches, trees, lengthSwitches, drafts }: StepWork,
  ): boolean {
    let at = kind * this.#columns;
    const values = this.#values;
    if (values[at] !== verified.drafted || values[at + 1] !== verified.queries) return false;
    if (values[at + 2] !== verified.keys || values[at + 3] !== verified.pairs) return false;
    if (values[at + 4] !== searches || values[at + 5] !== searchHits || values[at + 6] !== switches)
      return false;
    if (values[at + 7] !== trees || values[at + 8] !== lengthSwitches) return false;
    at += OWN_COLUMNS;
    for (let d = 0; d < drafts.length; d++, at += 2) {
      if (values[at] !== drafts[d]!.longest || values[at + 1] !== drafts[d]!.catchUpTokens) return false;
    }
    return true;
  }

  #add(place: number, verified: Verified, work: StepWork, context: number): number {
    if (this.length === MOST_KINDS) throw new Error('more kinds of rounds than an index holds');
    const kind = this.length++;
    if (kind === this.leastContext.length) {
      this.leastContext = wider(this.leastContext);
      this.greatestContext = wider(this.greatestContext);
      this.#hash = wider(this.#hash);
      this.#values = wider(this.#values);
    }
    const { searches, searchHits, switches, trees, lengthSwitches, drafts } = work;
    const { drafted, queries, keys, pairs } = verified;
    const own = [drafted, queries, keys, pairs, searches, searchHits, switches, trees, lengthSwitches];
    let column = kind * this.#columns;
    for (let i = 0; i < OWN_COLUMNS; i++) this.#values[column++] = own[i]!;
    for (let d = 0; d < drafts.length; d++) {
      const { longest, catchUpTokens, widths } = drafts[d]!;
      this.#values[column++] = longest;
      this.#values[column++] = catchUpTokens;
      this.#widths[d] = widths ?? this.#widths[d] ?? null;
    }
    this.#hash[kind] = hashOf(verified, work);
    this.leastContext[kind] = context;
    this.greatestContext[kind] = context;
    this.#table[place] = this.length;
    if (2 * this.length > this.#table.length) this.#widenTable();
    return kind;
  }

  #widenTable(): void {
    const table = new Int32Array(2 * this.#table.length);
    const mask = table.length - 1;
    for (let kind = 0; kind < this.length; kind++) {
      let at = this.#hash[kind]! & mask;
      while (table[at] !== 0) at = (at + 1) & mask;
      table[at] = kind + 1;
    }
    this.#table = table;
  }
}

function hashOf({ queries, pairs }: Verified, { searchHits, switches, drafts }: StepWork): number {
  let hash = (queries + 512 * searchHits + 1024 * switches + 2048 * pairs) | 0;
  for (let d = 0; d < drafts.length; d++) {
    hash = (Math.imul(hash, 31) + 64 * drafts[d]!.longest + drafts[d]!.catchUpTokens) | 0;
  }
  return Math.imul(hash, 0x9e3779b1) >>> 8;
}
