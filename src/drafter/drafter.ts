/**
 * What every method does: state the work of one round of a sequence, and its outcome. A method is made of
 * proposers: none (plain decoding), one, or two of which the better is kept (combined.ts).
 */
import type { StepWork } from '../cost/work.ts';
import type { Policy } from '../policy/policy.ts';
import type { DecodingRows } from './decoding-rows.ts';
import type { Replay } from './replay.ts';

export interface Drafter {
  /** Tokens the last round drafted, per copy; a mean where copies may differ. */
  readonly drafted: number;
  /** Tokens the last round emitted, the bonus or correction token included. */
  readonly emitted: number;

  /**
   * Called once per decode step, before its rounds.
   *
   * @param sequences in the step
   * @param contextTokens tokens of prompt and output of all of them
   */
  stepBegins(sequences: number, contextTokens: number): void;

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
  /**
   * A round of each sequence from one row up to another: sets what they emitted, adds drafting and verification to
   * `work`. Whoever has no quicker way goes round by round.
   */
  rounds?(rows: DecodingRows, from: number, upTo: number, work: StepWork): void;
  /** A step gave the request at `position` one token without drafting. */
  sitOut(request: number, position: number): void;
  /** Prompt and output of a request were prefilled again, and one token came of it. */
  reread(request: number): void;
}

/** A way to propose tokens: knows from `replay` what would come of it, and states the work when it is used. */
export interface Proposer {
  readonly replay: Replay;
  /** Adds the work of drafting what `replay` last answered. */
  draft(request: number, position: number, copies: number, context: number, work: StepWork): void;
  /** Notes what the round emitted, by whichever proposer, and whether this one ran. */
  see(request: number, position: number, emitted: number, ran: boolean): void;
  /** Notes that everything but the last token was prefilled again. */
  reread(request: number): void;
}

/** Plain decoding: one token a step. */
export class PlainDecoding implements Drafter {
  readonly drafted = 0;
  readonly emitted = 1;

  stepBegins(): void {}

  round(): void {}

  rounds(rows: DecodingRows, from: number, upTo: number, work: StepWork): void {
    let contextTokens = 0;
    for (let n = from; n < upTo; n++) {
      contextTokens += rows.context(n);
      rows.setEmitted(n, 1);
    }
    work.verify.add(upTo - from, upTo - from, contextTokens, contextTokens);
  }

  sitOut(): void {}

  reread(): void {}
}

/** Speculation with one proposer; the policy says how far. */
export class Speculation implements Drafter {
  readonly #proposer: Proposer;
  readonly #policy: Policy;
  readonly #replay: Replay;
  drafted = 0;
  emitted = 0;

  constructor(proposer: Proposer, policy: Policy) {
    this.#proposer = proposer;
    this.#policy = policy;
    this.#replay = proposer.replay;
  }

  stepBegins(sequences: number, contextTokens: number): void {
    this.#policy.stepBegins(sequences, contextTokens);
  }

  round(
    request: number,
    position: number,
    left: number,
    copies: number,
    context: number,
    work: StepWork,
  ): void {
    const replay = this.#replay;
    const asked = this.#policy.choose(request, position);
    replay.round(request, position, left, asked);
    this.drafted = replay.drafted;
    this.emitted = replay.emitted;
    if (asked > 0) this.#proposer.draft(request, position, copies, context, work);
    this.#proposer.see(request, position, replay.emitted, asked > 0);
    this.#policy.see(request, position, asked, replay.drafted, replay.emitted - 1);
  }

  sitOut(request: number, position: number): void {
    this.#proposer.see(request, position, 1, false);
  }

  reread(request: number): void {
    this.#proposer.reread(request);
  }
}
