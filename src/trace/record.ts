/**
 * What an acceptance file says, in one of three kinds. All lengths count the bonus (or correction) token and
 * all rates are marginal per draft position, whatever the file's own conventions (docs/formats.md).
 */
import type { TokenConfidence } from './token-confidence.ts';
import type { AcceptanceTrace, Provenance } from './trace.ts';

/** What a reader has to say beside the figures: what it left out, what it took the file for. Not written to files. */
interface Noted {
  readonly notes?: readonly string[];
}

/** Every position of every output: any k up to the recorded one can be replayed. */
interface PositionRecord extends Noted {
  readonly kind: 'position-indexed';
  readonly trace: AcceptanceTrace;
}

/**
 * How the recorded drafter proposes. A chain is cut at a smaller k. A smaller block or tree would have been another one,
 * and no method here has the price of a tree.
 */
export const DRAFTING = ['chain', 'tree', 'block', 'unknown'] as const;
export type Drafting = (typeof DRAFTING)[number];

/** The rounds of one drafter, request after request, flat. Round i of request r is element `offsets[r] + i`. */
export interface Steps {
  readonly method: string;
  readonly drafting: Drafting;
  /** The largest draft length of a round: 0 to 254. */
  readonly maxK: number;
  /** Names of the requests; another method may have run others. */
  readonly ids: readonly string[];
  /** Prompt length of each request in tokens; null where nobody recorded it. */
  readonly promptTokens: Int32Array | null;
  /** Output length of each request in tokens: the prefill's token, those of its rounds, and those outside them. */
  readonly outputTokens: Int32Array;
  readonly offsets: Int32Array;
  /** Tokens emitted by the round, the bonus token included: 1 to maxK + 1. */
  readonly emitted: Uint8Array;
  /** Tokens drafted by the round, 0 where nothing was proposed; null where nobody recorded it. */
  readonly proposed: Uint8Array | null;
  /** By round, where it was recorded. */
  readonly confidence?: TokenConfidence;
}

/** Only the rounds that ran: another k moves where rounds start, so it is answered approximately. */
export interface RoundsRecord extends Noted {
  readonly kind: 'step-indexed';
  readonly name: string;
  readonly provenance: Provenance;
  readonly drafters: readonly Steps[];
}

/** Totals and rates over some rounds: a request, an interval of a log, a whole run. Null: not in the source. */
export interface Rates {
  /** What the rounds have in common: a request, a line, a setting. */
  readonly label: string;
  readonly method: string | null;
  /** Drafted tokens a round, at most. */
  readonly k: number | null;
  readonly rounds: number | null;
  readonly draftedTokens: number | null;
  readonly acceptedTokens: number | null;
  /** Tokens emitted a round, the bonus token included. */
  readonly meanLength: number | null;
  /** Element i is the share of rounds that accept at least i + 1 drafted tokens. */
  readonly marginal: readonly number[] | null;
  /** Rounds (of one token each) in which nothing was drafted, left out of all other figures; null: not in the source. */
  readonly roundsWithoutProposal: number | null;
  /** How many rounds the part stands for beside others, where the source says that and not their number. */
  readonly weight?: number;
}

export interface RatesRecord extends Noted {
  readonly kind: 'rates';
  /** How the rounds were drafted, where the file leaves it open and the user says it. Not written to files. */
  readonly drafting?: Drafting;
  readonly name: string;
  readonly provenance: Provenance;
  readonly rates: readonly Rates[];
}

export type AcceptanceRecord = PositionRecord | RoundsRecord | RatesRecord;
