/** One flat array for lists of different lengths, and where each of them begins. */
import type { TokenIds } from './trace.ts';

/** Length lists + 1: list i is elements `offsets[i]` to `offsets[i + 1]` of the flat array. */
export function offsetsOf(lists: readonly ArrayLike<number>[]): Int32Array {
  const offsets = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => {
    offsets[i + 1] = offsets[i]! + list.length;
  });
  return offsets;
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
