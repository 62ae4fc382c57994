/**
 * One serving engine: who is in the next step, and what comes of it. It schedules as the V1 engine of vLLM 0.10
 * does (docs/serving.md lists the differences): running requests first, in the order of their admission, then
 * waiting ones in the order of their arrival, within one budget of tokens a step; prompts in chunks beside the
 * requests that decode; KV blocks taken as a request grows; when there are none, the request admitted last loses
 * its own and is computed again later.
 *
 * Where prefill and decoding are split it does one of the two: what it has prefilled it hands over with its KV, what it
 * decodes it takes over so (handover.ts), and where it runs out of memory it computes again itself.
 *
 * Left out: priorities, requests that are aborted, multi-modal inputs.
 */
import { totalSeconds, Verified } from '../cost/work.ts';
import { Ahead } from './ahead.ts';
import { HandoverSide } from './handover-side.ts';
import type { ReplicaParts, Role } from './replica-parts.ts';
import { roundByRound } from './round-by-round.ts';
import type { Loaded } from './router.ts';
import { Running } from './running.ts';
import { SequenceMemory } from './sequence-memory.ts';
import { NEVER, Sequences } from './sequences.ts';
import { StepUnderWay } from './step-under-way.ts';
import { Waiting } from './waiting.ts';

/** Instead of the end of a step where there is nothing to do. */
export const NO_STEP = -1;

/** What the target verifies of a sequence that sits a round out. */
const NO_DRAFTS = new Verified();

export class Replica implements Loaded {
  readonly #parts: ReplicaParts;
  readonly #index: number;
  readonly #role: Role;
  readonly #sequences = new Sequences();
  readonly #memory: SequenceMemory;
  readonly #waiting = new Waiting();
  /** Tokens that requests here have still to prefill. */
  toCompute = 0;
  readonly #running = new Running();
  readonly #step: StepUnderWay;
  readonly side: HandoverSide;
  /** Null where rounds depend on more than their request. */
  readonly #ahead: Ahead | null;
  /** When the last step ended, in seconds. */
  #lastEndS = 0;
  /** Draft length of the last step that decoded, of those that have one; -1 before. */
  #length = -1;
  /** Of the requests that decode, those that got no token at that time: the budget was spent before them. */
  #late = 0;

