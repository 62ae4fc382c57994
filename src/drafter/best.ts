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
import { Turns } from './turns.ts';

/** A way to get to a position. */
interface Path {
  readonly seconds: number;
  /** Tokens the model of each choice has not read; 0 for look-up. */
  readonly firstUnread: number;
  readonly secondUnread: number;
  /** Who drafted last, -1 for nobody yet. */
  readonly last: number;
  readonly before: Path | null;
  /** The round that led here: where it started, who drafted (-1 for nobody), and how many tokens. */
  readonly from: number;
  readonly choice: number;
  readonly drafted: number;
}

export class Best implements Drafter {
  readonly #choices: readonly Choice[];
  readonly #cost: CostModel;
  readonly #work: StepWork;
  readonly #weighed = new Verified();
  readonly #price = noSeconds();
  /** Seconds of the steps from the position that is looked at. */
  readonly #known = new Map<number, number>();
  readonly #turns: Turns;
  #sequences = 1;
  #switchS = 0;
  /** Of the request that runs, by position: who drafts, and how many tokens. */
  #choice = new Int8Array(0);
  #length = new Uint8Array(0);
  readonly most: Verified;
  readonly verified = new Verified();
  emitted = 0;

  /** @param choices their replays answer with exact lengths */
  constructor(choices: readonly Choice[], cost: CostModel, requests: number) {
    this.#choices = choices;
    const models = choices.filter(({ model }) => model !== null).length;
    this.#cost = cost;
    this.#turns = new Turns(requests);
    this.most = mostVerified(choices.map(({ proposer }) => proposer));
    this.#work = new StepWork(models, this.most.drafted);
  }

  stepBegins(sequences: number): void {
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
    this.#switchS = this.#priceOfSwitchS(context);
    const paths: Path[][] = Array.from({ length: end + 1 }, () => []);
    paths[1]!.push({
      seconds: 0,
      firstUnread: this.#choices[0]!.part.model === undefined ? 0 : 1,
      secondUnread: this.#choices[1]?.part.model === undefined ? 0 : 1,
      last: -1,
      before: null,
      from: 0,
      choice: -1,
      drafted: 0,
    });
    for (let position = 1; position < end; position++) {
      const at = context + position - 1;
      this.#known.clear();
      const longest = this.#choices.map(({ proposer: { replay } }) => {
        replay.round(request, position, end - position, Number.POSITIVE_INFINITY);
        return replay.emitted - 1;
      });
      this.#goOn(paths, position, -1, 0, at);
      for (const [choice, most] of longest.entries()) {
        for (let drafted = 1; drafted <= most; drafted++) this.#goOn(paths, position, choice, drafted, at);
      }
    }
    this.#choice = new Int8Array(end);
    this.#length = new Uint8Array(end);
    let path = paths[end]!.reduce((best, one) => (one.seconds < best.seconds ? one : best));
    while (path.before !== null) {
      this.#choice[path.from] = path.choice;
      this.#length[path.from] = path.drafted;
      path = path.before;
    }
  }

  /**
   * Adds the ways that go on so from all ways to a position. A model that is alone has read the same after drafting,
   * whatever it had not read before, so that only the fastest of them matters.
   */
  #goOn(paths: readonly Path[][], from: number, choice: number, drafted: number, context: number): void {
    const before = paths[from]!;
    const after = paths[from + drafted + 1]!;
    const model = this.#choices[choice]?.model ?? null;
    if (model === null || this.#work.drafts.length > 1) {
      for (const path of before) {
        this.#add(after, path, this.#afterS(path, choice, drafted, context), from, choice, drafted);
      }
      return;
    }
    let fastest = before[0]!;
    let least = Number.POSITIVE_INFINITY;
    for (const path of before) {
      const seconds = this.#afterS(path, choice, drafted, context);
      if (seconds < least) {
        least = seconds;
        fastest = path;
      }
    }
    this.#add(after, fastest, least, from, choice, drafted);
  }

  #afterS(path: Path, choice: number, drafted: number, context: number): number {
    const left = choice === 1 ? path.secondUnread : path.firstUnread;
    const switched = choice >= 0 && path.last >= 0 && choice !== path.last;
    return path.seconds + this.#stepS(choice, drafted, context, left) + (switched ? this.#switchS : 0);
  }

  /** Adds the path that goes on so, unless one to the same position is as good in all respects. */
  #add(paths: Path[], before: Path, seconds: number, from: number, choice: number, drafted: number): void {
    const last = choice < 0 ? before.last : choice;
    const firstUnread = this.#unread(0, before.firstUnread, choice, drafted);
    const secondUnread = this.#unread(1, before.secondUnread, choice, drafted);
    for (const path of paths) {
      const behindS = path.last === last ? 0 : this.#switchS;
      const asGood = path.seconds + behindS <= seconds && path.firstUnread <= firstUnread;
      if (asGood && path.secondUnread <= secondUnread) return;
    }
    let kept = 0;
    for (const path of paths) {
      const behindS = path.last === last ? 0 : this.#switchS;
      const asGood = seconds + behindS <= path.seconds && firstUnread <= path.firstUnread;
      if (!asGood || secondUnread > path.secondUnread) paths[kept++] = path;
    }
    paths.length = kept;
    paths.push({ seconds, firstUnread, secondUnread, last, before, from, choice, drafted });
  }

  /** What a choice's model has not read after a round. */
  #unread(c: number, before: number, choice: number, drafted: number): number {
    const model = this.#choices[c]?.part.model;
    if (model === undefined) return 0;
    if (c !== choice) return before + drafted + 1;
    return model.catchUp === 'unread only' ? 2 : drafted + 1;
  }

  /** A step's price is asked again for every path to a position. */
  #stepS(choice: number, drafted: number, context: number, unread: number): number {
    const model = this.#choices[choice]?.model ?? null;
    const key = (model === null ? 0 : unread) * 2 ** 10 + drafted * 4 + choice + 1;
    let seconds = this.#known.get(key);
    if (seconds === undefined) {
      seconds = this.#priceS(choice, drafted, context, unread);
      this.#known.set(key, seconds);
    }
    return seconds;
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
