/** Standard normal draws of random bits, without arithmetic: a quantile for each value that the bits have. */
import { inverseNormal } from './inverse-normal.ts';

/** Bits that a draw takes: a table of more would crowd the nearest cache, and be no better for a probability of 1e-3. */
const BITS = 12;

/** Quantiles at the middle of equal parts of the probability, all widened alike to a variance of 1. */
const QUANTILES = quantiles(2 ** BITS);

/** The standard normal draw of 16 random bits, the upper ones of 32; of the lower ones it is that of `bits << 16`. */
export function normalOf(bits: number): number {
  return QUANTILES[bits >>> (32 - BITS)]!;
}

function quantiles(parts: number): Float64Array {
  const values = Float64Array.from({ length: parts }, (_, part) => inverseNormal((part + 0.5) / parts));
  const spread = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / parts);
  return values.map((value) => value / spread);
}