  constructor(parts: ReplicaParts, index: number, role: Role = 'both') {
    const { hashes, limits } = parts;
    this.#parts = parts;
    this.#index = index;
    this.#role = role;
    this.#memory = new SequenceMemory(hashes, limits, this.#sequences);
    this.side = new HandoverSide(parts, index, this.#sequences, this.#memory);
    const { known, most } = parts.drafter;
    this.#step = new StepUnderWay(parts.draftModels, most);
    this.#ahead = known === undefined ? null : new Ahead(known, most, limits);
  }

  /** Requests that wait or run, or are about to. */
  get requests(): number {
    return this.#waiting.count + this.#running.count + this.side.loading;
  }

  /** KV blocks held by running requests; those kept for later prompts are not among them. */
  get usedBlocks(): number {
    return this.#memory.kv.usedBlocks;
  }

  get usedTokens(): number {
    return this.#memory.kv.usedBlocks * this.#parts.limits.blockTokens;
  }

  cachedTokens(request: number): number {
    return this.#memory.tokensOf(this.#hits(request, this.#parts.promptTokens[request]!));
  }

  submit(request: number, nowS: number): void {
    this.#waiting.add(request, nowS);
    if (this.#role !== 'decode') this.toCompute += this.#parts.promptTokens[request]!;
  }

  /** When the step under way began. */
  get startedS(): number {
    return this.#step.startS;
  }

  /**
   * Forms the next step and returns when it ends, or `NO_STEP`, also where all wait for KV to arrive or to leave. A step
   * that ends before `undisturbedS` and no request with it is nobody else's business: the one after it follows at once.
   *
   * @throws Error when a request needs more KV blocks than there are
   */
  startStep(nowS: number, undisturbedS: number): number {
    let endS = this.#start(nowS);
    while (endS < undisturbedS && endS !== NO_STEP && this.#step.endings === 0) {
      this.endStep(endS);
      endS = this.#start(endS);
    }
    return endS;
  }

  #start(nowS: number): number {
    if (this.requests === 0) return NO_STEP;
    const step = this.#step;
    step.begin(nowS);
    if (this.side.loading > 0) this.side.join(this.#running, nowS, (place) => this.#beginLoaded(place, nowS));
    const left = this.#scheduleRunning(this.#parts.limits.maxBatchedTokens);
    if (!step.preempted) this.#scheduleWaiting(left, nowS);
    step.kvBlocks = this.#memory.kv.usedBlocks;
    step.waiting = this.#waiting.count;
    const { cost } = this.#parts;
    if (step.work.verify.sequences === 0 && step.work.prefill.tokens === 0) return NO_STEP;
    if (step.work.verify.sequences > 0) {
      cost.priceStep(step.work, step.cost);
      step.noteFirstDrafting(this.#sequences);
    } else cost.pricePrefill(step.work.prefill, step.cost);
    return nowS + totalSeconds(step.cost);
  }

  #beginLoaded(place: number, nowS: number): void {
    this.#step.hold(this.#running.count);
    // Whoever decodes here already got tokens now.
    this.#lastEndS = nowS;
    this.#step.decodesFirst(this.#running.slots[place]!);
    this.#ahead?.begin(this.#running, place);
  }

  /** Ends the step under way: its tokens are there, complete requests leave. Returns how many did. */
  endStep(nowS: number): number {
    const { totals, gaps, observer } = this.#parts;
    const running = this.#running;
    const step = this.#step;
    step.addTo(totals, running.count, this.#memory.kv.peakBlocks, this.#role === 'prefill');
    if (observer !== null) step.show(observer, this.#index);
    running.decodingContext += step.emitted + step.prefills;
    step.noteTimes(nowS, this.#lastEndS, this.#sequences, gaps);
    this.#lastEndS = nowS;
    const { ending, endings } = step;
    let finished = 0;
    for (let e = 0; e < endings; e++) {
      const place = ending[e]!;
      running.stopsDecoding(place);
      if (running.rows.left(place) > 0) {
        this.side.handOver(running.slots[place]!, running.rows.held(place));
      } else {
        this.#finish(place, nowS);
        finished++;
      }
    }
    if (endings > 0) running.remove(ending, endings, this.#ahead?.inForce === true);
    return finished;
  }

  /** Puts running requests into the step, in order, and returns the tokens left of the budget. */
  #scheduleRunning(budget: number): number {
    if (this.#running.decoding < this.#running.count) this.#running.closeGaps();
    // Who decodes stands before who is prefilled: a prompt that is not complete takes all that is left of the budget.
    let left = this.#decode(budget);
    for (let n = this.#running.decoding; n < this.#running.count && left > 0; n++) {
      const remaining = this.#sequences.toPrefill[this.#running.slots[n]!]!;
      const chunk = Math.min(remaining, left);
      if (!this.#hold(n, this.#running.rows.context(n) - remaining + chunk)) break;
      this.#prefill(n, chunk);
      left -= chunk;
    }
    return left;
  }

  /** A round of each request that decodes, as far as budget and memory go; returns what is left of the budget. */
  #decode(budget: number): number {
    const { drafter } = this.#parts;
    const { queries, keys } = drafter.most;
    const { verify } = this.#step.work;
    if (this.#ahead?.take(this.#running, this.#step, this.#memory.kv, budget, this.#late === 0)) {
      return budget - verify.tokens;
    }
    if (this.#running.decoding > 0) drafter.stepBegins(this.#running.decoding, this.#running.decodingContext);
    while (verify.sequences < this.#running.decoding && verify.tokens < budget) {
      // Who drafts needs room for the largest round, in the budget as in memory: so many surely have it.
      const sure = Math.floor((budget - verify.tokens) / queries);
      const from = verify.sequences;
      const upTo = this.#holdEach(from, from + Math.max(1, sure), sure > 0 ? keys : 0);
      if (upTo === from) break;
      if (sure === 0) this.#sitOut(from);
      else if (drafter.rounds !== undefined) drafter.rounds(this.#running.rows, from, upTo, this.#step.work);
      else roundByRound(drafter, this.#running.rows, from, upTo, this.#step.work);
      this.#advance(from, upTo);
    }
    for (let n = verify.sequences; n < this.#running.decoding; n++) this.#fallBehind(this.#running.slots[n]!);
    const { stepLength } = drafter;
    if (stepLength !== undefined && verify.sequences > 0) {
      if (this.#length >= 0 && stepLength !== this.#length) this.#step.work.lengthSwitches = 1;
      this.#length = stepLength;
    }
    return budget - verify.tokens;
  }

  /**
   * Makes the requests from one place up to another hold the blocks of their next round; returns the place of the
   * first that finds no memory.
   */
  #holdEach(from: number, upTo: number, keys: number): number {
    const rows = this.#running.rows;
    let n = from;
    for (; n < upTo && n < this.#running.decoding; n++) {
      const needed = rows.context(n) + keys;
      if (needed > rows.held(n) && !this.#hold(n, needed)) break;
    }
    return n;
  }

  /** A round of one request without drafts. */
  #sitOut(n: number): void {
    const rows = this.#running.rows;
    this.#parts.drafter.sitOut(rows.request(n), rows.position(n));
    rows.setEmitted(n, 1);
    this.#step.work.addRounds(1, rows.context(n), NO_DRAFTS);
  }

  /** Gives the requests from one place up to another what their rounds emitted. */
  #advance(from: number, upTo: number): void {
    const rows = this.#running.rows;
    const yields = this.#step.yields;
    const ending = this.#step.ending;
    let emitted = 0;
    let endings = this.#step.endings;
    for (let n = from; n < upTo; n++) {
      const tokens = rows.advance(n);
      yields[tokens]!++;
      emitted += tokens;
      if (rows.left(n) <= 0) ending[endings++] = n;
    }
    this.#step.emitted += emitted;
    this.#step.endings = endings;
    if (this.#late > 0) this.#catchUp(from, upTo);
  }

  /** Some of the requests that got tokens had fallen behind. */
  #catchUp(from: number, upTo: number): void {
    const { lastTokenS } = this.#sequences;
    for (let n = from; n < upTo; n++) {
      const slot = this.#running.slots[n]!;
      if (lastTokenS[slot] === NEVER) continue;
      const tokens = this.#running.rows.emitted(n);
      this.#step.yields[tokens]!--;
      this.#late--;
      this.#step.noteApart(slot, tokens);
    }
  }

  /** A request that decodes gets nothing in this step. */
  #fallBehind(slot: number): void {
    const { lastTokenS } = this.#sequences;
    if (lastTokenS[slot] !== NEVER) return;
    lastTokenS[slot] = this.#lastEndS;
    this.#late++;
  }

  /** Admits waiting requests in order, as many as budget, sequence limit and memory allow. */
  #scheduleWaiting(budget: number, nowS: number): void {
    const { maxSequences } = this.#parts.limits;
    let left = budget;
    while (left > 0 && this.#waiting.count > 0 && this.#running.count + this.side.loading < maxSequences) {
      if (this.#role === 'decode' && this.#waiting.slot < 0) {
        if (this.side.takeOver(this.#waiting, nowS)) continue;
        const { request } = this.#waiting;
        if (this.#alone(0)) throw this.#memory.doesNotFit(request, this.#parts.promptTokens[request]!);
        return;
      }
      const chunk = this.#admit(left, nowS);
      if (chunk === 0) return;
      left -= chunk;
    }
  }

  /** Admits the request in front with its first chunk, and returns the chunk's tokens; 0 when it does not fit. */
  #admit(budget: number, nowS: number): number {
    const { promptTokens, outputTokens, limits, totals } = this.#parts;
    const sequences = this.#sequences;
    const waiting = this.#waiting;
    const preempted = waiting.slot;
    const request = preempted < 0 ? waiting.request : sequences.request[preempted]!;
    const prompt = promptTokens[request]!;
    const context = preempted < 0 ? prompt : prompt + sequences.position[preempted]!;
    const hits = this.#hits(request, context);
    const cached = this.#memory.tokensOf(hits);
    const chunk = Math.min(context - cached, budget);
    if (!this.#memory.admit(request, hits, cached + chunk)) {
      if (this.#alone(0)) throw this.#memory.doesNotFit(request, context);
      return 0;
    }
    const slot =
      preempted < 0
        ? sequences.open(request, prompt, outputTokens[request]!, waiting.arrivalS, nowS)
        : preempted;
    waiting.shift();
    totals.cachedTokens += cached;
    this.toCompute -= cached;
    sequences.toPrefill[slot] = context - cached;
    sequences.sharedHashes[slot] = hits;
    const place = this.#running.add(slot);
    this.#step.hold(this.#running.count);
    const position = sequences.position[slot]!;
    const left = sequences.wanted[slot]! - position;
    const held = Math.ceil((cached + chunk) / limits.blockTokens) * limits.blockTokens;
    this.#running.rows.set(place, request, position, left, context, held);
    this.#prefill(place, chunk);
    return chunk;
  }

  /** Whether nothing but so many running sequences holds memory here. */
  #alone(running: number): boolean {
    return this.#running.count === running && this.side.loading === 0 && this.side.leaving === 0;
  }

  /** Blocks of a request's prompt that the prefix cache has. */
  #hits(request: number, context: number): number {
    // One token at least has to be computed, to have logits.
    return this.#memory.hits(request, context - 1);
  }

  /** Puts the next `chunk` tokens of a request's prefill into the step; their KV blocks are held. */
  #prefill(place: number, chunk: number): void {
    const sequences = this.#sequences;
    const rows = this.#running.rows;
    const slot = this.#running.slots[place]!;
    const { prefill } = this.#step.work;
    const remaining = sequences.toPrefill[slot]! - chunk;
    const context = rows.context(place) - remaining;
    prefill.sequences++;
    prefill.tokens += chunk;
    prefill.contextTokens += context;
    prefill.attentionPairs += chunk * (context - chunk) + (chunk * (chunk + 1)) / 2;
    // The engine computes logits for the last token of every chunk and ignores those of unfinished prompts.
    prefill.logitRows++;
    sequences.toPrefill[slot] = remaining;
    this.toCompute -= chunk;
    this.#memory.share(slot, context);
    if (remaining > 0) return;
    if (rows.position(place) > 0) this.#parts.drafter.reread(rows.request(place));
    rows.setEmitted(place, 1);
    rows.advance(place);
    this.#step.noteApart(slot, 1);
    if (rows.left(place) <= 0 || this.#role === 'prefill') this.#step.ending[this.#step.endings++] = place;
    this.#running.decoding++;
    this.#running.decodingContext += context;
    this.#step.prefills++;
    if (this.#role !== 'prefill') this.#ahead?.begin(this.#running, place);
  }

  /**
   * Makes the request at a place hold the blocks of `tokens` tokens. Where there are too few, the requests admitted
   * last are preempted until there are enough; false when this one was itself the last.
   */
  #hold(place: number, tokens: number): boolean {
    const { blockTokens } = this.#parts.limits;
    const rows = this.#running.rows;
    const more = Math.ceil((tokens - rows.held(place)) / blockTokens);
    if (more <= 0) return true;
    while (!this.#memory.kv.take(more)) {
      if (this.#alone(1)) throw this.#memory.doesNotFit(rows.request(place), tokens);
      this.#preempt(--this.#running.count);
      if (this.#running.count === place) return false;
    }
    rows.setHeld(place, rows.held(place) + more * blockTokens);
    return true;
  }

  #preempt(place: number): void {
    const sequences = this.#sequences;
    const slot = this.#running.slots[place]!;
    if (sequences.toPrefill[slot] === 0) {
      this.#running.stopsDecoding(place);
      this.#fallBehind(slot);
      this.#late--;
    }
    this.#memory.release(slot, this.#running.rows.held(place));
    this.toCompute += this.#running.rows.context(place) - sequences.toPrefill[slot]!;
    sequences.position[slot] = this.#running.rows.position(place);
    sequences.preemptions[slot]!++;
    this.#waiting.prepend(slot);
    this.#step.preempted = true;
    this.#parts.totals.preemptions++;
  }

  #finish(place: number, nowS: number): void {
    const sequences = this.#sequences;
    const slot = this.#running.slots[place]!;
    // The last token is in no KV cache.
    this.#memory.share(slot, this.#running.rows.context(place) - 1);
    this.#memory.release(slot, this.#running.rows.held(place));
    sequences.record(slot, this.#parts.finished, nowS, this.#index);
    sequences.close(slot);
  }
}
