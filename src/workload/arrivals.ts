/**
 * When requests arrive. Times of a random process are those of rate 1 divided by the rate, so that two rates
 * see the same requests in the same pattern (common random numbers).
 *
 * Left out: rates that change over the day; a recorded workload has them.
 */
import { exponential, gamma, type Stream, stream } from '../random/streams.ts';

/** How an open load spaces its requests; `cv` is the standard deviation of a gap over its mean. */
export type Arrivals =
  | { readonly process: 'poisson' | 'constant'; readonly ratePerS: number }
  | { readonly process: 'gamma'; readonly ratePerS: number; readonly cv: number };

/**
 * Arrival times of `count` requests, in seconds, ascending.
 *
 * The gap before each request, the first included, is exponential (`poisson`), always 1 / rate (`constant`)
 * or of a gamma distribution of shape 1 / cv^2 (`gamma`): cv 1 is Poisson, larger is burstier. The
 * "burstiness" of vLLM's benchmark is that shape.
 */
export function arrivalTimes(arrivals: Arrivals, count: number, seed: number): Float64Array {
  const gap = unitGap(arrivals, stream(seed, 'arrivals'));
  const times = new Float64Array(count);
  let units = 0;
  for (let i = 0; i < count; i++) {
    units += gap();
    times[i] = units / arrivals.ratePerS;
  }
  return times;
}

function unitGap(arrivals: Arrivals, draw: Stream): () => number {
  switch (arrivals.process) {
    case 'poisson':
      return () => exponential(draw, 1);
    case 'constant':
      return () => 1;
    case 'gamma': {
      const shape = 1 / arrivals.cv ** 2;
      return () => gamma(draw, shape) / shape;
    }
  }
}
