/**
 * The true optimum of one or two proposers: at every position the proposer and the length that make the request end
 * soonest, all prices known. It is found by a dynamic program over the recorded lengths. Where drafting or verifying
 * is dear it drafts less than would be accepted, so that it is at least as fast as the oracles and every fixed k.
 *
 * A state is an output position, what each model has not read yet and who drafted last. Of two ways to a position the
 * one that is no faster, by the price of a switch where the last drafters differ, and has no less left to read is
 * dropped, which is exact where reading more never costs less and a switch costs the same wherever it is. Drafts that
 * will be rejected are never made: that a pass in vain costs more than reading its token later is taken for granted.
 *
 * Left out: batches whose sequences differ, in which there is no best of each alone.
 */
import { type CostModel, noSeconds, StepWork, totalSeconds, Verified } from '../cost/work.ts';
import type { Choice } from './choice.ts';
import { type Drafter, mostVerified } from './drafter.ts';
import { Paths } from './paths.ts';
import { StepLines } from './step-lines.ts';
import { Turns } from './turns.ts';

/** Who drafts in a step: nobody, the first or the second. */
const KINDS = 3;

/** What the model of a choice reads when it drafts: nothing, as it is a look-up; what it has not read; all emitted. */
const NOTHING = 0;
const UNREAD = 1;
const EMITTED = 2;

export class Best implements Drafter {
  readonly #choices: readonly Choice[];
  /** What the model of each choice reads in a round in which it drafts. */
  readonly #reads = new Uint8Array(2);
  readonly #cost: CostModel;
  readonly #work: StepWork;
  readonly #weighed = new Verified();
  readonly #price = noSeconds();
  readonly #lines: StepLines;
  readonly #paths = new Paths();
  readonly #turns: Turns;
  /** By tokens that a model drafts: seconds of the fastest way so far, and which it goes on from. */
  readonly #least: Float64Array;
  readonly #fastest: Int32Array;
  #sequences = 1;
  /** Of the request that runs, by position: who drafts, and how many tokens. */
  #choice = new Int8Array(0);
  #length = new Uint8Array(0);
  readonly most: Verified;
  readonly verified = new Verified();
  emitted = 0;

