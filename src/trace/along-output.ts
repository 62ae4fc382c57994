/** A quantity that changes along the output of a request: straight lines between knots. */
import * as z from 'zod/mini';

/** Where the knots are, as fractions of the output. The ends move fastest, so the knots are denser there. */
const KNOTS = [0, 0.1, 0.3, 0.6, 0.9, 1] as const;

/** One value per knot. */
export const alongOutputSchema = z.array(z.number()).check(z.length(KNOTS.length));

/** The value after that fraction of the output, 0 to below 1. */
export function valueAlongOutput(values: readonly number[], fraction: number): number {
  let knot = 1;
  while (fraction >= KNOTS[knot]!) knot++;
  const from = KNOTS[knot - 1]!;
  const share = (fraction - from) / (KNOTS[knot]! - from);
  return values[knot - 1]! + share * (values[knot]! - values[knot - 1]!);
}

/** Writes the value at each position 0 to `tokens - 1` of an output of that many tokens to the start of `into`. */
export function writeAlongOutput(values: readonly number[], tokens: number, into: Float64Array): void {
  let position = 0;
  for (let knot = 1; knot < KNOTS.length; knot++) {
    const end = Math.ceil(KNOTS[knot]! * tokens);
    const from = KNOTS[knot - 1]!;
    const slope = (values[knot]! - values[knot - 1]!) / (KNOTS[knot]! - from);
    const perToken = slope / tokens;
    for (; position < end; position++)
      into[position] = values[knot - 1]! - slope * from + perToken * position;
  }
}
