/**
 * What every method does: state the work of one round of a sequence, and its outcome. A method is made of
 * proposers: none (plain decoding), one, or two of which the better is kept (combined.ts).
 *
 * Left out: rounds that emit nothing.
 */
import { type StepWork, Verified } from '../cost/work.ts';
import type { Policy } from '../policy/policy.ts';
import type { DecodingRows } from './decoding-rows.ts';
import type { KnownRounds, RoundStream } from './known-rounds.ts';
import type { RoundReplay } from './replay.ts';
import type { ToldRounds } from './told-rounds.ts';

export interface Drafter {
  /** No figure of any round is above these: queries bound what a round emits and takes of a step, keys its memory. */
  readonly most: Verified;
  /** What the target verifies in the last round. */
  readonly verified: Verified;
  /** Tokens the last round emitted, the bonus or correction token included; at least 1. */
  readonly emitted: number;

  /**
   * Called once per decode step, before its rounds.
   *
   * @param sequences in the step
   * @param contextTokens tokens of prompt and output of all of them
   */
  stepBegins(sequences: number, contextTokens: number): void;

  /**
   * One round of a sequence: sets `verified` and `emitted`, adds the drafting to `work`. Whoever asked for it adds the
   * verification.
   *
   * @param request index in the trace
   * @param position output tokens that exist, at least 1
   * @param left output tokens still wanted, at least 1
   * @param context tokens of prompt and output that exist
   */
  round(request: number, position: number, left: number, context: number, work: StepWork): void;
  /**
   * A round of each sequence from one row up to another: sets what they emitted, adds drafting and verification to
   * `work`. Whoever has no quicker way goes round by round.
   */
  rounds?(rows: DecodingRows, from: number, upTo: number, work: StepWork): void;
  /** Its rounds, where they depend on nothing but their request. */
  readonly known?: KnownRounds;
  /** The same, as they are replayed when each request runs alone. */
  readonly told?: ToldRounds | undefined;
  /**
   * Once the rounds of a step are done: the draft length of all of them, where they have one that may be another in the
   * next step. Whoever runs steps states in their work when it is.
   */
  readonly stepLength?: number | undefined;
  /** A step gave the request at `position` one token without drafting. */
  sitOut(request: number, position: number): void;
  /** Prompt and output of a request were prefilled again, and one token came of it. */
  reread(request: number): void;
}

/** A way to propose tokens: knows from `replay` what would come of it, and states the work when it is used. */
export interface Proposer {
  readonly replay: RoundReplay;
  /** Sets `verified` to a round in which the target verifies so many of its drafts. */
  verify(drafted: number, verified: Verified): void;
  /** Adds the work of drafting what `replay` last answered. */
  draft(request: number, position: number, context: number, work: StepWork): void;
  /** Notes what the round emitted, by whichever proposer, and whether this one ran. */
  see(request: number, position: number, emitted: number, ran: boolean): void;
  /** Runs its model for its KV cache alone, in a round without drafts; who runs none has no such thing. */
  readAlong?(request: number, position: number, emitted: number, context: number, work: StepWork): void;
  /** Notes that everything but the last token was prefilled again. */
  reread(request: number): void;
}

/** A proposer whose work in a round follows from the tokens that it drafts and those that its model catches up on. */
export interface TellingProposer extends Proposer {
  nextCatchUp(request: number, position: number): number;
  /** Adds the work of drafting so many whole tokens, which may be none. */
  state(drafted: number, context: number, catchUp: number, work: StepWork): void;
}

/** What no round of any of these exceeds. */
export function mostVerified(proposers: readonly Proposer[]): Verified {
  const most = new Verified();
  const longest = new Verified();
  for (const proposer of proposers) {
    proposer.verify(proposer.replay.longest, longest);
    most.cover(longest);
  }
  return most;
}

/** Plain decoding: one token a step. */
export class PlainDecoding implements Drafter, KnownRounds {
  readonly known = this;
  readonly longest = 1;
  readonly catchUpAfter = new Int32Array(2);
  readonly #ones = { lengths: new Uint8Array(256).fill(1), start: 0, end: 0, byPosition: false };
  readonly most = new Verified();
  readonly verified = this.most;
  readonly emitted = 1;

  stepBegins(): void {}

  round(): void {}

  rounds(rows: DecodingRows, from: number, upTo: number, work: StepWork): void {
    let contextTokens = 0;
    for (let n = from; n < upTo; n++) {
      contextTokens += rows.context(n);
      rows.setEmitted(n, 1);
    }
    this.state(upTo - from, contextTokens, 0, work);
  }

  stream(_request: number, _position: number, left: number): RoundStream {
    const ones = this.#ones;
    if (left > ones.lengths.length) ones.lengths = new Uint8Array(2 * left).fill(1);
    ones.end = left;
    return ones;
  }

  nextCatchUp(): number {
    return 0;
  }

  state(sequences: number, contextTokens: number, _: number, work: StepWork): void {
    work.addRounds(sequences, contextTokens, this.verified);
  }

  resume(): void {}

  sitOut(): void {}

  reread(): void {}
}

/** Speculation with one proposer; the policy says how far. */
export class Speculation implements Drafter {
  readonly #proposer: Proposer;
  readonly #policy: Policy;
  readonly #replay: RoundReplay;
  readonly #readsAlong: boolean;
  readonly told: ToldRounds | undefined;
  readonly most: Verified;
  readonly verified = new Verified();
  emitted = 0;

  /** @param readsAlong whether the proposer's model runs in rounds without drafts too, for its KV cache */
  constructor(proposer: Proposer, policy: Policy, readsAlong = false, told?: ToldRounds) {
    this.#readsAlong = readsAlong;
    this.told = told;
    this.#proposer = proposer;
    this.#policy = policy;
    this.#replay = proposer.replay;
    this.most = mostVerified([proposer]);
  }

  stepBegins(sequences: number, contextTokens: number): void {
    this.#policy.stepBegins(sequences, contextTokens);
  }

  get stepLength(): number | undefined {
    return this.#policy.stepLength;
  }

  round(request: number, position: number, left: number, context: number, work: StepWork): void {
    const replay = this.#replay;
    const asked = this.#policy.choose(request, position);
    replay.round(request, position, left, asked);
    this.#proposer.verify(replay.drafted, this.verified);
    this.emitted = replay.emitted;
    if (asked === 0 && this.#readsAlong) {
      this.#proposer.readAlong?.(request, position, replay.emitted, context, work);
    } else {
      if (asked > 0) this.#proposer.draft(request, position, context, work);
      this.#proposer.see(request, position, replay.emitted, asked > 0);
    }
    this.#policy.see(request, position, asked, replay.drafted, replay.emitted - 1);
  }

  sitOut(request: number, position: number): void {
    this.#proposer.see(request, position, 1, false);
  }

  reread(request: number): void {
    this.#proposer.reread(request);
  }
}
