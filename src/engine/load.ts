/** Loads: who sends requests to the engine, and when. Each sends the requests it is given, in that order. */
import { exponential, stream } from '../random/streams.ts';
import type { Engine } from './engine.ts';

export interface Load {
  /** Called once, at time 0. */
  start(engine: Engine): void;
  /** Called when an entry has ended. */
  ended(engine: Engine): void;
}

/** One batch at a time: `copies` copies of one request start together, and the next request follows. */
export class Clones implements Load {
  readonly #requests: readonly number[];
  readonly #copies: number;
  #next = 0;

  constructor(requests: readonly number[], copies: number) {
    this.#requests = requests;
    this.#copies = copies;
  }

  start(engine: Engine): void {
    this.ended(engine);
  }

  ended(engine: Engine): void {
    if (engine.idle && this.#next < this.#requests.length) {
      engine.submit(this.#requests[this.#next++]!, this.#copies);
    }
  }
}

/** Closed loop: `concurrency` requests are in the system as long as there are any; one that ends is replaced at once. */
export class Closed implements Load {
  readonly #requests: readonly number[];
  readonly #concurrency: number;
  #next = 0;

  constructor(requests: readonly number[], concurrency: number) {
    this.#requests = requests;
    this.#concurrency = concurrency;
  }

  start(engine: Engine): void {
    for (let i = 0; i < this.#concurrency; i++) this.ended(engine);
  }

  ended(engine: Engine): void {
    if (this.#next < this.#requests.length) engine.submit(this.#requests[this.#next++]!, 1);
  }
}

/** Open loop: requests arrive at exponential intervals of mean 1 / rate seconds, whatever the engine does. */
export class Poisson implements Load {
  readonly #requests: readonly number[];
  readonly #ratePerS: number;
  readonly #seed: number;

  constructor(requests: readonly number[], ratePerS: number, seed: number) {
    this.#requests = requests;
    this.#ratePerS = ratePerS;
    this.#seed = seed;
  }

  start(engine: Engine): void {
    const draw = stream(this.#seed, 'arrivals');
    let atS = 0;
    for (const request of this.#requests) {
      atS += exponential(draw, this.#ratePerS);
      engine.arriveAt(atS, request);
    }
  }

  ended(): void {}
}
