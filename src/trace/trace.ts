/**
 * The canonical acceptance trace: for every request and output position, how many tokens a round of
 * drafting and verifying that starts there emits. Any k up to the recorded one, any mixture and the oracle
 * are replays of it (docs/physics.md, section 3).
 *
 * Left out: step-indexed and rates-only sources (record.ts), which cannot answer for positions they did not start from.
 */

import type { TokenConfidence } from './token-confidence.ts';
import type { RecordedContext } from './token-context.ts';
import type { TokenRanks } from './token-ranks.ts';
import type { TokenScores } from './token-scores.ts';

/** `recording`: measured on a real system. `fitted`: sampled from a process fitted to one, or from a rate. */
export type TraceKind = 'recording' | 'fitted';

/**
 * Position-indexed acceptance of one drafter over all requests, flat. Element `offsets[r] + p` speaks of
 * request r when p of its output tokens exist. Position 0 is the token that the prefill emits: always 1.
 */
export interface PositionLengths {
  /** The largest draft length the recording can answer for. */
  readonly maxK: number;
  /** Length requests + 1; `offsets[r + 1] - offsets[r]` is the output length of request r, in tokens. */
  readonly offsets: Int32Array;
  /** Tokens emitted by the round at maxK, the bonus or correction token included: 1 to maxK + 1. */
  readonly emitted: Uint8Array;
  /**
   * Tokens proposed by the round at maxK: 0 when the drafter has nothing to propose there. `always`: k
   * tokens in every round, which is how the drafter works. `unknown`: nobody recorded it; k tokens are then
   * taken as proposed in every round, with a warning.
   */
  readonly proposed: Uint8Array | 'always' | 'unknown';
  /** `recording` or `fitted`, of this drafter's column alone. */
  readonly kind: TraceKind;
  /** What it was fitted to, where that is less than a recording: quantiles over requests, or rates. */
  readonly fittedTo?: 'quantiles' | 'rates';
  /** How it drafted, where the source says so; a block answers for k = maxK alone. */
  readonly drafting?: 'chain' | 'block';
  /** Which of the drafter's choices the target's tokens are, where that was recorded: what trees are replayed on. */
  readonly ranks?: TokenRanks;
  /** What the drafter stated of each draft, where that was recorded: what verification is budgeted by. */
  readonly confidence?: TokenConfidence;
  /** What the target thought of each draft, where that was recorded: what other rules of acceptance are replayed on. */
  readonly scores?: TokenScores;
  /** Where it was recorded, for a scenario that asks what other contexts change. */
  readonly recordedContext?: RecordedContext;
}

/** Token ids of all requests, flat; `offsets` have length requests + 1. */
export interface TokenIds {
  readonly promptOffsets: Int32Array;
  readonly prompt: Int32Array;
  readonly outputOffsets: Int32Array;
  readonly output: Int32Array;
}

/** Where a trace comes from; every field is shown to the user, none is interpreted but `dataset`. */
export interface Provenance {
  readonly source: string;
  readonly target: string;
  readonly dataset: string;
  readonly engine: string | null;
  readonly licence: string | null;
  /** The draft model or head, where known. */
  readonly draft?: string;
}

/** Acceptance of several drafters on the same requests. */
export interface AcceptanceTrace {
  /** The data set or file name that rows show. */
  readonly name: string;
  readonly provenance: Provenance;
  /** What its source calls each request; null where they are numbered, from 0 on. */
  readonly ids: readonly string[] | null;
  /** Prompt length of each request, in tokens. */
  readonly promptTokens: Int32Array;
  /** Output length of each request when nothing is drafted, in tokens. */
  readonly outputTokens: Int32Array;
  /** Output length at which the recording cut requests off, in tokens; null when it never did. */
  readonly outputLimit: number | null;
  /** Per drafter name (`ngram`, `eagle3`, ...). */
  readonly drafters: ReadonlyMap<string, PositionLengths>;
  readonly tokens: TokenIds | null;
}
