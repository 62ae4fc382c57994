/** Growth of columns: typed arrays that hold one value of many entries each. */

/** The same values in an array of twice the length. */
export function wider<T extends Int32Array | Float64Array>(column: T): T {
  const Column = column.constructor as new (length: number) => T;
  const grown = new Column(Math.max(16, 2 * column.length));
  grown.set(column);
  return grown;
}
