/**
 * Loads: when requests arrive. A load knows no requests; the i-th to arrive is request i of the workload, unless requests go
 * on with others.
 */
import { Calendar } from './calendar.ts';

export interface Load {
  /** When the next request arrives, in seconds; infinity while none is known to come. */
  readonly nextS: number;
  /** Takes the next arrival and returns the request. */
  take(): number;
  /** Told that a request has ended. */
  ended(nowS: number, request: number): void;
}

/** Closed loop: `concurrency` requests are in the system as long as there are any; one that ends is replaced at once. */
export class Closed implements Load {
  readonly #requests: number;
  #next = 0;
  #places: number;
  nextS: number;

  constructor(requests: number, concurrency: number) {
    this.#requests = requests;
    this.#places = concurrency;
    this.nextS = requests > 0 && concurrency > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  take(): number {
    this.#places--;
    const request = this.#next++;
    if (this.#places === 0 || this.#next === this.#requests) this.nextS = Number.POSITIVE_INFINITY;
    return request;
  }

  ended(nowS: number): void {
    this.#places++;
    if (this.#next < this.#requests) this.nextS = nowS;
  }
}

/** Open loop: requests arrive at given times, whatever the engine does. */
export class Open implements Load {
  readonly #arrivalsS: Float64Array;
  #next = 0;
  nextS: number;

  /** @param arrivalsS ascending, in seconds */
  constructor(arrivalsS: Float64Array) {
    this.#arrivalsS = arrivalsS;
    this.nextS = arrivalsS[0] ?? Number.POSITIVE_INFINITY;
  }

  take(): number {
    const request = this.#next++;
    this.nextS = this.#arrivalsS[this.#next] ?? Number.POSITIVE_INFINITY;
    return request;
  }

  ended(): void {}
}

/** Which requests begin a conversation, and by request which goes on with it, -1 for none. */
interface Turns {
  readonly first: Int32Array;
  readonly next: Int32Array;
  /** Of each turn, seconds from the end of the one before, and from the beginning of the conversation at least. */
  readonly delayS: Float64Array;
  readonly offsetS: Float64Array;
}

/** Conversations that come as another load says, each a turn at a time; to that load they are what ends. */
export class Conversing implements Load {
  readonly #starts: Load;
  readonly #turns: Turns;
  readonly #coming = new Calendar();
  /** By request: when its conversation began. */
  readonly #beganS: Float64Array;

  /** @param starts of conversations, in their order */
  constructor(starts: Load, turns: Turns) {
    this.#starts = starts;
    this.#turns = turns;
    this.#beganS = new Float64Array(turns.next.length);
  }

  get nextS(): number {
    return Math.min(this.#starts.nextS, this.#coming.nextS);
  }

  take(): number {
    const { nextS } = this.#starts;
    if (nextS > this.#coming.nextS) return this.#coming.take();
    const first = this.#turns.first[this.#starts.take()]!;
    this.#beganS[first] = nextS;
    return first;
  }

  ended(nowS: number, request: number): void {
    const { next: goesOn, delayS, offsetS } = this.#turns;
    const next = goesOn[request]!;
    if (next < 0) {
      this.#starts.ended(nowS, request);
      return;
    }
    const beganS = this.#beganS[request]!;
    this.#beganS[next] = beganS;
    this.#coming.schedule(Math.max(nowS + delayS[next]!, beganS + offsetS[next]!), next);
  }
}
