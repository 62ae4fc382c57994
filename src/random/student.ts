/** How much wider intervals of few samples are than those of many. */

/** Of the standard normal: 97.5 % is below. */
const Z = 1.9599639845;

/**
 * Student's t below which 97.5 % is, over the normal's: the first terms of Fisher's expansion (Abramowitz and Stegun 26.7.5), 1 % low at 3
 * degrees of freedom and exact for many.
 *
 * @param freedom degrees of it, also between whole numbers
 */
export function studentOverNormal(freedom: number): number {
  const [one, two, three] = [
    (Z ** 2 + 1) / 4,
    (5 * Z ** 4 + 16 * Z ** 2 + 3) / 96,
    (3 * Z ** 6 + 19 * Z ** 4 + 17 * Z ** 2 - 15) / 384,
  ];
  return 1 + one / freedom + two / freedom ** 2 + three / freedom ** 3;
}

/**
 * How many times as wide an interval for the difference of two means is as that of a bootstrap's quantiles: drawn again, n samples
 * spread as (n - 1) / n, and how much they do is itself known of few (Welch and Satterthwaite).
 *
 * @param one samples behind the one mean, above 1
 * @param other those behind the other
 */
export function wideningOfFew(one: number, other: number): number {
  const parts = [one, other].map((n) => ({ drawn: 1 / n, true: 1 / Math.max(n - 1, Number.EPSILON) }));
  const [a, b] = parts as [(typeof parts)[0], (typeof parts)[0]];
  const drawn = a.drawn + b.drawn;
  const freedom = drawn ** 2 / (a.drawn ** 2 * a.true + b.drawn ** 2 * b.true);
  return Math.sqrt((a.true + b.true) / drawn) * studentOverNormal(freedom);
}
