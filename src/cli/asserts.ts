/** The two functions of `node:assert` that yargs asks for, in the bundle (scripts/bundle.mjs): the module takes 2 ms to load. */

export function strictEqual(actual: unknown, expected: unknown, message?: string): void {
  if (!Object.is(actual, expected)) throw new Error(message);
}

export function notStrictEqual(actual: unknown, expected: unknown, message?: string): void {
  if (Object.is(actual, expected)) throw new Error(message);
}
