/** What a replica is made of that others share, and what bounds it. */
import type { CostModel } from '../cost/work.ts';
import type { Drafter } from '../drafter/drafter.ts';
import type { Handover } from './handover.ts';
import type { NumberedHashes } from './prefix-cache.ts';
import type { FinishedRecords, StepObserver, TokenGaps, Totals } from './records.ts';

/** What bounds a step and a replica. */
export interface Limits {
  /** Most tokens of one step: prompt chunks, and of each request that decodes its last token and its drafts. */
  readonly maxBatchedTokens: number;
  /** Most requests that run at once. May be infinite, as all of these. */
  readonly maxSequences: number;
  readonly kvBlocks: number;
  /** Blocks that a request holds however long it is; default: none. */
  readonly sequenceBlocks?: number;
  readonly blockTokens: number;
}

/** What replicas share. */
export interface ReplicaParts {
  readonly promptTokens: Int32Array;
  readonly outputTokens: Int32Array;
  readonly hashes: NumberedHashes | null;
  readonly drafter: Drafter;
  readonly cost: CostModel;
  /** That the drafter runs. */
  readonly draftModels: number;
  readonly limits: Limits;
  readonly totals: Totals;
  readonly finished: FinishedRecords;
  readonly gaps: TokenGaps | null;
  readonly observer: StepObserver | null;
  /** Between replicas that prefill and those that decode; null where each does both. */
  readonly handover: Handover | null;
}

/** What a replica does of a request. */
export type Role = 'both' | 'prefill' | 'decode';
