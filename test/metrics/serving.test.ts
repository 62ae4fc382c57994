/** Measures of a served load: by hand, and laws. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assembleDrafter } from '../../src/drafter/assemble.ts';
import { parseMethod } from '../../src/drafter/methods.ts';
import { AS_RECORDED } from '../../src/drafter/replay.ts';
import { Open } from '../../src/engine/load.ts';
import type { FinishedRecord } from '../../src/engine/records.ts';
import { DISTRIBUTION_FIELDS, distributionOf } from '../../src/metrics/distribution.ts';
import { latencyOf, type ServedRun, servingMeasures } from '../../src/metrics/serving.ts';
import { parseSlo, SLO_LIMITS, type Slo } from '../../src/metrics/slo.ts';
import { normal, stream } from '../../src/random/streams.ts';
import { serve, servedRun } from '../../src/scenario/serving.ts';
import { MAX_K, recordsOf, Stopwatch, steady, UNLIMITED } from '../serving.ts';

describe('a distribution', () => {
  it('by hand: 1 to 5', () => {
    const { mean, p50, p90, p95, p99 } = distributionOf(Float64Array.of(5, 1, 4, 2, 3))!;
    expect(mean).toBe(3);
    expect(p50).toBe(3);
    expect(p90).toBeCloseTo(4.6, 12);
    expect(p95).toBeCloseTo(4.8, 12);
    expect(p99).toBeCloseTo(4.96, 12);
  });

  it('intervals by hand: 30 independent values', () => {
    const values = Float64Array.from({ length: 30 }, (_, i) => i);
    const found = distributionOf(values)!;
    // Variance of 0..29 over n - 1 is 77.5.
    expect(found.mean_hi! - found.mean).toBeCloseTo(1.9599639845 * Math.sqrt(77.5 / 30), 9);
    // Half of the values are at or below the median 14.5.
    const halfShare = 1.9599639845 * Math.sqrt((30 * 0.25) / 29 / 30);
    expect(found.p50_lo).toBeCloseTo((0.5 - halfShare) * 29, 9);
    expect(found.p50_hi).toBeCloseTo((0.5 + halfShare) * 29, 9);
  });

  it('intervals by hand: batches that differ are not independent', () => {
    // 20 batches of 3 equal values: 60 values carry what 20 do.
    const values = Float64Array.from({ length: 60 }, (_, i) => Math.floor(i / 3));
    const found = distributionOf(values)!;
    expect(found.mean).toBe(9.5);
    expect(found.mean_hi! - found.mean).toBeCloseTo(2.0930240544 * Math.sqrt(35 / 20), 9);
  });

  it('counts are repetitions', () => {
    const entry = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 4 }));
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 15 }), (entries) => {
        const repeated = entries.flatMap(([value, times]) => Array(times).fill(value));
        const values = Float64Array.from(entries, ([value]) => value);
        const counts = Int32Array.from(entries, ([, times]) => times);
        const found = distributionOf(values, counts)!;
        const expected = distributionOf(Float64Array.from(repeated))!;
        expect(Object.keys(found)).toEqual(DISTRIBUTION_FIELDS);
        for (const p of ['mean', 'p50', 'p90', 'p95', 'p99'] as const) {
          expect(found[p]).toBeCloseTo(expected[p], 12);
          // Batches begin where entries do, so that from 40 values on they may differ.
          if (repeated.length < 40 && repeated.length > 1) {
            expect(found[`${p}_lo`]!).toBeCloseTo(expected[`${p}_lo`]!, 9);
            expect(found[`${p}_hi`]!).toBeCloseTo(expected[`${p}_hi`]!, 9);
          }
        }
      }),
    );
  });

  it('percentiles are those of the values sorted, however near each other many lie', () => {
    const value = fc.oneof(
      fc.integer({ min: 0, max: 5 }),
      fc.double({ min: 1, max: 1 + 1e-9, noNaN: true }),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
    );
    const entry = fc.tuple(value, fc.integer({ min: 0, max: 3 }));
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 200 }), value, (entries, last) => {
        const all: [number, number][] = [...entries, [last, 1]];
        const found = distributionOf(
          Float64Array.from(all, ([one]) => one),
          Int32Array.from(all, ([, times]) => times),
        )!;
        const sorted = all.flatMap(([one, times]) => Array<number>(times).fill(one)).sort((a, b) => a - b);
        for (const p of [50, 90, 95, 99] as const) {
          const at = (p / 100) * (sorted.length - 1);
          const below = sorted[Math.floor(at)]!;
          expect(found[`p${p}`]).toBe(below + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - below));
        }
      }),
    );
  });

  it('has no interval from one value, and nothing from none', () => {
    expect(distributionOf(Float64Array.of(7))).toMatchObject({
      mean: 7,
      p99: 7,
      p99_lo: null,
      mean_hi: null,
    });
    expect(distributionOf(new Float64Array(0))).toBeNull();
  });

  it('percentiles rise, and lie in their intervals and among the values', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 120 }),
        (values) => {
          const found = distributionOf(Float64Array.from(values))!;
          const { p50, p90, p95, p99 } = found;
          expect([p50, p90, p95, p99]).toEqual([p50, p90, p95, p99].toSorted((a, b) => a - b));
          for (const p of ['p50', 'p90', 'p95', 'p99'] as const) {
            expect(found[`${p}_lo`]!).toBeLessThanOrEqual(found[p]);
            expect(found[`${p}_hi`]!).toBeGreaterThanOrEqual(found[p]);
            expect(found[`${p}_lo`]!).toBeGreaterThanOrEqual(Math.min(...values));
            expect(found[`${p}_hi`]!).toBeLessThanOrEqual(Math.max(...values));
          }
        },
      ),
    );
  });

  it.each([
    ['independent values', 0],
    ['values that last', 0.9],
  ])('intervals hold the truth about 95 times in 100: %s', (_, memory) => {
    const quantiles = { mean: 0, p50: 0, p90: 1.2815515655 } as const;
    const held = { mean: 0, p50: 0, p90: 0 };
    const runs = 300;
    for (let run = 0; run < runs; run++) {
      const draw = stream(run, 'coverage', memory);
      let state = normal(draw);
      const values = Float64Array.from({ length: 1200 }, () => {
        state = memory * state + Math.sqrt(1 - memory ** 2) * normal(draw);
        return state;
      });
      const found = distributionOf(values)!;
      for (const point of ['mean', 'p50', 'p90'] as const) {
        const truth = quantiles[point];
        if (found[`${point}_lo`]! <= truth && truth <= found[`${point}_hi`]!) held[point]++;
      }
    }
    // Batches that still lean on their neighbours cost some coverage: 1200 values that last are worth 60.
    const least = memory === 0 ? 0.92 : 0.85;
    for (const count of Object.values(held)) {
      expect(count / runs).toBeGreaterThan(least);
      expect(count / runs).toBeLessThanOrEqual(1);
    }
  });
});

describe('an objective', () => {
  it('by hand', async () => {
    expect(await parseSlo('ttft=500ms, tpot=30 ms', '--slo')).toEqual({
      limitsS: { ttft: 0.5, tpot: 0.03 },
      share: 0.99,
    });
    expect(await parseSlo('e2e=1 min,itl=100us,share=95%', '--slo')).toEqual({
      limitsS: { e2e: 60, itl: 1e-4 },
      share: 0.95,
    });
    expect((await parseSlo('ttft=2s,share=0.9', '--slo')).share).toBe(0.9);
  });

  it.each([
    ['', '--slo: got ""'],
    ['ttft', '--slo: got "ttft"'],
    ['ttft=', '--slo: got "ttft="'],
    ['ttft=500', '--slo: ttft: missing unit'],
    ['ttft=0ms', '--slo: ttft: got "0 ms", which is not positive'],
    ['ttft=-1s', 'not positive'],
    ['ttft=5 GB', '--slo: ttft: got "5 GB"'],
    ['tbot=5ms', '--slo: unknown limit "tbot": nearest is tpot'],
    ['ttft=1s,ttft=2s', '--slo: ttft given twice'],
    ['ttft=1s,share=101%', '--slo: share: got "101%"'],
    ['ttft=1s,share=0', '--slo: share'],
    ['ttft=1s,share=x', '--slo: share'],
    ['share=95%', '--slo: got "share=95%"'],
    ['ttft=1s,', '--slo: got ""'],
  ])('%j is refused', async (text, message) => {
    await expect(parseSlo(text, '--slo')).rejects.toThrow(message);
  });
});

const terms = { open: true, drained: null, slo: null, gpus: [{ count: 2, powerW: 700, priceUsdPerH: 3.6 }] };

function request(at: number, more: Partial<FinishedRecord> = {}): Partial<FinishedRecord> {
  return {
    request: at,
    tokens: 11,
    arrivalS: at,
    admittedS: at + 0.25,
    firstTokenS: at + 0.5,
    endS: at + 2.5,
    ...more,
  };
}

function run(finished: readonly Partial<FinishedRecord>[], more: Partial<ServedRun> = {}): ServedRun {
  return {
    finished: recordsOf(finished),
    longestGapOf: () => 0.2,
    unfinished: 0,
    makespanS: 8,
    gaps: {
      count: 3,
      gapS: Float64Array.of(0.1, 0.2, 0.6, 99),
      tokens: Int32Array.of(1, 2, 3, 99),
      requests: Int32Array.of(1, 1, 1, 99),
    },
    kvPeakShare: 0.75,
    stepS: 6,
    sequenceS: 3,
    split: null,
    ...more,
  };
}

it('first tokens and last ones are handed over after a drafting, which is none of the time between them', () => {
  const finished = recordsOf([request(0), request(1, { draftedS: 0.125 }), request(2, { tokens: 1 })]);
  const latencies = [0, 1, 2].map((i) => SLO_LIMITS.map((of) => latencyOf(of, finished, i, () => 0.3)));
  expect(latencies).toEqual([
    [0.5, 0.2, 0.3, 2.5],
    [0.625, 0.2, 0.3, 2.625],
    [0.5, Number.NaN, 0.3, 2.5],
  ]);
});

describe('measures of a served load', () => {
  it('by hand', () => {
    const finished = [
      request(0),
      request(1, { firstTokenS: 2, endS: 6, preemptions: 2 }),
      request(4, { tokens: 1, endS: 4.5 }),
    ];
    const measured = servingMeasures(run(finished), terms);
    expect(measured).toMatchObject({
      unfinished: 0,
      measured_requests: 3,
      offered_req_per_s: 2 / 4,
      throughput_req_per_s: 3 / 8,
      goodput_req_per_s: null,
      slo_share: null,
      slo_held: null,
      preemptions: 2,
      kv_peak_share: 0.75,
      mean_batch: 0.5,
    });
    expect(measured.ttft_s!.mean).toBeCloseTo((0.5 + 1 + 0.5) / 3, 12);
    expect(measured.ttft_s!.p50).toBe(0.5);
    // A request of one token has no time per output token.
    expect(measured.tpot_s!.mean).toBeCloseTo((0.2 + 0.4) / 2, 12);
    expect(measured.e2e_s!.p50).toBe(2.5);
    expect(measured.queue_s!.mean).toBeCloseTo(0.25, 12);
    // Gaps of steps: 0.1, 0.2, 0.6. Of tokens: 0.1, 0.1, 0.1, 0.2, 0.2, 0.2.
    expect(measured.itl_step_s!.mean).toBeCloseTo(0.3, 12);
    expect(measured.itl_step_s!.p50).toBe(0.2);
    expect(measured.itl_s!.mean).toBeCloseTo(0.15, 12);
    expect(measured.itl_s!.p50).toBeCloseTo(0.15, 12);
    // 2 GPUs for 8 s make 23 tokens.
    expect(measured.gpu_s_per_mtok).toBeCloseTo((16 / 23) * 1e6, 6);
    expect(measured.joules_per_mtok).toBeCloseTo((700 * 16e6) / 23, 3);
    expect(measured.usd_per_mtok).toBeCloseTo((0.001 * 16e6) / 23, 9);
  });

  it('leaves out the first and the last tenth by arrival', () => {
    const late = (at: number) => request(at, { firstTokenS: at + 100, endS: at + 200 });
    const finished = Array.from({ length: 20 }, (_, i) => (i < 2 || i >= 18 ? late(i) : request(i)));
    const measured = servingMeasures(run(finished.toReversed()), terms);
    expect(measured.measured_requests).toBe(16);
    expect(measured.ttft_s!.p99).toBeCloseTo(0.5, 12);
    expect(measured.throughput_req_per_s).toBe(20 / 8);
  });

  it('goodput by hand: each limit, alone and together', async () => {
    const finished = [
      request(0),
      request(1, { firstTokenS: 2.2, endS: 3 }),
      request(2, { endS: 12 }),
      request(3, { firstTokenS: 5, endS: 30 }),
    ];
    const share = async (text: string, longestGapOf: ServedRun['longestGapOf'] = () => Number.NaN) => {
      const slo = await parseSlo(text, '--slo');
      const measured = servingMeasures(run(finished, { longestGapOf }), { ...terms, slo });
      expect(measured.goodput_req_per_s).toBe(measured.throughput_req_per_s * measured.slo_share!);
      expect(measured.slo_held).toBe(measured.slo_share! >= slo.share);
      return measured.slo_share;
    };
    expect(await share('ttft=1s')).toBe(0.5);
    expect(await share('ttft=1s,share=50%')).toBe(0.5);
    expect(await share('tpot=500ms')).toBe(0.5);
    expect(await share('ttft=1s,tpot=500ms')).toBe(0.25);
    expect(await share('e2e=20s')).toBe(0.75);
    expect(await share('itl=100ms', ({ request }, i) => request[i]! / 10)).toBe(0.5);
  });

  it('goodput never exceeds throughput and falls as limits tighten', () => {
    const time = fc.double({ min: 0, max: 10, noNaN: true });
    const requests = fc.array(fc.tuple(time, time, time, fc.integer({ min: 1, max: 50 })), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(requests, time, time, (drawn, ttft, tpot) => {
        const finished = drawn.map(([arrivalS, waitS, decodeS, tokens], i) =>
          request(i, { tokens, arrivalS, firstTokenS: arrivalS + waitS, endS: arrivalS + waitS + decodeS }),
        );
        const under = (slo: Slo) => servingMeasures(run(finished), { ...terms, slo });
        const loose = under({ limitsS: { ttft, tpot }, share: 1 });
        const tight = under({ limitsS: { ttft: ttft / 2, tpot: tpot / 2 }, share: 1 });
        expect(loose.goodput_req_per_s!).toBeLessThanOrEqual(loose.throughput_req_per_s);
        expect(tight.goodput_req_per_s!).toBeLessThanOrEqual(loose.goodput_req_per_s!);
      }),
    );
  });

  it('has no rate of arrival when all come at once, nor for closed loads', () => {
    const finished = [request(1), request(1)];
    expect(servingMeasures(run(finished), terms).offered_req_per_s).toBeNull();
    expect(
      servingMeasures(run([request(0), request(1)]), { ...terms, open: false }).offered_req_per_s,
    ).toBeNull();
  });
});

describe('the longest gap of a request', () => {
  it('accounts for every gap of a run without preemption', () => {
    const outputs = [9, 1, 30, 4, 17, 2];
    const prompts = [40, 300, 7, 90, 500, 11];
    const arrivalS = Float64Array.of(0, 0.5, 1, 7, 30, 31);
    const served = serve(
      {
        workload: { promptTokens: Int32Array.from(prompts), outputTokens: Int32Array.from(outputs) },
        load: new Open(arrivalS),
        drafter: assembleDrafter(parseMethod('eagle3'), MAX_K, [steady(outputs, 2)], AS_RECORDED),
        cost: new Stopwatch(
          ({ tokens }) => 1 + tokens / 7,
          ({ tokens }) => tokens / 100,
        ),
        draftModels: 1,
        limits: { ...UNLIMITED, maxBatchedTokens: 64 },
        replicas: 2,
      },
      { gaps: true, longestGaps: true },
    );
    const { gaps, longestGapOf, ...run } = servedRun(served, 1000);
    const finished = [...run.finished];
    const longest = finished.map((_, i) => longestGapOf(run.finished, i));
    const seconds = [...gaps.gapS.subarray(0, gaps.count)];
    expect(finished.every(({ preemptions }) => preemptions === 0)).toBe(true);
    expect(longest.filter(Number.isNaN)).toHaveLength(1);
    // Each is one of the gaps that the engine noted, and the longest of all is the longest of somebody.
    for (const gap of longest) {
      if (!Number.isNaN(gap)) expect(seconds.some((one) => Math.abs(one - gap) < 1e-9)).toBe(true);
    }
    expect(Math.max(...longest.filter((gap) => !Number.isNaN(gap)))).toBeCloseTo(Math.max(...seconds), 9);
    for (const [i, { tokens, firstTokenS, endS }] of finished.entries()) {
      if (tokens > 1) expect(longest[i]!).toBeGreaterThanOrEqual((endS - firstTokenS) / (tokens - 1) - 1e-9);
    }
    const decodingS = finished.reduce((sum, one) => sum + one.endS - one.firstTokenS, 0);
    expect(seconds.reduce((sum, gap, g) => sum + gaps.requests[g]! * gap, 0)).toBeCloseTo(decodingS, 6);
  });
});
