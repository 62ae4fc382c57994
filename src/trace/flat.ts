/** One flat array for lists of different lengths, and where each of them begins. */
import { UserError } from '../errors.ts';
import type { TokenIds } from './trace.ts';

/** Values of one flat array: a byte each for every method, and well within an offset of 32 bits. */
const MOST_VALUES = 2 ** 30;

/** Length lists + 1: list i is elements `offsets[i]` to `offsets[i + 1]` of the flat array. */
export function offsetsOf(lists: readonly ArrayLike<number>[]): Int32Array {
  return offsetsOfLengths(lists.map(({ length }) => length));
}

/**
 * The same of the lengths of lists.
 *
 * @throws UserError for more values in all than one array is given
 */
export function offsetsOfLengths(lengths: ArrayLike<number>): Int32Array {
  const offsets = new Int32Array(lengths.length + 1);
  let end = 0;
  for (let i = 0; i < lengths.length; i++) {
    end += lengths[i]!;
    offsets[i + 1] = end;
  }
  if (end <= MOST_VALUES) return offsets;
  throw new UserError(
    `${lengths.length} requests have ${end} output tokens in all, expected at most ${MOST_VALUES}: take fewer with --requests, or shorter ones`,
  );
}

/** Copies the lists one after another into `into`, which holds exactly all of them. */
export function flatten<T extends Int32Array | Uint8Array>(lists: readonly ArrayLike<number>[], into: T): T {
  let next = 0;
  for (const list of lists) {
    into.set(list, next);
    next += list.length;
  }
  return into;
}

/** The token ids of requests, one list a request. */
export function flatTokens(
  prompts: readonly ArrayLike<number>[],
  outputs: readonly ArrayLike<number>[],
): TokenIds {
  const promptOffsets = offsetsOf(prompts);
  const outputOffsets = offsetsOf(outputs);
  return {
    promptOffsets,
    prompt: flatten(prompts, new Int32Array(promptOffsets.at(-1)!)),
    outputOffsets,
    output: flatten(outputs, new Int32Array(outputOffsets.at(-1)!)),
  };
}
