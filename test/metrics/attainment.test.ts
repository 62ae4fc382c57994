/** Requests judged as they end: by hand, and as the measures of the whole run have it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FinishedRecords } from '../../src/engine/records.ts';
import { type Attainment, Judge } from '../../src/metrics/attainment.ts';
import { servingMeasures } from '../../src/metrics/serving.ts';
import type { Slo } from '../../src/metrics/slo.ts';
import { recordsOf } from '../serving.ts';

/** A request a second, each with its times to the first token and to a tenth, in the order in which they end. */
function ended(times: readonly (readonly [ttftS: number, decodeS: number])[]): FinishedRecords {
  const all = times.map(([ttftS, decodeS], request) => ({
    request,
    tokens: 10,
    arrivalS: request,
    firstTokenS: request + ttftS,
    endS: request + ttftS + decodeS,
  }));
  return recordsOf(all.sort((a, b) => a.endS - b.endS));
}

const noGap = () => Number.NaN;

function judged(slo: Slo, finished: FinishedRecords): Judge {
  const judge = new Judge(slo, finished.length);
  judge.see(finished, noGap);
  return judge;
}

describe('requests judged as they end', () => {
  it('by hand: what most of them miss', () => {
    const finished = ended([
      [0.5, 1],
      [1.25, 0.8],
      [0.5, 9],
      [3, 25],
    ]);
    const under = (limitsS: Slo['limitsS'], share = 0.5) => judged({ limitsS, share }, finished).attainment;
    // Two of four are needed: the second shortest of how many limits each takes says by how much.
    expect(under({ ttft: 1, tpot: 10 })).toEqual({ share: 0.5, held: true, stretch: 0.5, tightest: 'ttft' });
    expect(under({ ttft: 1, tpot: 0.5 })).toEqual({
      share: 0.25,
      held: false,
      stretch: 1.25,
      tightest: 'ttft',
    });
    expect(under({ ttft: 2, tpot: 0.5 })).toMatchObject({ share: 0.5, held: true, tightest: 'tpot' });
    expect(under({ ttft: 9, tpot: 10 })).toMatchObject({ share: 1, held: true, tightest: null });
    expect(under({ ttft: 2 }, 1)).toEqual({ share: 0.75, held: false, stretch: 1.5, tightest: 'ttft' });
  });

  it('come to the share of the whole run, which limits as much longer as they stretch just hold', () => {
    const times = fc.array(fc.tuple(fc.constantFrom(0.1, 1, 8), fc.constantFrom(1, 9, 30)), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(times, fc.constantFrom(0.2, 0.5, 0.9, 1), (drawn, share) => {
        const finished = ended(drawn);
        const slo = { limitsS: { ttft: 2, tpot: 2 }, share };
        const { slo_share } = servingMeasures(
          {
            finished,
            longestGapOf: noGap,
            unfinished: 0,
            makespanS: 1,
            gaps: {
              count: 0,
              gapS: new Float64Array(),
              tokens: new Int32Array(),
              requests: new Int32Array(),
            },
            kvPeakShare: null,
            stepS: 1,
            sequenceS: 1,
            split: null,
          },
          { drained: null, open: true, slo, gpus: [] },
        );
        const judge = new Judge(slo, finished.length);
        const all = finished.length;
        let complete: Attainment | null = null;
        for (finished.length = 0; finished.length < all; ) {
          finished.length++;
          judge.see(finished, noGap);
          if (judge.complete) complete ??= judge.attainment;
        }
        const { share: met, held, stretch } = complete!;
        expect(met).toBe(slo_share);
        expect(held).toBe(slo_share! >= share);
        expect(stretch <= 1).toBe(held);
        const under = (times: number) =>
          judged({ limitsS: { ttft: 2 * times, tpot: 2 * times }, share }, finished).attainment.held;
        expect(under(stretch * (1 + 1e-12))).toBe(true);
        expect(under(stretch * (1 - 1e-12))).toBe(false);
      }),
    );
  });
});
