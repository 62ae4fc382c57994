/**
 * Requests on their way from replicas that prefill to those that decode. A request that is prefilled waits, with its KV cache
 * where it was computed, until a replica that decodes has room; then its KV moves over the link, and when all of it has
 * arrived the room it left is free. So vLLM's NixlConnector and SGLang do it: the decode side allocates first and the
 * transfer begins after the prefill's end. Transfers of a replica, either way, follow one another.
 *
 * Left out: transfers layer by layer while the prompt is computed (Splitwise, Mooncake), which hide most of it on a
 * fast link.
 */
import { wider } from '../columns.ts';
import { Calendar } from './calendar.ts';

/** Replicas that prefill apart from those that decode, and the way between. */
export interface Split {
  readonly prefillReplicas: number;
  /** Seconds that the link is taken by the KV of so many tokens of a sequence. */
  readonly linkS: (tokens: number) => number;
  /** Seconds until the last byte arrives after it was sent. */
  readonly latencyS: number;
}

/** What is known of a request that was prefilled. */
interface Offer {
  /** The replica, and there the slot. */
  readonly from: number;
  readonly slot: number;
  readonly arrivalS: number;
  /** When it was first scheduled. */
  readonly admittedS: number;
  readonly preemptions: number;
}

export class Handover {
  /** By request. */
  readonly from: Int32Array;
  readonly slot: Int32Array;
  readonly arrivalS: Float64Array;
  readonly admittedS: Float64Array;
  readonly preemptions: Int32Array;
  readonly #split: Split;
  readonly #ends = new Calendar();
  /** By replica: when its link is free. */
  readonly #freeS: Float64Array;
  #offered = new Int32Array(16);
  #offers = 0;

  constructor(requests: number, replicas: number, split: Split) {
    this.#split = split;
    this.from = new Int32Array(requests);
    this.slot = new Int32Array(requests);
    this.arrivalS = new Float64Array(requests);
    this.admittedS = new Float64Array(requests);
    this.preemptions = new Int32Array(requests);
    this.#freeS = new Float64Array(replicas);
  }

  /** A replica has prefilled a request and keeps its KV. */
  offer(request: number, { from, slot, arrivalS, admittedS, preemptions }: Offer): void {
    this.from[request] = from;
    this.slot[request] = slot;
    this.arrivalS[request] = arrivalS;
    this.admittedS[request] = admittedS;
    this.preemptions[request] = preemptions;
    if (this.#offers === this.#offered.length) this.#offered = wider(this.#offered);
    this.#offered[this.#offers++] = request;
  }

  /** Gives each request that was offered since the last call to `give`, in order. */
  each(give: (request: number) => void): void {
    for (let i = 0; i < this.#offers; i++) give(this.#offered[i]!);
    this.#offers = 0;
  }

  /** A replica has room for a request, of which it lacks `tokens` tokens; returns when they have arrived. */
  start(request: number, to: number, tokens: number, nowS: number): number {
    const free = this.#freeS;
    const from = this.from[request]!;
    const sentS = Math.max(nowS, free[from]!, free[to]!) + this.#split.linkS(tokens);
    free[from] = sentS;
    free[to] = sentS;
    const endS = sentS + this.#split.latencyS;
    this.#ends.schedule(endS, request);
    return endS;
  }

  /** Time of the next arrival of a request's KV; infinity when none is on its way. */
  get nextS(): number {
    return this.#ends.nextS;
  }

  /** The request whose KV has arrived. */
  take(): number {
    return this.#ends.take();
  }
}
