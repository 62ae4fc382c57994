/** From a method and recorded acceptance to the drafter that replays it. */
import { UserError } from '../errors.ts';
import type { PositionLengths } from '../trace/trace.ts';
import { Combined } from './combined.ts';
import { type Drafter, PlainDecoding, type Proposer, Speculation } from './drafter.ts';
import { LookUp } from './look-up.ts';
import type { Method } from './methods.ts';
import { Replay, type ReplayConventions } from './replay.ts';
import { SequentialModel } from './sequential-model.ts';

/**
 * Builds the drafter of `method`.
 *
 * @param k draft length, for methods that take one
 * @param acceptance recorded lengths of each part of the method, in its order
 * @throws UserError when k is beyond what a recording can answer for
 */
export function assembleDrafter(
  method: Method,
  k: number | null,
  acceptance: readonly PositionLengths[],
  conventions: ReplayConventions,
): Drafter {
  let slot = 0;
  const proposers = method.parts.map((part, index): Proposer => {
    const lengths = acceptance[index]!;
    const length = method.kind === 'fixed' ? k! : 'exact';
    if (length !== 'exact' && length > lengths.maxK) {
      throw new UserError(
        `k ${length}: the acceptance of ${part.name} was recorded with k = ${lengths.maxK}; expected k of at most that`,
      );
    }
    if (part.model === undefined) return new LookUp(new Replay(lengths, length, conventions));
    const replay = new Replay(lengths, length, { ...conventions, proposalChance: null });
    return new SequentialModel(replay, part.model.catchUp, lengths.offsets.length - 1, slot++);
  });
  const [first, second] = proposers;
  if (first === undefined) return new PlainDecoding();
  if (second === undefined) return new Speculation(first);
  return new Combined(first, second, method.kind === 'combined');
}
