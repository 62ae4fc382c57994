/** The published summary of a method: quantiles over requests of their mean emitted length over all positions. */
import type { PositionLengths } from '../../src/trace/trace.ts';
import { mean } from './replay-totals.ts';

/** Whiskers, quartiles and median of fig. 7: the 5th and 95th percentile, and each quarter. */
const SHARES = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

/** The quantiles at `SHARES`; requests that end with the prefill's token have no position and are left out. */
export function requestMeanQuantiles({ emitted, offsets }: PositionLengths): number[] {
  const means: number[] = [];
  for (let r = 0; r + 1 < offsets.length; r++) {
    const positions = emitted.subarray(offsets[r]! + 1, offsets[r + 1]!);
    if (positions.length > 0) means.push(mean(positions));
  }
  means.sort((a, b) => a - b);
  return SHARES.map((share) => {
    const place = share * (means.length - 1);
    const below = Math.floor(place);
    const above = means[Math.min(below + 1, means.length - 1)]!;
    return means[below]! + (place - below) * (above - means[below]!);
  });
}
