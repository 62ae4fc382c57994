/**
 * The serving engine in virtual time: arrivals wait, are admitted while KV memory and the sequence limit
 * allow, are prefilled, then decode in lock step with all others until their output is complete.
 *
 * Newly admitted prompts are prefilled in a step of their own before the others go on (docs/physics.md,
 * section 4). Left out: prefill chunks mixed with decoding, preemption, prefix caching.
 */
import { addSeconds, type CostModel, noSeconds, PassWork, StepWork, totalSeconds } from '../cost/work.ts';
import type { Drafter } from '../drafter/drafter.ts';
import { Calendar } from './calendar.ts';
import { KvMemory } from './kv-memory.ts';
import type { Load } from './load.ts';
import { emptyTotals, type FinishedRecord, type Totals } from './records.ts';
import { Sequences } from './sequences.ts';

/** The requests to serve, by index. */
export interface Workload {
  readonly promptTokens: Int32Array;
  readonly outputTokens: Int32Array;
}

export interface EngineParts {
  readonly workload: Workload;
  readonly load: Load;
  readonly drafter: Drafter;
  readonly cost: CostModel;
  /** Draft models the drafter runs, and the most tokens it drafts. */
  readonly draftModels: number;
  readonly maxK: number;
  /** May be infinite. */
  readonly kvCapacityTokens: number;
  readonly blockTokens: number;
  readonly maxSequences: number;
}

interface Waiting {
  readonly request: number;
  copies: number;
  readonly arrivalS: number;
}

/** Tokens of KV memory a sequence needs: its prompt, its output and the drafts of one round. */
export function sequenceTokens(promptTokens: number, outputTokens: number, maxK: number): number {
  return promptTokens + outputTokens + maxK;
}

const STEP_END = { kind: 'step-end' } as const;

