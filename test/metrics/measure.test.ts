/** From what a run leaves behind to measures, by hand. */
import { expect, it } from 'vitest';
import { addRounds, emptyTotals } from '../../src/engine/records.ts';
import { measure } from '../../src/metrics/measure.ts';

/** Two copies of a request of three tokens, and one request of a single token. */
const finished = {
  length: 2,
  request: Int32Array.of(0, 1),
  copies: Int32Array.of(2, 1),
  tokens: Int32Array.of(3, 1),
  arrivalS: Float64Array.of(0, 0),
  firstTokenS: Float64Array.of(1, 2),
  endS: Float64Array.of(5, 2),
};

const totals = emptyTotals();
// Two rounds draft six tokens and verify those and their own; three drafts are kept, five tokens come out.
addRounds(totals, 2, 6, 8, 5);
totals.decodeSteps = 2;
Object.assign(totals.decode, { draftS: 1, verifyS: 4 });
Object.assign(totals.all, { draftS: 1, verifyS: 4, prefillS: 5 });

it('rounds are drafted, verified, accepted and emitted', () => {
  expect(measure('closed', finished, totals, 10)).toMatchObject({
    tokens_per_round: 2.5,
    drafted_per_round: 3,
    verified_per_round: 4,
    acceptance_rate: 3 / 6,
    wasted_verify_share: 3 / 8,
    decode_tok_per_s: 1,
    step_ms: { draft: 500, verify: 2000, sampling: 0, overhead: 0 },
    time_share: { draft: 0.1, verify: 0.4, sampling: 0, overhead: 0, prefill: 0.5 },
  });
});

it('throughput is of the run, and of clones the mean of batches; a request without a second token has no time of one', () => {
  const closed = measure('closed', finished, totals, 10);
  expect(closed).toMatchObject({ requests: 2, throughput_tok_per_s: 7 / 10, mean_tpot_s: 2 });
  const clones = measure('clones', finished, totals, 10);
  expect(clones.throughput_tok_per_s).toBeCloseTo((6 / 5 + 1 / 2) / 2, 12);
  expect(measure('closed', { ...finished, length: 0 }, emptyTotals(), 10)).toMatchObject({
    tokens_per_round: null,
    acceptance_rate: null,
    wasted_verify_share: null,
    mean_tpot_s: null,
    step_ms: null,
  });
});
