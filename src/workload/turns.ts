/** Requests that go on with others: of conversations that are made, and of sessions that were recorded. */

export interface Turns {
  /** First request of each conversation. */
  readonly first: Int32Array;
  /** By request: the next turn; -1 after the last. */
  readonly next: Int32Array;
  /** Of each turn, seconds from the end of the one before. */
  readonly delayS: Float64Array;
  /** Of each turn, seconds from the beginning of its conversation, at least. */
  readonly offsetS: Float64Array;
}

/** The turns of some requests alone, ascending, among which every conversation is whole. */
export function pickTurns({ first, next, delayS, offsetS }: Turns, requests: readonly number[]): Turns {
  const place = new Map(requests.map((r, i) => [r, i]));
  const pick = (values: Float64Array) => Float64Array.from(requests, (r) => values[r]!);
  return {
    first: Int32Array.from(first)
      .filter((r) => place.has(r))
      .map((r) => place.get(r)!),
    next: Int32Array.from(requests, (r) => place.get(next[r]!) ?? -1),
    delayS: pick(delayS),
    offsetS: pick(offsetS),
  };
}

/** By request: the number of its conversation. */
export function conversationOf({ first, next }: Turns): Int32Array {
  const of = new Int32Array(next.length);
  for (const [c, begins] of first.entries()) {
    for (let r = begins; r >= 0; r = next[r]!) of[r] = c;
  }
  return of;
}

/** What a file says of when a turn comes, after the one before it of its session. */
export interface SessionTurn {
  readonly session: unknown;
  /** Null where it has a time of its own. */
  readonly delayS: number | null;
}

/**
 * The turns of recorded sessions; null where none has a second one.
 *
 * @param atS when each request came, or would have had the one before taken no time; ascending
 * @param turns of each request; undefined for one of no session
 */
export function sessionsOf(
  atS: ArrayLike<number>,
  turns: readonly (SessionTurn | undefined)[],
): Turns | null {
  const requests = turns.length;
  const next = new Int32Array(requests).fill(-1);
  const delayS = new Float64Array(requests);
  const offsetS = new Float64Array(requests);
  const first: number[] = [];
  const begun = new Map<unknown, { readonly atS: number; last: number }>();
  for (const [r, turn] of turns.entries()) {
    const before = turn && begun.get(turn.session);
    if (before === undefined) {
      first.push(r);
      if (turn !== undefined) begun.set(turn.session, { atS: atS[r]!, last: r });
      continue;
    }
    next[before.last] = r;
    before.last = r;
    if (turn!.delayS === null) offsetS[r] = atS[r]! - before.atS;
    else delayS[r] = turn!.delayS;
  }
  return first.length === requests ? null : { first: Int32Array.from(first), next, delayS, offsetS };
}