export class Engine {
  readonly totals: Totals = emptyTotals();
  readonly finished: FinishedRecord[] = [];
  readonly #parts: EngineParts;
  readonly #calendar = new Calendar();
  readonly #kv: KvMemory;
  readonly #waiting: Waiting[] = [];
  #firstWaiting = 0;
  /** Entries at or above this index have no output yet. */
  #decoding = 0;
  readonly #running = new Sequences();
  #runningCopies = 0;
  #stepping = false;
  readonly #work: StepWork;
  readonly #prompts = new PassWork();
  readonly #cost = noSeconds();

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#kv = new KvMemory(parts.kvCapacityTokens, parts.blockTokens);
    this.#work = new StepWork(parts.draftModels, parts.maxK);
  }

  /** True when nothing waits and nothing runs. */
  get idle(): boolean {
    return this.#running.count === 0 && this.#firstWaiting === this.#waiting.length;
  }

  /** Puts `copies` copies of a request in the queue, now. */
  submit(request: number, copies: number): void {
    this.#waiting.push({ request, copies, arrivalS: this.#calendar.nowS });
  }

  /** Lets a request arrive at a later time, in seconds. */
  arriveAt(timeS: number, request: number): void {
    this.#calendar.schedule(timeS, { kind: 'arrival', request });
  }

  /** Runs until nothing is left to do; returns the virtual time at the end, in seconds. */
  run(): number {
    const calendar = this.#calendar;
    this.#parts.load.start(this);
    this.#startStep();
    for (;;) {
      const event = calendar.take();
      if (event === undefined) break;
      switch (event.kind) {
        case 'arrival':
          this.submit(event.request, 1);
          break;
        case 'step-end':
          this.#endStep();
          break;
      }
      if (!this.#stepping && calendar.nextS > calendar.nowS) this.#startStep();
    }
    if (!this.idle) throw new Error('the run ended with requests in the engine');
    return calendar.nowS;
  }

  #startStep(): void {
    this.#admit();
    const cost = this.#cost;
    if (this.#running.count > this.#decoding) {
      this.#statePrefill();
      this.#parts.cost.pricePrefill(this.#prompts, cost);
    } else if (this.#decoding > 0) {
      this.#stateDecode();
      this.#parts.cost.priceStep(this.#work, cost);
      addSeconds(this.totals.decode, cost);
      this.totals.decodeSteps++;
    } else {
      return;
    }
    addSeconds(this.totals.all, cost);
    this.#stepping = true;
    this.#calendar.schedule(this.#calendar.nowS + totalSeconds(cost), STEP_END);
  }

  #endStep(): void {
    this.#stepping = false;
    const running = this.#running;
    const prefill = running.count > this.#decoding;
    const nowS = this.#calendar.nowS;
    // Backwards, so that removing an entry disturbs none still to be visited.
    for (let i = running.count - 1; i >= (prefill ? this.#decoding : 0); i--) {
      if (prefill) {
        running.position[i] = 1;
        running.firstTokenS[i] = nowS;
      } else {
        running.position[i]! += running.emitted[i]!;
      }
      if (running.position[i]! >= running.length[i]!) this.#finish(i, nowS);
    }
    this.#decoding = running.count;
  }

  /** Admits waiting entries in order of arrival, as many copies of each as fit. */
  #admit(): void {
    if (this.#waiting.length === 0) return;
    const { workload, maxK, maxSequences } = this.#parts;
    while (this.#firstWaiting < this.#waiting.length) {
      const entry = this.#waiting[this.#firstWaiting]!;
      const promptTokens = workload.promptTokens[entry.request]!;
      const outputTokens = workload.outputTokens[entry.request]!;
      const tokens = sequenceTokens(promptTokens, outputTokens, maxK);
      const fit = Math.min(entry.copies, this.#kv.room(tokens), maxSequences - this.#runningCopies);
      if (fit > 0) {
        this.#kv.take(fit, tokens);
        this.#running.add(entry.request, fit, promptTokens, outputTokens, entry.arrivalS);
        this.#runningCopies += fit;
      }
      if (fit < entry.copies) {
        if (fit > 0) this.totals.splitEntries++;
        entry.copies -= fit;
        return;
      }
      this.#firstWaiting++;
    }
    this.#waiting.length = 0;
    this.#firstWaiting = 0;
  }

  #statePrefill(): void {
    const running = this.#running;
    const prompts = this.#prompts;
    prompts.clear();
    for (let i = this.#decoding; i < running.count; i++) {
      const copies = running.copies[i]!;
      const tokens = running.promptTokens[i]!;
      prompts.sequences += copies;
      prompts.tokens += copies * tokens;
      prompts.contextTokens += copies * tokens;
      prompts.attentionPairs += (copies * tokens * (tokens + 1)) / 2;
      prompts.logitRows += copies;
    }
  }

  #stateDecode(): void {
    const running = this.#running;
    const work = this.#work;
    const { drafter } = this.#parts;
    const { totals } = this;
    work.clear();
    const { verify } = work;
    drafter.stepBegins(this.#runningCopies, running.contextTokens());
    for (let i = 0; i < running.count; i++) {
      const copies = running.copies[i]!;
      const position = running.position[i]!;
      const context = running.promptTokens[i]! + position;
      drafter.round(running.request[i]!, position, running.length[i]! - position, copies, context, work);
      const { drafted, emitted } = drafter;
      running.emitted[i] = emitted;
      const queries = drafted + 1;
      verify.sequences += copies;
      verify.tokens += copies * queries;
      verify.contextTokens += copies * (context + drafted);
      verify.attentionPairs += copies * queries * (context + drafted / 2);
      totals.rounds += copies;
      totals.emitted += copies * emitted;
      totals.drafted += copies * drafted;
      totals.accepted += copies * (emitted - 1);
    }
    verify.logitRows = verify.tokens;
  }

  #finish(i: number, nowS: number): void {
    const running = this.#running;
    const copies = running.copies[i]!;
    const tokens = running.length[i]!;
    this.#kv.giveBack(copies, sequenceTokens(running.promptTokens[i]!, tokens, this.#parts.maxK));
    this.#runningCopies -= copies;
    this.finished.push({
      request: running.request[i]!,
      copies,
      tokens,
      arrivalS: running.arrivalS[i]!,
      firstTokenS: running.firstTokenS[i]!,
      endS: nowS,
    });
    running.remove(i);
    this.#parts.load.ended(this);
  }
}
