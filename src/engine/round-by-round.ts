/** The rounds of a step, one after the other. */
import type { StepWork } from '../cost/work.ts';
import type { DecodingRows } from '../drafter/decoding-rows.ts';
import type { Drafter } from '../drafter/drafter.ts';

/** A round of each row from one up to another, for drafters that have no quicker way. */
export function roundByRound(
  drafter: Drafter,
  rows: DecodingRows,
  from: number,
  upTo: number,
  work: StepWork,
): void {
  for (let n = from; n < upTo; n++) {
    const context = rows.context(n);
    drafter.round(rows.request(n), rows.position(n), rows.left(n), context, work);
    work.addRounds(1, context, drafter.verified);
    rows.setEmitted(n, emittedBy(drafter));
  }
}

/** Tokens the last round emitted. */
export function emittedBy({ emitted }: Drafter): number {
  if (emitted < 1) throw new Error(`a round emitted ${emitted} tokens, expected at least 1`);
  return emitted;
}
