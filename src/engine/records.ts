/** What a run leaves behind: a record per finished entry, and sums over all steps. Plain objects. */
import { noSeconds, type PartSeconds } from '../cost/work.ts';

/** `copies` identical requests that ran together from admission to end. Times in virtual seconds. */
export interface FinishedRecord {
  readonly request: number;
  readonly copies: number;
  /** Output tokens of each copy. */
  readonly tokens: number;
  readonly arrivalS: number;
  readonly firstTokenS: number;
  readonly endS: number;
}

/** Sums over a run. Rounds and tokens count every copy; the prefill token is in none of them. */
export interface Totals {
  /** All steps, prefill steps included. */
  readonly all: PartSeconds;
  /** Decode steps alone. */
  readonly decode: PartSeconds;
  decodeSteps: number;
  rounds: number;
  emitted: number;
  drafted: number;
  accepted: number;
  /** How often an entry could start only some of its copies. */
  splitEntries: number;
}

export function emptyTotals(): Totals {
  return {
    all: noSeconds(),
    decode: noSeconds(),
    decodeSteps: 0,
    rounds: 0,
    emitted: 0,
    drafted: 0,
    accepted: 0,
    splitEntries: 0,
  };
}
