/** Columns: typed arrays that hold one value of many entries each. How they grow, and what hot loops over them need. */

/** A list of objects. V8 tells an empty one from others unless it held one, and what it compiled for either is thrown away. */
export function listOf<T extends object>(length: number, make: (i: number) => T): T[] {
  const list: (T | null)[] = [null];
  list.pop();
  for (let i = 0; i < length; i++) list.push(make(i));
  return list as T[];
}

/** The same values in an array of twice the length. */
export function wider<T extends Int32Array | Float64Array>(column: T): T {
  const Column = column.constructor as new (length: number) => T;
  const grown = new Column(Math.max(16, 2 * column.length));
  grown.set(column);
  return grown;
}

/**
 * The lesser of two whole numbers below 2^31 (`b` may be infinite), without a branch: which it is changes from round
 * to round, and guessing wrong would cost a processor more than all the rest of a round.
 */
export function lesser(a: number, b: number): number {
  const more = b - a;
  return a + (more & (more >> 31));
}
