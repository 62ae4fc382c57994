/**
 * What every method does: state the work of one round of a sequence, and its outcome. A method is made of
 * proposers: none (plain decoding), one, or two of which the better is kept (combined.ts).
 */
import type { StepWork } from '../cost/work.ts';
import type { Replay } from './replay.ts';

export interface Drafter {
  /** Tokens the last round drafted, per copy; a mean where copies may differ. */
  readonly drafted: number;
  /** Tokens the last round emitted, the bonus or correction token included. */
  readonly emitted: number;

  /**
   * One round of `copies` identical sequences: sets `drafted` and `emitted`, adds the drafting to `work`.
   *
   * @param request index in the trace
   * @param position output tokens that exist, at least 1
   * @param left output tokens still wanted, at least 1
   * @param context tokens of prompt and output that exist
   */
  round(
    request: number,
    position: number,
    left: number,
    copies: number,
    context: number,
    work: StepWork,
  ): void;
}

/** A way to propose tokens: knows from `replay` what would come of it, and states the work when it is used. */
export interface Proposer {
  readonly replay: Replay;
  /** Adds the work of drafting what `replay` last answered. */
  draft(request: number, position: number, copies: number, context: number, work: StepWork): void;
  /** Notes what the round emitted, by whichever proposer, and whether this one ran. */
  see(request: number, position: number, emitted: number, ran: boolean): void;
}

/** Plain decoding: one token a step. */
export class PlainDecoding implements Drafter {
  readonly drafted = 0;
  readonly emitted = 1;

  round(): void {}
}

/** Speculation with one proposer. */
export class Speculation implements Drafter {
  readonly #proposer: Proposer;
  readonly #replay: Replay;

  constructor(proposer: Proposer) {
    this.#proposer = proposer;
    this.#replay = proposer.replay;
  }

  get drafted(): number {
    return this.#replay.drafted;
  }

  get emitted(): number {
    return this.#replay.emitted;
  }

  round(
    request: number,
    position: number,
    left: number,
    copies: number,
    context: number,
    work: StepWork,
  ): void {
    this.#replay.round(request, position, left);
    this.#proposer.draft(request, position, copies, context, work);
    this.#proposer.see(request, position, this.#replay.emitted, true);
  }
}
