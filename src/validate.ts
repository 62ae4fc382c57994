/** Validation of what a user wrote: zod schemas whose first failure becomes a one-line user error. */
import * as z from 'zod/mini';
// Not z.core.toDotPath: the bundle would hold all of that namespace, messages in fifty languages too.
import { toDotPath } from 'zod/v4/core';
import { shown, UserError, unknownName } from './errors.ts';

/** An object with the keys of `shape` and no others; an unknown key is answered with the nearest valid one. */
export function strictObject<Shape extends z.core.$ZodShape>(
  shape: Shape,
): z.ZodMiniObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? unknownName('key', issue.keys[0]!, Object.keys(shape)).message
        : undefined,
  });
}

/** Checks `input` against `schema`. Throws a `UserError` that starts with `where` and the path of the value. */
export function validate<Schema extends z.ZodMiniType>(
  schema: Schema,
  input: unknown,
  where: string,
): z.output<Schema> {
  // Compiling a check costs more than most files take to be checked once.
  const result = schema.safeParse(input, { error: sentence, jitless: true });
  if (result.success) return result.data;
  const { issues } = result.error;
  // A misspelt key is the cause when another one is then missing.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!;
  const path = toDotPath(issue.path);
  throw new UserError([where, path, issue.message].filter((part) => part !== '').join(': '));
}

/** A value as error messages show it; unlike JSON it has a word for NaN. */
export function got(value: unknown): string {
  return typeof value === 'number' ? String(value) : shown(value);
}

function sentence(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'invalid_type') {
    const expected = issue.expected === 'int' ? 'a whole number' : issue.expected;
    if (issue.input === undefined) return `missing, expected ${expected}`;
    return `got ${got(issue.input)}, expected ${expected}`;
  }
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    if (typeof issue.input === 'string') return unknownName('name', issue.input, known).message;
    return `got ${got(issue.input)}, expected ${known.length === 1 ? '' : 'one of '}${known.join(', ')}`;
  }
  if (issue.code === 'too_small') {
    const bound = issue.inclusive ? 'at least' : 'more than';
    return `got ${got(issue.input)}, expected ${bound} ${issue.minimum}${counted(issue.origin)}`;
  }
  if (issue.code === 'too_big') {
    const bound = issue.inclusive ? 'at most' : 'less than';
    return `got ${got(issue.input)}, expected ${bound} ${issue.maximum}${counted(issue.origin)}`;
  }
  return `got ${got(issue.input)}, expected another value (${issue.code})`;
}

function counted(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' elements' : '';
}
