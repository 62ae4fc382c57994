/** From a method and recorded acceptance to the drafter that replays it. */
import type { CostModel } from '../cost/work.ts';
import { UserError } from '../errors.ts';
import { FixedLength } from '../policy/fixed-length.ts';
import { makePolicy, type PolicySpec } from '../policy/policies.ts';
import type { PositionLengths } from '../trace/trace.ts';
import { Bandit } from './bandit.ts';
import { Best } from './best.ts';
import { Combined } from './combined.ts';
import { type Drafter, PlainDecoding, type Proposer, Speculation } from './drafter.ts';
import { Hybrid } from './hybrid.ts';
import { LookUp } from './look-up.ts';
import { type Method, takesK } from './methods.ts';
import { Replay, type ReplayConventions } from './replay.ts';
import { SequentialModel } from './sequential-model.ts';
import { SteadySpeculation } from './steady-speculation.ts';
import { stepPrice } from './step-price.ts';

/** Who decides the draft lengths of methods that take a k, and what it weighs them with. */
export interface Deciding {
  readonly policy: PolicySpec;
  readonly cost: CostModel;
  readonly seed: number;
}

/**
 * Builds the drafter of `method`.
 *
 * @param k draft length, for methods that take one; the longest where a policy decides
 * @param acceptance recorded lengths of each part of the method, in its order
 * @throws UserError when k is beyond what a recording can answer for
 */
export function assembleDrafter(
  method: Method,
  k: number | null,
  acceptance: readonly PositionLengths[],
  conventions: ReplayConventions,
  deciding: Deciding | null = null,
): Drafter {
  let slot = 0;
  const proposers = method.parts.map((part, index): Proposer => {
    const lengths = acceptance[index]!;
    const length = takesK(method) ? k! : 'exact';
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
  const [lengths] = acceptance;
  const maxK = takesK(method) ? k! : lengths!.maxK;
  const requests = lengths!.offsets.length - 1;
  if (method.kind === 'best') {
    if (deciding === null) throw new Error(`${method.name} was given no prices`);
    const choices = proposers.map((proposer, p) => ({ part: method.parts[p]!, proposer }));
    return new Best(choices, deciding.cost, Math.max(...acceptance.map((one) => one.maxK)), requests);
  }
  const policy =
    deciding === null || !takesK(method)
      ? new FixedLength(maxK)
      : makePolicy(deciding.policy, {
          requests,
          maxK,
          price: stepPrice(method, deciding.cost, maxK),
          lengths: () => (method.kind === 'hybrid' ? [lookedUpFirst(lengths!, acceptance[1]!)] : acceptance),
          seed: deciding.seed,
        });
  if (second === undefined) {
    const steady = first instanceof SequentialModel && first.replay.always && policy instanceof FixedLength;
    return steady ? new SteadySpeculation(first, maxK) : new Speculation(first, policy);
  }
  if (method.kind === 'hybrid') return new Hybrid(first, second, policy, requests);
  if (method.kind === 'bandit') {
    if (deciding === null) throw new Error(`${method.name} was given no prices`);
    const arms = proposers.map((proposer, p) => ({
      proposer,
      price: stepPrice(method, deciding.cost, maxK, p),
    }));
    return new Bandit(arms, policy, requests);
  }
  return new Combined(first, second, method.kind === 'combined', requests);
}

/** What a hybrid would have accepted at every position: of its look-up where that proposes, else of its model. */
function lookedUpFirst(lookUp: PositionLengths, model: PositionLengths): PositionLengths {
  const { proposed } = lookUp;
  const emitted = lookUp.emitted.slice();
  for (let r = 0; r + 1 < lookUp.offsets.length; r++) {
    const start = lookUp.offsets[r]!;
    const modelStart = model.offsets[r]!;
    const length = Math.min(lookUp.offsets[r + 1]! - start, model.offsets[r + 1]! - modelStart);
    for (let p = 0; p < length; p++) {
      const proposes = proposed instanceof Uint8Array ? proposed[start + p]! > 0 : true;
      if (!proposes) emitted[start + p] = model.emitted[modelStart + p]!;
    }
  }
  return { ...lookUp, emitted };
}