  /** @param choices their replays answer with exact lengths */
  constructor(choices: readonly Choice[], cost: CostModel, requests: number) {
    this.#choices = choices;
    for (const [c, { part }] of choices.entries())
      if (part.model !== undefined) this.#reads[c] = part.model.catchUp === 'unread only' ? UNREAD : EMITTED;
    const models = choices.filter(({ model }) => model !== null).length;
    this.#cost = cost;
    this.#turns = new Turns(requests);
    this.most = mostVerified(choices.map(({ proposer }) => proposer));
    this.#least = new Float64Array(this.most.drafted + 1).fill(Number.POSITIVE_INFINITY);
    this.#fastest = new Int32Array(this.most.drafted + 1);
    this.#work = new StepWork(models, this.most.drafted);
    this.#lines = new StepLines((kind, context) => {
      const drafted = Math.floor(kind / KINDS) % (this.most.drafted + 1);
      const unread = Math.floor(kind / KINDS / (this.most.drafted + 1));
      return this.#priceS((kind % KINDS) - 1, drafted, context, unread);
    });
  }

  stepBegins(sequences: number): void {
    if (sequences !== this.#sequences) this.#lines.clear();
    this.#sequences = sequences;
  }

  /** A request is planned in its first round, and runs to its end before the next begins. */
  round(request: number, position: number, left: number, context: number, work: StepWork): void {
    if (position === 1) this.#plan(request, left, context);
    const chosen = this.#choice[position]!;
    const drafted = this.#length[position]!;
    this.#verify(chosen, drafted, this.verified);
    this.emitted = drafted + 1;
    if (chosen >= 0) this.#turns.take(request, position, chosen, work);
    for (const [c, { proposer }] of this.#choices.entries()) {
      const runs = c === chosen;
      proposer.replay.round(request, position, left, runs ? drafted : 0);
      if (runs) proposer.draft(request, position, context, work);
      proposer.see(request, position, this.emitted, runs);
    }
  }

  sitOut(request: number, position: number): void {
    for (const { proposer } of this.#choices) proposer.see(request, position, 1, false);
  }

  reread(request: number): void {
    for (const { proposer } of this.#choices) proposer.reread(request);
  }

  #plan(request: number, left: number, context: number): void {
    const end = 1 + left;
    const paths = this.#paths;
    paths.switchS = this.#priceOfSwitchS(context);
    this.#lines.cover(context, context + left);
    paths.clear(end);
    // Nothing is there but the first token, which nobody has read.
    paths.seconds[0] = 0;
    paths.addNext(1, this.#reads[0] === NOTHING ? 0 : 1, this.#reads[1] === NOTHING ? 0 : 1, -1, -1, 0, -1);
    for (let position = 1; position < end; position++) {
      const at = context + position - 1;
      this.#goOn(position, -1, 0, at);
      for (let choice = 0; choice < this.#choices.length; choice++) {
        const { replay } = this.#choices[choice]!.proposer;
        const emitted = replay.emittedBy(request, position, end - position, replay.longest);
        if (this.#reads[choice] !== NOTHING) this.#goOnReading(position, choice, emitted - 1, at);
        else for (let drafted = 1; drafted < emitted; drafted++) this.#goOn(position, choice, drafted, at);
      }
    }
    this.#choice = new Int8Array(end);
    this.#length = new Uint8Array(end);
    const { first, seconds, beside, before, from, choice } = paths;
    let path = first[end]!;
    for (let one = beside[path]!; one >= 0; one = beside[one]!)
      if (seconds[one]! < seconds[path]!) path = one;
    for (let to = end; before[path]! >= 0; path = before[path]!) {
      const start = from[path]!;
      this.#choice[start] = choice[path]!;
      this.#length[start] = to - start - 1;
      to = start;
    }
  }

  /** Adds the ways that go on from all ways to a position where no model drafts, which takes as long for all. */
  #goOn(from: number, choice: number, drafted: number, context: number): void {
    const paths = this.#paths;
    const lines = this.#lines;
    const { beside, seconds, firstUnread, secondUnread, last, switchS } = paths;
    const kind = drafted * KINDS + choice + 1;
    lines.know(kind, context);
    const stepS = lines.atZeroS[kind]! + context * lines.perTokenS[kind]!;
    const moreFirst = this.#reads[0] === NOTHING ? 0 : drafted + 1;
    const moreSecond = this.#reads[1] === NOTHING ? 0 : drafted + 1;
    for (let path = paths.first[from]!; path >= 0; path = beside[path]!) {
      const before = last[path]!;
      const switched = choice >= 0 && 1 - before === choice;
      paths.seconds[paths.next] = seconds[path]! + stepS + (switched ? switchS : 0);
      const first = firstUnread[path]! + moreFirst;
      const second = secondUnread[path]! + moreSecond;
      paths.addNext(from + drafted + 1, first, second, choice < 0 ? before : choice, path, from, choice);
    }
  }

  /**
   * Adds those where a model drafts, any number of tokens up to the most. A model that is alone has read the same after
   * drafting, whatever it had not read before, so that only the fastest of them matters.
   */
  #goOnReading(from: number, choice: number, most: number, context: number): void {
    const paths = this.#paths;
    const lines = this.#lines;
    const least = this.#least;
    const { beside, seconds, last, switchS } = paths;
    const unread = choice === 0 ? paths.firstUnread : paths.secondUnread;
    const perUnread = (this.most.drafted + 1) * KINDS;
    const alone = this.#work.drafts.length === 1;
    for (let path = paths.first[from]!; path >= 0; path = beside[path]!) {
      const beforeS = seconds[path]!;
      const switchedS = 1 - last[path]! === choice ? switchS : 0;
      let kind = unread[path]! * perUnread + choice + 1;
      for (let drafted = 1; drafted <= most; drafted++) {
        kind += KINDS;
        lines.know(kind, context);
        const endS = beforeS + (lines.atZeroS[kind]! + context * lines.perTokenS[kind]!) + switchedS;
        if (endS < least[drafted]!) {
          least[drafted] = endS;
          this.#fastest[drafted] = path;
        }
      }
      if (!alone) this.#addFastest(from, choice, most);
    }
    if (alone) this.#addFastest(from, choice, most);
  }

  /** Adds the fastest way of each length, and forgets it. */
  #addFastest(from: number, choice: number, most: number): void {
    const paths = this.#paths;
    const least = this.#least;
    for (let drafted = 1; drafted <= most; drafted++) {
      const path = this.#fastest[drafted]!;
      paths.seconds[paths.next] = least[drafted]!;
      least[drafted] = Number.POSITIVE_INFINITY;
      const first = this.#unread(0, paths.firstUnread[path]!, choice, drafted);
      const second = this.#unread(1, paths.secondUnread[path]!, choice, drafted);
      paths.addNext(from + drafted + 1, first, second, choice, path, from, choice);
    }
  }

  /** What a choice's model has not read after a round in which a model drafts. */
  #unread(c: number, before: number, choice: number, drafted: number): number {
    const reads = this.#reads[c]!;
    if (reads === NOTHING) return 0;
    if (c !== choice) return before + drafted + 1;
    return reads === UNREAD ? 2 : drafted + 1;
  }

  /** What a switch adds to a step. */
  #priceOfSwitchS(context: number): number {
    const drafted = this.#choices.findIndex(({ part }) => part.model === undefined);
    const withoutS = this.#priceS(drafted, 1, context, 1);
    return this.#priceS(drafted, 1, context, 1, this.#sequences) - withoutS;
  }

  /** A round in which nobody drafts is the same of any. */
  #verify(choice: number, drafted: number, verified: Verified): void {
    this.#choices[Math.max(choice, 0)]!.proposer.verify(drafted, verified);
  }

  #priceS(choice: number, drafted: number, context: number, unread: number, switches = 0): number {
    const sequences = this.#sequences;
    const work = this.#work;
    work.clear();
    work.switches = switches;
    this.#verify(choice, drafted, this.#weighed);
    work.addRounds(sequences, sequences * context, this.#weighed);
    if (choice >= 0) {
      const { model } = this.#choices[choice]!;
      if (model !== null) {
        model.draftAll(sequences, drafted, sequences * context, sequences * unread, work);
      } else {
        work.searches = sequences;
        work.searchHits = sequences;
      }
    }
    this.#cost.priceStep(work, this.#price);
    return totalSeconds(this.#price);
  }
}
