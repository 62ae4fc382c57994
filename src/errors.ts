/** The one kind of error a user can cause, and the sentences it is made of. */
import { distance } from 'fastest-levenshtein';

/**
 * A mistake of the user's: a bad flag, file or value. The command line prints `message` as one line and
 * exits 2. Messages are lower case and say where, what was got and what was expected.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** Shortens a value to one line for an error message. */
export function shown(value: unknown): string {
  // JSON has no NaN and no infinity.
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/**
 * The error for a name that is not in `known`; it names the nearest valid one and lists them all.
 *
 * @param what the kind of thing, such as `gpu`
 */
export function unknownName(what: string, got: string, known: readonly string[]): UserError {
  return new UserError(
    `unknown ${what} ${shown(got)}: nearest is ${nearest(got, known)} (known: ${known.join(', ')})`,
  );
}

/** The known name that completes `got`, or else the one fewest letters away. */
function nearest(got: string, known: readonly string[]): string {
  const completes = (name: string) => got !== '' && name.includes(got);
  const letters = (name: string) => distance(got, name);
  return known.reduce((best, name) => {
    if (completes(name) !== completes(best)) return completes(name) ? name : best;
    return letters(name) < letters(best) ? name : best;
  });
}
