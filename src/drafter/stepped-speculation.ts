/**
 * Speculation with one model that drafts the same in every round of a step, though another number in the next: its rounds
 * are one loop, and what they draft and verify follows from sums.
 */
import type { StepWork } from '../cost/work.ts';
import type { Policy } from '../policy/policy.ts';
import type { DecodingRows } from './decoding-rows.ts';
import { Speculation } from './drafter.ts';
import type { ModelProposer } from './model-proposer.ts';

export class SteppedSpeculation extends Speculation {
  readonly #model: ModelProposer;
  readonly #policy: Policy;
  readonly #readsAlong: boolean;

  /**
   * @param model its replay drafts as many as it is asked for
   * @param policy has a length of a step
   */
  constructor(model: ModelProposer, policy: Policy, readsAlong: boolean) {
    super(model, policy, readsAlong);
    this.#model = model;
    this.#policy = policy;
    this.#readsAlong = readsAlong;
  }

  rounds(rows: DecodingRows, from: number, upTo: number, work: StepWork): void {
    const model = this.#model;
    const policy = this.#policy;
    const { replay } = model;
    const k = policy.stepLength!;
    let contextTokens = 0;
    let catchUpTokens = 0;
    for (let n = from; n < upTo; n++) {
      const request = rows.request(n);
      const position = rows.position(n);
      const context = rows.context(n);
      const emitted = replay.emittedBy(request, position, rows.left(n), k);
      rows.setEmitted(n, emitted);
      contextTokens += context;
      if (k > 0) catchUpTokens += model.catchUp(request, position, k, emitted);
      else if (this.#readsAlong) model.readAlong(request, position, emitted, context, work);
      else model.see(request, position, emitted, false);
      policy.see(request, position, k, k, emitted - 1);
    }
    if (k > 0) model.draftAll(upTo - from, k, contextTokens, catchUpTokens, work);
    model.verify(k, this.verified);
    work.addRounds(upTo - from, contextTokens, this.verified);
  }
}
