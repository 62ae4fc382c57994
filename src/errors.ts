/** The one kind of error a user can cause, and the sentences it is made of. */

/**
 * A mistake of the user's: a bad flag, file or value. The command line prints `message` as one line and
 * exits 2. Messages are lower case and say where, what was got and what was expected.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** What a terminal would obey or show as nothing: controls, marks of writing direction, ends of lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Text that came from a file or a command line as one line that cannot move a cursor or pose as another. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Shortens a value to one line for an error message. */
export function shown(value: unknown): string {
  // JSON has no NaN and no infinity.
  const text = printable(
    typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value)),
  );
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/**
 * The error for a name that is not in `known`; it lists them all, and names the nearest where one is near.
 *
 * @param what the kind of thing, such as `gpu`
 */
export function unknownName(what: string, got: string, known: readonly string[]): UserError {
  const guess = nearest(got, known);
  const near = guess === null ? '' : `: nearest is ${guess}`;
  return new UserError(`unknown ${what} ${shown(got)}${near} (known: ${known.join(', ')})`);
}

/**
 * The known name that was meant: in another case or order of letters, cut short, or with one letter in three wrong, in
 * the whole of it or in a part (`h1000` is near `h100-sxm`). Null where none is near.
 */
function nearest(got: string, known: readonly string[]): string | null {
  const asked = got.toLowerCase();
  const most = Math.max(1, Math.floor(asked.length / 3)) + 0.1;
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const far = farFrom(asked, name.toLowerCase());
    if (far > most || far >= least) continue;
    best = name;
    least = far;
  }
  return best;
}

/** In letters; of names that complete what was asked, below 1, the shorter the nearer. */
function farFrom(asked: string, name: string): number {
  if (asked === '' || asked.length > 200) return Number.POSITIVE_INFINITY;
  if (asked === name) return 0;
  // A plural, before a longer name that holds it.
  if (asked === `${name}s` || asked === `${name}es`) return 0.1;
  if (name.includes(asked)) return 0.1 + name.length / 1000;
  const letters = distance(asked, name);
  if (letters <= 1) return letters;
  if ([...asked].sort().join() === [...name].sort().join()) return 1;
  const parts = name.split(/[-_:.]/).filter((part) => part.length > 2);
  const part = Math.min(...parts.map((one) => distance(asked, one) + 0.1));
  return Math.min(letters, part, asked.length > 2 && isWithin(asked, name) ? 1.5 : letters);
}

/** Whether letters of `name` that are left out leave `asked`. */
function isWithin(asked: string, name: string): boolean {
  let at = 0;
  for (const letter of name) if (letter === asked[at]) at++;
  return at === asked.length;
}

/** Letters to be added, left out or changed (Levenshtein). */
function distance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const row = [i + 1];
    for (let j = 0; j < b.length; j++)
      row.push(Math.min(row[j]! + 1, before[j + 1]! + 1, before[j]! + Number(a[i] !== b[j])));
    before = row;
  }
  return before[b.length]!;
}
