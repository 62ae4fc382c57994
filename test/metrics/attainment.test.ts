/** Requests judged as they end: by hand, and as the measures of the whole run have it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FinishedRecords } from '../../src/engine/records.ts';
import { Judge } from '../../src/metrics/attainment.ts';
import { servingMeasures } from '../../src/metrics/serving.ts';
import type { Slo } from '../../src/metrics/slo.ts';

/** A request a second, each with its times to the first token and to a tenth, in the order in which they end. */
function ended(times: readonly (readonly [ttftS: number, decodeS: number])[]): FinishedRecords {
  const finished = new FinishedRecords();
  const endS = times.map(([ttftS, decodeS], request) => request + ttftS + decodeS);
  for (const request of [...times.keys()].sort((a, b) => endS[a]! - endS[b]!)) {
    const i = finished.next();
    finished.request[i] = request;
    finished.tokens[i] = 10;
    finished.arrivalS[i] = request;
    finished.firstTokenS[i] = request + times[request]![0];
    finished.endS[i] = endS[request]!;
  }
  return finished;
}

const noGap = () => null;

function judged(slo: Slo, finished: FinishedRecords): Judge {
  const judge = new Judge(slo, finished.length);
  judge.see(finished, noGap);
  return judge;
}

describe('requests judged as they end', () => {
  it('by hand: what most of them miss', () => {
    const finished = ended([
      [0.5, 1],
      [1.2, 0.8],
      [0.5, 9],
      [3, 25],
    ]);
    const under = (limitsS: Slo['limitsS']) => judged({ limitsS, share: 0.5 }, finished).attainment;
    expect(under({ ttft: 1, tpot: 10 })).toEqual({ share: 0.5, tightest: 'ttft' });
    expect(under({ ttft: 1, tpot: 0.5 })).toEqual({ share: 0.25, tightest: 'ttft' });
    expect(under({ ttft: 2, tpot: 0.5 })).toEqual({ share: 0.5, tightest: 'tpot' });
    expect(under({ ttft: 9, tpot: 10 })).toEqual({ share: 1, tightest: null });
  });

  it('come to the share of the whole run, and are decided no sooner than that is', () => {
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
        const held = slo_share! >= share;
        const all = finished.length;
        let complete = false;
        for (finished.length = 0; finished.length < all; ) {
          finished.length++;
          judge.see(finished, noGap);
          if (judge.decided) expect(judge.attainment.share >= share).toBe(held);
          complete ||= judge.complete;
          if (judge.complete) expect(judge.attainment.share).toBe(slo_share);
        }
        expect(complete && judge.decided).toBe(true);
      }),
    );
  });
});
