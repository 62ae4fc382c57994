/**
 * The highest rate at which an objective is held. Rates lie on a grid, so that what is found does not hang on where the
 * search begins, as long as a higher rate is never better; where one is, one of the limits is found.
 *
 * How far the requests are from the objective (`Attainment.stretch`) changes evenly with the rate, where the share of them
 * that meets it jumps. So the line through two rates says where to look next (false position), in a third of the runs that
 * bisection takes.
 */
import type { Attainment } from '../metrics/attainment.ts';
import type { SloLimit } from '../metrics/slo.ts';

/** Rates to a doubling: neighbours are 0.54 % apart. */
const STEPS = 128;

/** Requests this far apart never meet. */
const ALONE_S = 1e6;

export interface HighestRate {
  /** The highest tried that holds. 0: none. Infinite: all. */
  readonly ratePerS: number;
  /** Where the objective is just held, as read between that rate and the next tried. */
  readonly limitPerS: number;
  readonly limitedBy: SloLimit | null;
  /** Share of the requests that meet every limit, by the rate tried. */
  readonly shares: ReadonlyMap<number, number>;
}

/** How far the limit is expected to be, and how near it is asked for, in steps of the grid. */
export interface Precision {
  /** From the first rate to the second, and twice as many from each to the next until the limit lies between. */
  readonly stride: number;
  /** Between the rate that holds and the next tried, at most. */
  readonly within: number;
}

/** Nothing is known: eight times the rate, or an eighth of it, is tried second, and the answer is as near as the grid. */
export const FROM_ANYWHERE: Precision = { stride: 3 * STEPS, within: 1 };

/** From the rate of another method. */
export const FROM_A_METHOD: Precision = { stride: STEPS / 4, within: 1 };

/** From what other requests come to, a few percent away, and read between rates that are 3 % apart. */
export const FROM_A_DRAW: Precision = { stride: 5, within: 5 };

interface Tried {
  readonly step: number;
  /** Logarithm of the stretch: above 0 where the objective is missed. */
  readonly excess: number;
}

/** @param fastestPerS a rate that holds and is as high as this has no limit */
export function highestRate(
  judge: (ratePerS: number) => Attainment,
  fromPerS: number,
  fastestPerS: number,
  { stride, within }: Precision,
): HighestRate {
  const slowest = stepOf(1 / ALONE_S);
  const fastest = stepOf(fastestPerS);
  const onGrid = (step: number) => Math.min(Math.max(step, slowest), fastest);
  const shares = new Map<number, number>();
  let limitedBy: SloLimit | null = null;
  let low: Tried | null = null;
  let high: Tried | null = null;
  let heldBefore: boolean | null = null;
  let far = stride;
  for (let step = onGrid(stepOf(fromPerS)); ; ) {
    const { held, share, stretch, tightest } = judge(rateAt(step));
    shares.set(rateAt(step), share);
    if (!held) limitedBy = tightest;
    const tried: Tried = { step, excess: Math.log(stretch) };
    const sameEnd = held === heldBefore;
    heldBefore = held;
    if (held) low = tried;
    else high = tried;
    if (low === null || high === null) {
      step = onGrid(step + (held ? far : -far));
      far *= 2;
      if (step !== tried.step) continue;
      const ratePerS = held ? Number.POSITIVE_INFINITY : 0;
      return { ratePerS, limitPerS: ratePerS, limitedBy, shares };
    }
    if (high.step - low.step <= within) {
      return { ratePerS: rateAt(low.step), limitPerS: rateAt(crossing(low, high)), limitedBy, shares };
    }
    // A line whose one end stays is of no use.
    step = sameEnd ? (low.step + high.step) >> 1 : between(low, high, within);
  }
}

/** Where to look next: where the limit seems to be, or where an end that is near to that meets it if all is as it seems. */
function between(low: Tried, high: Tried, within: number): number {
  const limit = crossing(low, high);
  if (limit - low.step < within) return low.step + within;
  if (high.step - limit < within) return high.step - within;
  return Math.round(limit);
}

/** Where the line through two rates meets the limit; their middle where the objective is infinitely far from one. */
function crossing(low: Tried, high: Tried): number {
  const height = high.excess - low.excess;
  const part = height > 0 && height < Number.POSITIVE_INFINITY ? -low.excess / height : 0.5;
  return low.step + (high.step - low.step) * Math.min(Math.max(part, 0), 1);
}

function rateAt(step: number): number {
  return 2 ** (step / STEPS);
}

function stepOf(ratePerS: number): number {
  return Math.round(STEPS * Math.log2(ratePerS));
}
