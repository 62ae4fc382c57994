/**
 * Serving in virtual time: requests arrive, a router gives each to one of N identical replicas (replica.ts), and
 * the replicas go from step to step, all in one calendar.
 *
 * A run ends when every request of the load has ended, when nobody wants to know more, or at the horizon: an event
 * later than that does not happen, and what has arrived by then and not ended is unfinished.
 */
import type { CostModel, Verified } from '../cost/work.ts';
import type { Drafter } from '../drafter/drafter.ts';
import { Calendar } from './calendar.ts';
import type { Load } from './load.ts';
import { numbered, type PrefixHashes } from './prefix-cache.ts';
import { emptyTotals, FinishedRecords, type StepObserver, TokenGaps, type Totals } from './records.ts';
import { type Limits, NO_STEP, Replica } from './replica.ts';
import { RoundRobin, type Router } from './router.ts';

/** The requests to serve, in order of arrival. Outputs have at least one token, prompts too. */
export interface Workload {
  readonly promptTokens: Int32Array;
  readonly outputTokens: Int32Array;
  readonly prefixHashes?: PrefixHashes;
}

export interface EngineParts {
  readonly workload: Workload;
  readonly load: Load;
  /** Knows a request by its index in the workload. */
  readonly drafter: Drafter;
  readonly cost: CostModel;
  /** That the drafter runs. */
  readonly draftModels: number;
  /** Of each replica. */
  readonly limits: Limits;
  /** One unless said. */
  readonly replicas?: number;
  /** In turn unless said. */
  readonly router?: Router;
  /** In seconds; none unless said. */
  readonly horizonS?: number;
  /** Asked when requests have ended: whether the run may end, as nobody wants to know more; never unless said. */
  readonly until?: (finished: FinishedRecords) => boolean;
  /** Whether gaps between tokens are kept; not unless said. */
  readonly gaps?: boolean;
  readonly observer?: StepObserver;
}

/** Tokens of KV memory a sequence may come to need: its prompt, its output and the most of one round. */
export function sequenceTokens(promptTokens: number, outputTokens: number, most: Verified): number {
  return promptTokens + outputTokens + most.keys;
}

export class Engine {
  readonly totals: Totals = emptyTotals();
  readonly finished = new FinishedRecords();
  /** Null unless asked for. */
  readonly gaps: TokenGaps | null;
  readonly replicas: readonly Replica[];
  readonly #parts: EngineParts;
  readonly #router: Router;
  readonly #calendar = new Calendar();
  /** By replica: 1 while a step is under way. */
  readonly #stepping: Uint8Array;
  #arrived = 0;

  constructor(parts: EngineParts) {
    const { workload, replicas = 1 } = parts;
    this.#parts = parts;
    this.#router = parts.router ?? new RoundRobin();
    this.gaps = parts.gaps === true ? new TokenGaps() : null;
    this.#stepping = new Uint8Array(replicas);
    const shared = {
      ...workload,
      ...parts,
      hashes: workload.prefixHashes === undefined ? null : numbered(workload.prefixHashes),
      observer: parts.observer ?? null,
      totals: this.totals,
      finished: this.finished,
      gaps: this.gaps,
    };
    this.replicas = Array.from({ length: replicas }, (_, index) => new Replica(shared, index));
  }

  /** Requests that have arrived and not ended. */
  get unfinished(): number {
    return this.#arrived - this.finished.length;
  }

  /** Runs to the end and returns the virtual time of the last event, in seconds. */
  run(): number {
    const { load, horizonS = Number.POSITIVE_INFINITY, until } = this.#parts;
    const calendar = this.#calendar;
    for (;;) {
      const arrivalS = load.nextS;
      const stepEndS = calendar.nextS;
      const nowS = Math.min(arrivalS, stepEndS);
      if (nowS === Number.POSITIVE_INFINITY || nowS > horizonS) break;
      if (arrivalS <= stepEndS) this.#arrive();
      else if (this.#endStep() && until?.(this.finished) === true) return nowS;
      // Steps start when everything has happened that happens at this time.
      if (load.nextS > nowS && calendar.nextS > nowS) this.#startSteps();
    }
    if (this.unfinished > 0 && horizonS === Number.POSITIVE_INFINITY) {
      throw new Error('the run ended with requests in the engine');
    }
    return calendar.nowS;
  }

  #arrive(): void {
    const { load } = this.#parts;
    this.#calendar.reach(load.nextS);
    const request = load.take();
    this.#arrived++;
    const chosen = this.replicas.length === 1 ? 0 : this.#router.choose(this.replicas, request);
    this.replicas[chosen]!.submit(request, this.#calendar.nowS);
  }

  /** Whether requests ended with it. */
  #endStep(): boolean {
    const replica = this.#calendar.take();
    const { nowS } = this.#calendar;
    this.#stepping[replica] = 0;
    const ended = this.replicas[replica]!.endStep(nowS);
    for (let i = 0; i < ended; i++) this.#parts.load.ended(nowS);
    return ended > 0;
  }

  #startSteps(): void {
    const { nowS } = this.#calendar;
    for (let replica = 0; replica < this.replicas.length; replica++) {
      if (this.#stepping[replica] === 1) continue;
      const seconds = this.replicas[replica]!.startStep(nowS);
      if (seconds === NO_STEP) continue;
      this.#stepping[replica] = 1;
      this.#calendar.schedule(nowS + seconds, replica);
    }
  }
}
