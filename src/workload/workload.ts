/**
 * A recorded workload: when requests came and how long they were. It says nothing of acceptance, which a trace
 * adds (join.ts), nor of the texts.
 */

import { pickTurns, type SessionTurn, sessionsOf, type Turns } from './turns.ts';

/** Hashes of the whole blocks of each prompt, flat; equal hashes at the start of two prompts are a shared prefix. */
export interface PrefixHashes {
  /** Length requests + 1. */
  readonly offsets: Int32Array;
  readonly hashes: Float64Array | Int32Array;
  /** Prompt tokens that one hash stands for. */
  readonly blockTokens: number;
}

export interface Workload {
  /** The format's name. */
  readonly format: string;
  /** Seconds since the first request of the file, ascending. */
  readonly arrivalS: Float64Array;
  readonly promptTokens: Int32Array;
  readonly outputTokens: Int32Array;
  readonly prefixHashes: PrefixHashes | null;
  /** Of sessions whose turns wait for one another; null without. */
  readonly turns: Turns | null;
  /** Requests of the file that are left out since they have no prompt or no output (a failed request). */
  readonly dropped: number;
  /** Requests that stood before an earlier one in the file; they are put in order of time. */
  readonly outOfOrder: number;
  /** What a user should know of how the file was read. */
  readonly notes: readonly string[];
}

/** One request as a reader finds it. */
export interface WorkloadRow {
  /** Seconds, from any origin. */
  readonly atS: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly hashes?: readonly number[];
  /** Of a session. */
  readonly turn?: SessionTurn;
}

/**
 * Drops what cannot be served, puts the rest in order of time (stable), and counts from the first one kept.
 *
 * @param blockTokens prompt tokens that a hash stands for; null in formats without hashes
 */
export function workloadOf(
  format: string,
  rows: readonly WorkloadRow[],
  blockTokens: number | null,
  notes: readonly string[],
): Workload {
  const served = rows.filter((row) => row.promptTokens > 0 && row.outputTokens > 0);
  const outOfOrder = served.filter((row, i) => i > 0 && row.atS < served[i - 1]!.atS).length;
  if (outOfOrder > 0) served.sort((a, b) => a.atS - b.atS);
  const originS = served[0]?.atS ?? 0;
  return {
    format,
    arrivalS: Float64Array.from(served, (row) => row.atS - originS),
    promptTokens: Int32Array.from(served, (row) => row.promptTokens),
    outputTokens: Int32Array.from(served, (row) => row.outputTokens),
    prefixHashes: blockTokens === null ? null : hashesOf(served, blockTokens),
    turns: sessionsOf(
      served.map(({ atS }) => atS),
      served.map(({ turn }) => turn),
    ),
    dropped: rows.length - served.length,
    outOfOrder,
    notes,
  };
}

/** The first `count` requests. */
export function firstRequests(workload: Workload, count: number): Workload {
  const { prefixHashes, turns } = workload;
  const kept = [...Array(count).keys()];
  return {
    ...workload,
    arrivalS: workload.arrivalS.slice(0, count),
    promptTokens: workload.promptTokens.slice(0, count),
    outputTokens: workload.outputTokens.slice(0, count),
    prefixHashes: prefixHashes === null ? null : selectHashes(prefixHashes, kept),
    turns: turns && pickTurns(turns, kept),
  };
}

/** The hashes of some requests, in that order. */
export function selectHashes(
  { offsets, hashes, blockTokens }: PrefixHashes,
  requests: readonly number[],
): PrefixHashes {
  return flatHashes(
    requests.map((r) => hashes.subarray(offsets[r]!, offsets[r + 1]!)),
    blockTokens,
  );
}

function hashesOf(rows: readonly WorkloadRow[], blockTokens: number): PrefixHashes | null {
  if (rows.every((row) => row.hashes === undefined)) return null;
  // A block that the prompt does not fill is never found again.
  return flatHashes(
    rows.map(({ hashes = [], promptTokens }) => hashes.slice(0, Math.floor(promptTokens / blockTokens))),
    blockTokens,
  );
}

function flatHashes(lists: readonly ArrayLike<number>[], blockTokens: number): PrefixHashes {
  const offsets = new Int32Array(lists.length + 1);
  lists.forEach((list, r) => {
    offsets[r + 1] = offsets[r]! + list.length;
  });
  const hashes = new Float64Array(offsets[lists.length]!);
  lists.forEach((list, r) => {
    hashes.set(list, offsets[r]!);
  });
  return { offsets, hashes, blockTokens };
}
