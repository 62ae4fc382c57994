/**
 * Loads: when requests arrive. A load knows no requests; the i-th to arrive is request i of the workload.
 */

export interface Load {
  /** When the next request arrives, in seconds; infinity while none is known to come. */
  readonly nextS: number;
  /** Takes the next arrival and returns the request. */
  take(): number;
  /** Told that a request has ended. */
  ended(nowS: number): void;
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
