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
  let tokens = 0;
  let contextTokens = 0;
  let attentionPairs = 0;
  for (let n = from; n < upTo; n++) {
    const context = rows.context(n);
    drafter.round(rows.request(n), rows.position(n), rows.left(n), 1, context, work);
    const { drafted } = drafter;
    rows.setEmitted(n, drafter.emitted);
    tokens += drafted + 1;
    contextTokens += context + drafted;
    attentionPairs += (drafted + 1) * (context + drafted / 2);
  }
  work.verify.add(upTo - from, tokens, contextTokens, attentionPairs);
}
