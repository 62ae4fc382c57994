/** Named random streams, so that no draw depends on the order of others. */
import { Alea } from './alea.ts';

/** Draws a number, uniform on [0, 1). */
export type Stream = () => number;

/**
 * A stream of its own for one purpose: the same seed and keys give the same draws, whatever else was drawn.
 *
 * @param keys what the stream is for, such as `'arrivals'` or `'acceptance', 'eagle3', request`
 */
export function stream(seed: number, ...keys: readonly (string | number)[]): Stream {
  const alea = new Alea([seed, ...keys].join('/'));
  return () => alea.next();
}

/** A draw from the exponential distribution with the given rate (events per unit of the result). */
export function exponential(draw: Stream, rate: number): number {
  return -Math.log(1 - draw()) / rate;
}

/** A draw from the standard normal distribution (Box-Muller; two uniforms a draw, none kept). */
export function normal(draw: Stream): number {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}

/** A draw from the gamma distribution of the given shape and scale 1 (Marsaglia and Tsang, 2000). */
export function gamma(draw: Stream, shape: number): number {
  if (shape < 1) return gamma(draw, shape + 1) * (1 - draw()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(draw);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - draw()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
