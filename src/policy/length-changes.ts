/** How the draft length of all rounds of a step may follow what a policy wants: engines bound it, as each change has a price. */
import type { Policy } from './policy.ts';

export interface LengthLimits {
  /** Least tokens of a step, as far as they can be drafted; at least 1 keeps the drafter's KV cache as it goes. */
  readonly lengthFloor: number;
  /** Steps from one change to the next, at least. */
  readonly lengthCooldown: number;
  /** Tokens by which one change differs, at most. */
  readonly lengthWalk: number;
}

export const UNBOUND: LengthLimits = {
  lengthFloor: 0,
  lengthCooldown: 0,
  lengthWalk: Number.POSITIVE_INFINITY,
};

export class LengthChanges {
  readonly #limits: LengthLimits;
  readonly #floor: number;
  #last = -1;
  /** Steps since the last change. */
  #held = 0;

  constructor(limits: LengthLimits, maxK: number) {
    this.#limits = limits;
    this.#floor = Math.min(limits.lengthFloor, maxK);
  }

  /** The length of a step for which a policy wants another; called once a step. */
  next(wanted: number): number {
    const { lengthCooldown, lengthWalk } = this.#limits;
    const last = this.#last;
    let length = Math.max(wanted, this.#floor);
    this.#held++;
    if (last >= 0 && length !== last) {
      if (this.#held < lengthCooldown) return last;
      length = Math.min(Math.max(length, last - lengthWalk), last + lengthWalk);
    }
    if (length !== last) this.#held = 0;
    this.#last = length;
    return length;
  }
}

/** A policy of one length a step, within limits. */
export class Bounded implements Policy {
  readonly #policy: Policy;
  readonly #changes: LengthChanges;
  stepLength = 0;

  constructor(policy: Policy, changes: LengthChanges) {
    this.#policy = policy;
    this.#changes = changes;
  }

  stepBegins(sequences: number, contextTokens: number): void {
    this.#policy.stepBegins(sequences, contextTokens);
    this.stepLength = this.#changes.next(this.#policy.stepLength!);
  }

  choose(): number {
    return this.stepLength;
  }

  see(request: number, position: number, asked: number, proposed: number, accepted: number): void {
    this.#policy.see(request, position, asked, proposed, accepted);
  }
}
