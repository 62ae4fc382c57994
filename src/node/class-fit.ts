/**
 * How large a class of distance or acceptance is (trust.ts), from published speedups: the standard deviations under which
 * the predictions' errors are likeliest, each pulled a little to what is usual, so that a class with few rows has one.
 *
 * Left out: that errors of one study go together; whether that matters, a study that is left out shows.
 */
import type { Uncertainty } from '../metrics/confidence.ts';

/** A measured speedup beside its prediction. */
export interface Judged {
  readonly measured: number;
  readonly predicted: number;
  readonly uncertainty: Uncertainty;
  readonly classes: readonly { readonly name: string; readonly by: number }[];
}

/** Standard deviation by class. */
export type ClassSizes = ReadonlyMap<string, number>;

/** What is usual, before any row: predictions on a known GPU with defaults are off by 5 to 10 % in the field. */
export const USUAL = 0.05;

/** Standard deviation of a class's logarithm around the usual one. */
const SPREAD = 0.7;

/** Sizes that are tried, half a percent of themselves apart by 1.05. */
const TRIED = Array.from({ length: 100 }, (_, i) => 0.002 * 1.05 ** i);

const SWEEPS = 20;

export function fitClasses(points: readonly Judged[]): ClassSizes {
  const names = [...new Set(points.flatMap(({ classes }) => classes.map(({ name }) => name)))];
  const sizes = new Map(names.map((name) => [name, USUAL]));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const name of names) {
      const own = points.filter(({ classes }) => classes.some((one) => one.name === name));
      let least = Number.POSITIVE_INFINITY;
      let best = USUAL;
      for (const size of TRIED) {
        sizes.set(name, size);
        const unlikely =
          own.reduce((sum, point) => sum + surprise(point, sizes), 0) +
          0.5 * (Math.log(size / USUAL) / SPREAD) ** 2;
        if (unlikely < least) [least, best] = [unlikely, size];
      }
      sizes.set(name, best);
    }
  }
  return sizes;
}

/** Minus the logarithm of how likely an error is, a constant aside. */
function surprise(point: Judged, sizes: ClassSizes): number {
  const deviation = deviationOf(point, sizes);
  return Math.log(deviation) + 0.5 * (logError(point) / deviation) ** 2;
}

/** Of the logarithm of the speedup, with classes of these sizes; one that is not among them is as usual. */
export function deviationOf({ uncertainty, classes }: Judged, sizes: ClassSizes): number {
  const { requests, constants, model } = uncertainty;
  const added = classes.map(({ name, by }) => Math.sqrt(by) * (sizes.get(name) ?? USUAL));
  return Math.hypot(requests, constants, model, ...added);
}

export function logError({ measured, predicted }: Judged): number {
  return Math.log(measured / predicted);
}
