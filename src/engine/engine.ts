/**
 * Serving in virtual time: requests arrive, a router gives each to one of N identical replicas (replica.ts), and
 * the replicas go from step to step, all in one calendar. Where prefill and decoding are split, a second router of the same
 * kind gives what is prefilled to replicas that decode (handover.ts).
 *
 * A run ends when every request of the load has ended, when nobody wants to know more, or at the horizon: an event
 * later than that does not happen, and what has arrived by then and not ended is unfinished.
 */
import type { CostModel, Verified } from '../cost/work.ts';
import type { Drafter } from '../drafter/drafter.ts';
import { Calendar } from './calendar.ts';
import { Handover, type Split } from './handover.ts';
import type { Load } from './load.ts';
import { type NumberedHashes, numbered, type PrefixHashes } from './prefix-cache.ts';
import { emptyTotals, FinishedRecords, type StepObserver, TokenGaps, type Totals } from './records.ts';
import { NO_STEP, Replica } from './replica.ts';
import type { Limits, ReplicaParts, Role } from './replica-parts.ts';
import { RoundRobin, type Router } from './router.ts';

/** The requests to serve, in order of arrival. Outputs have at least one token, prompts too. */
export interface Workload {
  readonly promptTokens: Int32Array;
  readonly outputTokens: Int32Array;
  readonly prefixHashes?: PrefixHashes | NumberedHashes;
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
  /** Further replicas, which prefill for these; none unless said. */
  readonly split?: Split;
  /** In turn unless said. */
  readonly router?: Router;
  /** The same among those that decode, where prefill is split off. */
  readonly decodeRouter?: Router;
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
  readonly finished: FinishedRecords;
  /** Null unless asked for. */
  readonly gaps: TokenGaps | null;
  /** Those that prefill apart before the others. */
  readonly replicas: readonly Replica[];
  readonly #load: Load;
  readonly #horizonS: number;
  readonly #until: EngineParts['until'];
  readonly #router: Router;
  readonly #decodeRouter: Router;
  /** Where requests arrive, and where they are decoded: the same unless prefill is split off. */
  readonly #entry: readonly Replica[];
  readonly #decoding: readonly Replica[];
  readonly #handover: Handover | null;
  readonly #calendar = new Calendar();
  /** By replica: 1 while a step is under way. */
  readonly #stepping: Uint8Array;
  #arrived = 0;

  constructor(parts: EngineParts) {
    const { workload, split } = parts;
    const prefilling = split?.prefillReplicas ?? 0;
    const replicas = prefilling + (parts.replicas ?? 1);
    this.#load = parts.load;
    this.#horizonS = parts.horizonS ?? Number.POSITIVE_INFINITY;
    this.#until = parts.until;
    this.#router = parts.router ?? new RoundRobin();
    this.#decodeRouter = parts.decodeRouter ?? new RoundRobin();
    // Room for all of them: columns that grow are there twice while they do.
    this.finished = new FinishedRecords(workload.outputTokens.length);
    this.gaps = parts.gaps === true ? new TokenGaps() : null;
    this.#stepping = new Uint8Array(replicas);
    this.#handover = split === undefined ? null : new Handover(workload.promptTokens.length, replicas, split);
    const { maxBatchedTokens, maxSequences, kvBlocks, sequenceBlocks = 0, blockTokens } = parts.limits;
    // Field by field: what is spread from a caller's objects has another layout each time, which every step would pay for.
    const shared: ReplicaParts = {
      promptTokens: workload.promptTokens,
      outputTokens: workload.outputTokens,
      hashes: workload.prefixHashes === undefined ? null : numbered(workload.prefixHashes),
      drafter: parts.drafter,
      cost: parts.cost,
      draftModels: parts.draftModels,
      limits: { maxBatchedTokens, maxSequences, kvBlocks, sequenceBlocks, blockTokens },
      observer: parts.observer ?? null,
      totals: this.totals,
      finished: this.finished,
      gaps: this.gaps,
      handover: this.#handover,
    };
    const roleOf = (index: number): Role =>
      split === undefined ? 'both' : index < prefilling ? 'prefill' : 'decode';
    this.replicas = Array.from({ length: replicas }, (_, index) => new Replica(shared, index, roleOf(index)));
    this.#decoding = this.replicas.slice(prefilling);
    this.#entry = split === undefined ? this.#decoding : this.replicas.slice(0, prefilling);
  }

  /** Requests that have arrived and not ended. */
  get unfinished(): number {
    return this.#arrived - this.finished.length;
  }

  /** Runs to the end and returns the virtual time of the last event, in seconds. */
  run(): number {
    const load = this.#load;
    const horizonS = this.#horizonS;
    const calendar = this.#calendar;
    for (;;) {
      const arrivalS = load.nextS;
      const stepEndS = calendar.nextS;
      const transferEndS = this.#handover?.nextS ?? Number.POSITIVE_INFINITY;
      const nowS = Math.min(arrivalS, stepEndS, transferEndS);
      if (nowS === Number.POSITIVE_INFINITY || nowS > horizonS) break;
      if (arrivalS === nowS) this.#arrive();
      else if (stepEndS === nowS) {
        if (this.#endStep() && this.#until?.(this.finished) === true) return nowS;
      } else this.#endTransfer(this.#handover!);
      // Steps start when everything has happened that happens at this time.
      if (load.nextS > nowS && calendar.nextS > nowS && (this.#handover?.nextS ?? nowS + 1) > nowS) {
        this.#startSteps();
      }
    }
    if (this.unfinished > 0 && horizonS === Number.POSITIVE_INFINITY) {
      throw new Error('the run ended with requests in the engine');
    }
    return calendar.nowS;
  }

  #arrive(): void {
    const load = this.#load;
    this.#calendar.reach(load.nextS);
    const request = load.take();
    this.#arrived++;
    chosenBy(this.#router, this.#entry, request).submit(request, this.#calendar.nowS);
  }

  /** Whether requests ended with it. */
  #endStep(): boolean {
    const replica = this.#calendar.take();
    const { nowS } = this.#calendar;
    this.#stepping[replica] = 0;
    const ended = this.replicas[replica]!.endStep(nowS);
    const { request, length } = this.finished;
    for (let i = length - ended; i < length; i++) this.#load.ended(nowS, request[i]!);
    this.#handover?.each((request) => {
      const to = chosenBy(this.#decodeRouter, this.#decoding, request);
      to.submit(request, this.#handover!.arrivalS[request]!);
    });
    return ended > 0;
  }

  /** KV has arrived: where it came from its room is free, and where it went the request joins the next step. */
  #endTransfer(handover: Handover): void {
    this.#calendar.reach(handover.nextS);
    const request = handover.take();
    this.replicas[handover.from[request]!]!.side.letGo(request);
  }

  #startSteps(): void {
    const calendar = this.#calendar;
    const { nowS } = calendar;
    const alone = this.replicas.length === 1;
    const undisturbedS = alone ? Math.min(this.#load.nextS, this.#horizonS) : nowS;
    for (let replica = 0; replica < this.replicas.length; replica++) {
      if (this.#stepping[replica] === 1) continue;
      const endS = this.replicas[replica]!.startStep(nowS, undisturbedS);
      if (endS === NO_STEP) continue;
      this.#stepping[replica] = 1;
      calendar.reach(this.replicas[replica]!.startedS);
      calendar.schedule(endS, replica);
    }
  }
}

function chosenBy(router: Router, among: readonly Replica[], request: number): Replica {
  return among[among.length === 1 ? 0 : router.choose(among, request)]!;
}
