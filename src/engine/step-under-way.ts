/** What comes of a step of a replica when it ends: its work and price, who gets tokens, and who ends with it. */
import { wider } from '../columns.ts';
import {
  addSeconds,
  noSeconds,
  type PartSeconds,
  StepWork,
  totalSeconds,
  type Verified,
} from '../cost/work.ts';
import { addRounds, type StepObserver, type TokenGaps, type Totals } from './records.ts';
import { NEVER, type Sequences } from './sequences.ts';

export class StepUnderWay {
  readonly work: StepWork;
  readonly cost: PartSeconds = noSeconds();
  startS = 0;
  /** Whether a request lost its KV blocks to another. */
  preempted = false;
  /** Tokens that its rounds emit, and prefills that come to their end, each with one more. */
  emitted = 0;
  prefills = 0;
  /** Element t: requests that get t tokens and had some at the end of the last step. */
  readonly yields: Int32Array;
  /** Places of the requests that get their last token, ascending. */
  ending = new Int32Array(16);
  endings = 0;
  kvBlocks = 0;
  waiting = 0;
  /** Slots of the others that get tokens, for the first time or after a pause, and how many. */
  #apart = new Int32Array(16);
  #apartTokens = new Int32Array(16);
  #aparts = 0;
  /** Slots of those who decode from this step on, and how many. */
  #begun = new Int32Array(16);
  #beginners = 0;

  /** @param most no round exceeds it */
  constructor(draftModels: number, most: Verified) {
    this.work = new StepWork(draftModels, most.drafted);
    this.yields = new Int32Array(most.queries + 1);
  }

  begin(nowS: number): void {
    this.startS = nowS;
    this.preempted = false;
    this.emitted = 0;
    this.prefills = 0;
    this.#aparts = 0;
    this.endings = 0;
    this.work.clear();
  }

  /** Gives `ending` room for so many places. */
  hold(places: number): void {
    if (places > this.ending.length) this.ending = wider(this.ending);
  }

  /** A request gets tokens for the first time, or after a pause. */
  noteApart(slot: number, tokens: number): void {
    if (this.#aparts === this.#apart.length) {
      this.#apart = wider(this.#apart);
      this.#apartTokens = wider(this.#apartTokens);
    }
    this.#apart[this.#aparts] = slot;
    this.#apartTokens[this.#aparts++] = tokens;
  }

  /** Notes first tokens, and of all others the time since the tokens before. */
  noteTimes(
    nowS: number,
    lastEndS: number,
    { firstTokenS, lastTokenS, wanted }: Sequences,
    gaps: TokenGaps | null,
  ): void {
    const { yields } = this;
    for (let tokens = 1; tokens < yields.length; tokens++) {
      if (yields[tokens]! > 0) gaps?.add(nowS - lastEndS, tokens, yields[tokens]!);
      yields[tokens] = 0;
    }
    this.#beginners = 0;
    for (let i = 0; i < this.#aparts; i++) {
      const slot = this.#apart[i]!;
      if (firstTokenS[slot] === NEVER) {
        firstTokenS[slot] = nowS;
        if (wanted[slot]! > 1) this.decodesFirst(slot);
      } else gaps?.add(nowS - lastTokenS[slot]!, this.#apartTokens[i]!, 1);
      lastTokenS[slot] = NEVER;
    }
  }

  /** The next step to be priced is the first in which a request decodes. */
  decodesFirst(slot: number): void {
    if (this.#beginners === this.#begun.length) this.#begun = wider(this.#begun);
    this.#begun[this.#beginners++] = slot;
  }

  /** Notes the drafting of the step, once priced, for those who decode for the first time. */
  noteFirstDrafting({ draftedS }: Sequences): void {
    for (let i = 0; i < this.#beginners; i++) draftedS[this.#begun[i]!] = this.cost.draftS;
  }

  /** Adds the step to the totals; `prefillSide` where its replica does nothing but prefill. */
  addTo(totals: Totals, running: number, kvPeakBlocks: number, prefillSide: boolean): void {
    const { cost, work } = this;
    const { verify, prefill } = work;
    addSeconds(totals.all, cost);
    totals.steps++;
    if (prefillSide) totals.prefillSideS += totalSeconds(cost);
    else totals.sequenceSeconds += running * totalSeconds(cost);
    totals.prefills += this.prefills;
    totals.prefillTokens += prefill.tokens;
    if (kvPeakBlocks > totals.kvPeakBlocks) totals.kvPeakBlocks = kvPeakBlocks;
    if (verify.sequences === 0) return;
    addSeconds(totals.decode, cost);
    totals.decode.prefillS = 0;
    totals.decodeSteps++;
    addRounds(totals, verify.sequences, work.drafted, verify.tokens, this.emitted);
  }

  show(observer: StepObserver, replica: number): void {
    const { work } = this;
    observer.onStep({
      startS: this.startS,
      replica,
      parts: this.cost,
      prefillTokens: work.prefill.tokens,
      decodeSequences: work.verify.sequences,
      drafted: work.drafted,
      emitted: this.emitted + this.prefills,
      kvUsedBlocks: this.kvBlocks,
      waiting: this.waiting,
    });
  }
}
