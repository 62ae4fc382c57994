/** The fits of `specsim calibrate`: known parameters found again, and everything that must be refused. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fitAllReduce } from '../../../src/cost/calibration/all-reduce.ts';
import { type CalibrateOptions, calibrateOps, valuesOf } from '../../../src/cost/calibration/calibrate.ts';
import { decodeLaw, decodeRows } from '../../../src/cost/calibration/decode-attention.ts';
import { gemmLaw, gemmRows } from '../../../src/cost/calibration/gemm.ts';
import { type FittedLaw, fitLaw, type Law } from '../../../src/cost/calibration/law.ts';
import { leastSquares } from '../../../src/cost/calibration/least-squares.ts';
import type { AllReduceRow, AttentionRow, GemmRow } from '../../../src/cost/calibration/rows.ts';
import { readOps as readTable } from '../../../src/cost/calibration/tables.ts';
import { splitLaw, unsplitLaw, verifyRows } from '../../../src/cost/calibration/verify-attention.ts';
import { UserError } from '../../../src/errors.ts';
import { parseHardware } from '../../../src/hardware/load.ts';
import { calibrate } from '../../../src/node/calibrate.ts';
import { stream } from '../../../src/random/streams.ts';
import { modelCard } from '../../shipped-models.ts';

const PEAKS = { bytesPerS: 3e12, flopsPerS: 1e15 };
const SMS = 132;
const PLAIN = { keepUnphysical: false };
const measured = { engine: 'engine 1.0', kernel: 'kernel' };

const SHAPES = [
  [6144, 4096],
  [4096, 4096],
  [28672, 4096],
  [4096, 14336],
  [8192, 8192],
  [128256, 4096],
] as const;
const TOKENS = [1, 4, 16, 64, 128, 256, 512, 1024, 2048, 4096];

/** Rows that a law gives with those parameters, each time off by up to `noise` of itself. */
function timed<Row extends { seconds: number }>(
  law: Law<Row>,
  rows: readonly Omit<Row, 'seconds'>[],
  parameters: readonly number[],
  noise = 0,
): Row[] {
  const draw = stream(1, 'test', 'noise');
  return rows.map((row) => {
    const seconds = law.seconds(row as Row, parameters) * (1 + noise * (2 * draw() - 1));
    return { ...row, seconds } as Row;
  });
}

function gemms(dtype = 'bf16'): Omit<GemmRow, 'seconds'>[] {
  return SHAPES.flatMap(([n, k]) => TOKENS.map((m) => ({ ...measured, dtype, n, k, m })));
}

function attention(queryTokens: readonly number[]): Omit<AttentionRow, 'seconds'>[] {
  return queryTokens.flatMap((q) =>
    [1, 8, 64, 256].flatMap((sequences) =>
      [512, 4096, 32768].flatMap((contextTokens) =>
        [8, 16].map((kvHeads) => ({
          ...measured,
          kvDtype: 'bf16',
          sequences,
          queryTokens: q,
          contextTokens,
          heads: 32,
          kvHeads,
          headDim: 128,
          window: null,
        })),
      ),
    ),
  );
}

function messages(gpus: number): Omit<AllReduceRow, 'seconds'>[] {
  return Array.from({ length: 17 }, (_, i) => ({ ...measured, system: null, gpus, bytes: 2 ** (11 + i) }));
}

/** Every parameter within `share` of what made the rows; times within that share of a micro second too. */
function expectFound(fit: FittedLaw, parameters: readonly number[], share = 0.01): void {
  for (const [i, { name, value }] of fit.parameters.entries()) {
    expect(Math.abs(value / parameters[i]! - 1), name).toBeLessThan(share);
  }
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).message;
  }
  throw new Error('nothing was refused');
}

describe('least squares', () => {
  const x = Array.from({ length: 40 }, (_, i) => i / 10);
  const y = x.map((at) => 3 * Math.exp(-0.7 * at));
  const curve = ([a, b]: readonly number[]) => x.map((at, i) => a! * Math.exp(-b! * at) - y[i]!);

  it('finds the parameters of a curve, and how well it knows them', () => {
    const fit = leastSquares(curve, [1, 1], { steps: [1e-6, 1e-6], iterations: 100 });
    expect(fit.converged).toBe(true);
    expect(fit.parameters[0]).toBeCloseTo(3, 8);
    expect(fit.parameters[1]).toBeCloseTo(0.7, 8);
    expect(Math.max(...fit.standardErrors())).toBeLessThan(1e-6);
  });

  it('is not led astray by outliers when it is robust', () => {
    const spoilt = (parameters: readonly number[]) =>
      curve(parameters).map((residual, i) => (i % 8 === 0 ? residual - 5 : residual));
    const options = { steps: [1e-6, 1e-6], iterations: 300 };
    expect(leastSquares(spoilt, [1, 1], options).parameters[0]).toBeGreaterThan(3.3);
    expect(leastSquares(spoilt, [1, 1], { ...options, softBeyond: 0.001 }).parameters[0]).toBeCloseTo(3, 1);
  });

  it('is pulled to the start where it is told to', () => {
    const options = { steps: [1e-6], iterations: 50 };
    const pulled = (pull: number) => leastSquares(([a]) => [a! - 1], [0], { ...options, pull: [pull] });
    expect(pulled(1).parameters[0]).toBeCloseTo(1 / 2, 6);
    expect(pulled(3).parameters[0]).toBeCloseTo(9 / 10, 6);
  });

  it('says which parameter the data do not determine', () => {
    const fit = leastSquares(([a, b]) => [a! - 1, a! - 1.1, 0 * b!], [0, 0], {
      steps: [1e-6, 1e-6],
      iterations: 50,
    });
    expect(fit.parameters[0]).toBeCloseTo(1.05, 6);
    expect(fit.standardErrors()[0]).toBeLessThan(0.2);
    expect(fit.standardErrors()[1]).toBe(Infinity);
  });

  it('never moves to where residuals are not numbers', () => {
    const fit = leastSquares(([a]) => [Math.log(a!) - 1], [0.1], { steps: [1e-6], iterations: 100 });
    expect(fit.parameters[0]).toBeCloseTo(Math.E, 6);
  });
});

describe('laws', () => {
  it('gemm: parameters are found again to 1 %', () => {
    fc.assert(
      fc.property(
        fc.record({
          t0: fc.double({ min: 2e-6, max: 8e-6, noNaN: true }),
          bandwidth: fc.double({ min: 0.6, max: 0.95, noNaN: true }),
          flops: fc.double({ min: 0.5, max: 0.9, noNaN: true }),
          corner: fc.double({ min: 1.3, max: 4, noNaN: true }),
        }),
        fc.constantFrom('bf16', 'fp8'),
        ({ t0, bandwidth, flops, corner }, dtype) => {
          const law = gemmLaw(dtype, PEAKS);
          const truth = [t0, bandwidth, flops, corner];
          const rows = gemmRows(timed(law, gemms(dtype), truth), dtype, PEAKS.bytesPerS, 50e6);
          const fit = fitLaw(law, rows, PLAIN);
          expectFound(fit, truth);
          expect(fit.meanError).toBeLessThan(1e-3);
          expect(fit.pinned).toEqual([]);
        },
      ),
      { numRuns: 12, seed: 1 },
    );
  });

  it('gemm: noise of the rows is the error that is reported, in the fit and held out', () => {
    const law = gemmLaw('bf16', PEAKS);
    const truth = [4e-6, 0.85, 0.75, 2.5];
    const fit = fitLaw(law, timed(law, gemms(), truth, 0.04), PLAIN);
    expect(fit.parameters[1]!.value).toBeCloseTo(0.85, 1);
    expect(fit.meanError).toBeGreaterThan(0.015);
    expect(fit.meanError).toBeLessThan(0.025);
    expect(fit.heldOutError).toBeGreaterThan(fit.meanError);
    expect(fit.heldOutError).toBeLessThan(0.03);
    expect(fit.heldOut).toBe('1/5 of 6 weight shapes');
  });

  it('gemm: small matrices are left out, and what came from cache where a row proves that some did', () => {
    const law = gemmLaw('bf16', PEAKS);
    const small = { ...measured, dtype: 'bf16', n: 512, k: 65536, m: 1 };
    const rows = timed(law, [...gemms(), small], [4e-6, 0.85, 0.75, 2.5]);
    expect(gemmRows(rows, 'bf16', PEAKS.bytesPerS, 50e6)).toHaveLength(60);
    const hot = rows.map((row) => (row.n * row.k < 17e6 && row.m === 1 ? { ...row, seconds: 5e-6 } : row));
    const cold = gemmRows(hot, 'bf16', PEAKS.bytesPerS, 50e6);
    expect(cold.every(({ n, k, m }) => 2 * (n * k + m * (n + k)) >= 75e6)).toBe(true);
    expect(cold.length).toBeGreaterThan(30);
    expect(refusal(() => gemmRows(hot, 'bf16', PEAKS.bytesPerS, null))).toBe(
      'gemm bf16: some rows are faster than memory, expected specification.l2 in the profile to leave out what comes from cache',
    );
  });

  it('decode attention: bandwidth, launch and wave are found again from rows beyond L2', () => {
    const law = decodeLaw(PEAKS.bytesPerS, SMS);
    const truth = [15e-6, 0.93, 2e-6];
    const all = timed(law, attention([1]), truth);
    const rows = decodeRows(all, 50e6);
    expect(rows.length).toBeLessThan(all.length);
    expectFound(fitLaw(law, rows, PLAIN), truth);
    const plain = decodeLaw(PEAKS.bytesPerS, null);
    expectFound(fitLaw(plain, timed(plain, rows, truth.slice(0, 2)), PLAIN), truth.slice(0, 2));
  });

  it('verify attention: both laws are found again', () => {
    const rows = verifyRows(timed(unsplitLaw(SMS), attention([4, 8, 32]), [9e-6, 25e-9]));
    expectFound(fitLaw(unsplitLaw(SMS), rows, PLAIN), [9e-6, 25e-9]);
    const split = splitLaw(2.8e12, 6e14);
    expectFound(fitLaw(split, timed(split, attention([4, 32]), [9e-6]), PLAIN), [9e-6]);
  });

  it('all-reduce: one line, or two where two are worth it', () => {
    const one = (row: Omit<AllReduceRow, 'seconds'>) => ({ ...row, seconds: 5e-6 + row.bytes / 2e11 });
    const two = (row: Omit<AllReduceRow, 'seconds'>) => ({
      ...row,
      seconds: Math.min(5e-6 + row.bytes / 4e10, 20e-6 + row.bytes / 2e11),
    });
    const single = fitAllReduce(messages(8).map(one), 8, null, PLAIN);
    expectFound(single, [5e-6, 2e11]);
    const double = fitAllReduce(messages(8).map(two), 8, null, PLAIN);
    expectFound(double, [5e-6, 4e10, 20e-6, 2e11]);
  });
});

describe('what is not physical', () => {
  const law = gemmLaw('bf16', PEAKS);

  it('an efficiency above 1 is refused, or kept on request', () => {
    const rows = timed(law, gemms(), [4e-6, 0.9, 1.3, 2.5]);
    expect(refusal(() => fitLaw(law, rows, PLAIN))).toBe(
      'gemm bf16: the rows give flops 1.300, expected at most 1: not physical; is the peak of the profile that of the measured device? (--keep-unphysical keeps it)',
    );
    expectFound(fitLaw(law, rows, { keepUnphysical: true }), [4e-6, 0.9, 1.3, 2.5]);
  });

  it('a time or a corner slightly too low is held at its least, and said to be', () => {
    const fit = fitLaw(law, timed(law, gemms(), [-1e-7, 0.85, 0.75, 2.5]), PLAIN);
    expect(fit.pinned).toEqual(['t0']);
    expect(fit.parameters[0]!.value).toBe(0);
    const blunt = fitLaw(law, timed(law, gemms(), [4e-6, 0.85, 0.75, 0.97], 0.2), PLAIN);
    expect(blunt.parameters[3]!.value).toBeGreaterThanOrEqual(1);
  });

  it('a negative time that matters is refused', () => {
    const rows = timed(law, gemms(), [-8e-6, 0.85, 0.75, 2.5]);
    expect(refusal(() => fitLaw(law, rows, PLAIN))).toMatch(
      /^gemm bf16: the rows give t0 -0\.000008000, expected at least 0: not physical/,
    );
    expectFound(fitLaw(law, rows, { keepUnphysical: true }), [-8e-6, 0.85, 0.75, 2.5]);
  });

  it('a corner below 1 that matters is refused', () => {
    const rows = timed(law, gemms(), [4e-6, 0.9, 0.9, 0.6]);
    expect(refusal(() => fitLaw(law, rows, PLAIN))).toMatch(
      /corner 0\.6000, expected at least 1: not physical/,
    );
  });
});

describe('what the rows cannot tell', () => {
  const law = gemmLaw('bf16', PEAKS);

  it('fewer rows than parameters', () => {
    const rows = timed(law, gemms().slice(0, 3), [4e-6, 0.85, 0.75, 2.5]);
    expect(refusal(() => fitLaw(law, rows, PLAIN))).toBe(
      'gemm bf16: got 3 usable rows for 4 parameters (t0, bandwidth, flops, corner), expected at least as many',
    );
  });

  it('a parameter that no row depends on', () => {
    const few = gemms().filter(({ m }) => m <= 4);
    expect(refusal(() => fitLaw(law, timed(law, few, [4e-6, 0.85, 0.75, 4], 0.01), PLAIN))).toMatch(
      /^gemm bf16: the rows do not determine (flops|corner), expected rows over a wider range of sizes/,
    );
  });

  it('a fit that does not converge', () => {
    const nowhere: Law<GemmRow> = { ...law, seconds: () => Number.NaN };
    expect(refusal(() => fitLaw(nowhere, timed(law, gemms(), [4e-6, 0.85, 0.75, 2]), PLAIN))).toMatch(
      /^gemm bf16: the fit did not converge in 300 iterations on 60 rows, expected times that follow/,
    );
  });
});

const readOps = (text: string, where: string) => readTable(text, where, [modelCard('llama-3.1-8b')]);

describe('tables', () => {
  const wideGemm =
    'framework,gemm_dtype,kernel_source,n,k,m1,m2\nvllm/0.24.0,bfloat16,linear,4096,4096,12.5,\n';
  const long = 'op,dtype,kernel,n,k,m,time_us\ngemm,bf16,linear,4096,4096,1,12.5\n';

  it('are read in every format, in seconds', () => {
    expect(readOps(wideGemm, 'a.csv').gemm).toEqual([
      {
        engine: 'vllm 0.24.0',
        kernel: 'linear',
        dtype: 'bf16',
        n: 4096,
        k: 4096,
        m: 1,
        seconds: expect.closeTo(12.5e-6, 12),
      },
    ]);
    const decode = readOps(
      'framework,kernel_source,attn_dtype,kv_cache_dtype,head_dim,window_size,num_heads,num_key_value_heads,batch_size,kv128,kv256\nvllm/0.24.0,fa3,bfloat16,fp8,128,0,32,8,4,,7\n',
      'b.csv',
    );
    expect(decode.attention).toMatchObject([
      { kvDtype: 'fp8', sequences: 4, queryTokens: 1, contextTokens: 256, heads: 32, window: null },
    ]);
    const comm = readOps(
      'system,framework,kernel_source,num_gpus,bytes,us\nh100_sxm,vllm/1,g,8,2048,5\n',
      'c.csv',
    );
    expect(comm.allReduce).toMatchObject([{ system: 'h100_sxm', gpus: 8, bytes: 2048, engine: 'vllm 1' }]);
    const dense = readOps(
      'layer,tokens,time_us\nact_fn,1,2.5\ndown_proj,8,120\n',
      'x/RTX4090__Llama-3.1-8B__bf16__tp2__dense.csv',
    );
    expect(dense.gemm).toMatchObject([{ n: 4096, k: 7168, m: 8, dtype: 'bf16' }]);
    const profile = readOps(
      'prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n0,0,4,512,9\n16,1024,0,0,40\n16,1024,4,512,50\n',
      'RTX4090__Llama-3.1-8B__bf16__tp1__attention.csv',
    );
    expect(profile.attention).toMatchObject([
      { sequences: 4, queryTokens: 1, contextTokens: 512, heads: 32, kvHeads: 8 },
      { sequences: 1, queryTokens: 16, contextTokens: 1040 },
    ]);
    const own = readOps(
      `# device: A GPU\n# engine: torch 2.8.0\nop,dtype,kernel,sequences,query_tokens,context_tokens,heads,kv_heads,head_dim,gpus,bytes,time_ms\nattention,bf16,sdpa,4,8,1024,32,8,128,,,0.02\nall_reduce,,nccl,,,,,,,4,4096,0.01\n`,
      'd.csv',
    );
    expect(own.attention).toMatchObject([{ queryTokens: 8, seconds: 2e-5, engine: 'torch 2.8.0' }]);
    expect(own.allReduce).toMatchObject([{ gpus: 4, bytes: 4096, seconds: 1e-5 }]);
    expect(own.comments.get('device')).toBe('A GPU');
  });

  it.each<[string, string, string]>([
    ['nothing', '', 'ops.csv: is empty, expected a header and rows'],
    ['comments alone', '# device: x\n', 'ops.csv: is empty, expected a header and rows'],
    [
      'another table',
      'a,b\n1,2\n',
      'ops.csv: columns "a,b" are of no known table, expected one of bench_gpu, wide gemm, wide decode attention, collectives, wide experts, LLMServingSim dense, LLMServingSim per sequence, LLMServingSim attention',
    ],
    [
      'a column short',
      wideGemm.replace('kernel_source,', '').replace('linear,', ''),
      'ops.csv: missing column kernel_source, expected those of a wide gemm table: framework, gemm_dtype, kernel_source, n, k',
    ],
    [
      'no op',
      long.replace('op,', '').replace('gemm,', ''),
      'ops.csv: missing column op, expected gemm, attention or all_reduce in it',
    ],
    [
      'no column an op needs',
      long.replace(',k,', ',').replace(',4096,1,', ',1,'),
      'ops.csv: missing column k, expected for op gemm',
    ],
    [
      'a time without a unit',
      long.replace('time_us', 'time'),
      'ops.csv: column "time": missing unit, expected one of time_s, time_ms, time_us, time_ns',
    ],
    [
      'no time',
      long.replace('time_us', 'x'),
      'ops.csv: missing column of the time, expected one of time_s, time_ms, time_us, time_ns',
    ],
    [
      'no sizes',
      wideGemm.replace('m1,m2', 'x,y'),
      'ops.csv: no column m1, m2 or the like, expected times in us by size',
    ],
    ['NaN', long.replace('12.5', 'NaN'), 'ops.csv, line 2: time_us: got "NaN", expected a positive number'],
    [
      'a negative time',
      long.replace('12.5', '-3'),
      'ops.csv, line 2: time_us: got "-3", expected a positive number',
    ],
    ['zero', long.replace('12.5', '0'), 'ops.csv, line 2: time_us: got "0", expected a positive number'],
    [
      'an empty time',
      long.replace('12.5', ''),
      'ops.csv, line 2: time_us: is empty, expected a positive number',
    ],
    [
      'half a token',
      long.replace(',1,12.5', ',1.5,12.5'),
      'ops.csv, line 2: m: got "1.5", expected a whole number of at least 1',
    ],
    [
      'an unknown op',
      long.replace('gemm,', 'gem,'),
      'ops.csv, line 2: op: got "gem", expected one of gemm, attention, all_reduce',
    ],
    ['a cell short', long.replace(',12.5', ''), 'ops.csv, line 2: got 6 cells, expected 7 as in the header'],
    ['a column twice', long.replace('kernel', 'dtype'), 'ops.csv, line 1: got column "dtype" twice'],
    [
      'an open quote',
      long.replace('linear', '"linear'),
      'ops.csv, line 2: a quote is not closed or is out of place',
    ],
    [
      'layers of nobody knows which model',
      'layer,tokens,time_us\no_proj,1,2\n',
      'ops.csv: expected a name such as RTX4090__Llama-3.1-8B__bf16__tp1__dense.csv, the model one of ',
    ],
    [
      'a bad cell in a wide table',
      wideGemm.replace('12.5', 'fast'),
      'ops.csv, line 2: m1: got "fast", expected a positive number',
    ],
  ])('with %s are refused, with file and line', (_, text, message) => {
    expect(refusal(() => readOps(text, 'ops.csv'))).toMatch(
      new RegExp(`^${message.replace(/[.*+?^$()|[\]\\]/g, '\\$&')}`),
    );
  });
});

const GPU = {
  specification: {
    memoryCapacity: '80e9 B',
    memoryBandwidth: '3e12 B/s',
    denseFlops: { bf16: '1e15 FLOP/s' },
    linkBandwidth: '450e9 B/s',
    l2: '50e6 B',
    streamingMultiprocessors: SMS,
  },
};

describe('which rows are taken', () => {
  const options: CalibrateOptions = {
    ...PLAIN,
    framework: null,
    kernel: null,
    system: null,
    source: 'test',
    date: '2026-11-23',
  };
  const law = gemmLaw('bf16', PEAKS);
  const rowsOf = (engine: string, kernel: string, bandwidth: number) =>
    timed(law, gemms(), [4e-6, bandwidth, 0.75, 2.5]).map((row) => ({ ...row, engine, kernel }));
  const fitTo = async (
    gemm: GemmRow[],
    allReduce: AllReduceRow[] = [],
    more: Partial<CalibrateOptions> = {},
  ) =>
    calibrateOps(
      await parseHardware(GPU, 'my-gpu.json'),
      { gemm, attention: [], allReduce, experts: [], collectives: [] },
      {
        ...options,
        ...more,
      },
    );

  it('the newest version of vLLM, or the framework that is named', async () => {
    const rows = [
      ...rowsOf('vllm 0.9.1', 'a', 0.7),
      ...rowsOf('vllm 0.24.0', 'a', 0.8),
      ...rowsOf('sglang 1.0', 'a', 0.9),
    ];
    const bandwidth = async (framework: string | null) =>
      valuesOf((await fitTo(rows, [], { framework })).fitted[0]!.law).bandwidth;
    expect(await bandwidth(null)).toBeCloseTo(0.8, 3);
    expect(await bandwidth('vllm/0.9.1')).toBeCloseTo(0.7, 3);
    expect(await bandwidth('sglang')).toBeCloseTo(0.9, 3);
    await expect(fitTo(rows, [], { framework: 'trtllm' })).rejects.toThrow(/^unknown --framework "trtllm"/);
    await expect(fitTo([...rowsOf('a 1', 'x', 0.8), ...rowsOf('b 1', 'x', 0.8)])).rejects.toThrow(
      '--framework: the tables hold rows of "a 1", "b 1", expected one to be named',
    );
  });

  it('one kernel', async () => {
    const rows = [...rowsOf('vllm 1', 'cutlass', 0.7), ...rowsOf('vllm 1', 'triton', 0.8)];
    await expect(fitTo(rows)).rejects.toThrow(
      '--kernel: gemm bf16 was measured with "cutlass", "triton", expected a part of one name',
    );
    const { fitted } = await fitTo(rows, [], { kernel: 'tri' });
    expect(fitted[0]!.provenance.kernel).toBe('triton');
  });

  it('one machine', async () => {
    const lines = (system: string) =>
      messages(4).map((row) => ({ ...row, system, engine: 'vllm 1', seconds: 5e-6 + row.bytes / 1e11 }));
    const rows = [...lines('h100_sxm'), ...lines('b200_sxm')];
    await expect(fitTo([], rows)).rejects.toThrow(
      '--system: the tables hold rows of b200_sxm, h100_sxm, and none is named like gpu my-gpu: expected one to be named',
    );
    expect((await fitTo([], rows, { system: 'b200_sxm' })).fitted[0]!.law.rows).toBe(17);
    await expect(fitTo([], rows, { system: 'b300_sxm' })).rejects.toThrow(/^unknown --system "b300_sxm"/);
  });

  it('no rate beyond that of the link', async () => {
    const fast = messages(2).map((row) => ({ ...row, seconds: 5e-6 + row.bytes / 6e11 }));
    await expect(fitTo([], fast)).rejects.toThrow(/^all-reduce of 2 GPUs: the rows give rate 6\.000e\+11/);
  });

  it('nothing, when there is nothing to fit', async () => {
    await expect(fitTo([])).rejects.toThrow(/^--ops: no rows of any engine in bf16 or fp8 to fit/);
  });
});

describe('specsim calibrate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'specsim-calibrate-'));
  const printed: string[] = [];
  beforeAll(() => {
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  });
  afterAll(() => vi.restoreAllMocks());
  const file = (name: string, text: string | Buffer) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const gpu = file('my-gpu.json', JSON.stringify(GPU));
  const out = join(folder, 'fitted.json');
  const request = {
    gpu,
    serving: [],
    engine: undefined,
    engineOut: undefined,
    framework: undefined,
    target: undefined,
    kernel: undefined,
    system: undefined,
    source: undefined,
    keepUnphysical: false,
    out,
  };
  const law = gemmLaw('bf16', PEAKS);
  const decode = decodeLaw(PEAKS.bytesPerS, SMS);
  const table = (flops: number) =>
    [
      '# device: A GPU',
      '# engine: torch 2.8.0',
      '# date: 2026-01-02',
      'op,dtype,kernel,n,k,m,sequences,query_tokens,context_tokens,heads,kv_heads,head_dim,time_us',
      ...timed(law, gemms(), [4e-6, 0.85, flops, 2.5]).map(
        ({ n, k, m, seconds }) => `gemm,bf16,linear,${n},${k},${m},,,,,,,${1e6 * seconds}`,
      ),
      ...timed(decode, attention([1]), [15e-6, 0.93, 2e-6]).map(
        (row) =>
          `attention,bf16,fa,,,,${row.sequences},1,${row.contextTokens},${row.heads},${row.kvHeads},128,${1e6 * row.seconds}`,
      ),
      '',
    ].join('\n');

  it('writes a profile that a run reads, with where its numbers come from', async () => {
    const ops = [file('ops.csv.gz', gzipSync(table(0.75)))];
    await calibrate({ ...request, ops });
    const profile = await parseHardware(JSON.parse(readFileSync(out, 'utf8')), out);
    expect(profile.name).toBe('my-gpu');
    expect(profile.calibration).toBe('kernel tables');
    expect(profile.efficiency.gemm.bf16.bandwidth).toBeCloseTo(0.85, 3);
    expect(profile.efficiency.attention.bandwidth).toBeCloseTo(0.93, 3);
    expect(profile.provenance['efficiency.gemm.bf16']).toMatchObject({
      source: 'A GPU, 2026-01-02',
      engine: 'torch 2.8.0',
      kernel: 'linear',
      rows: 60,
      heldOut: '1/5 of 6 weight shapes',
      range: { tokens: [1, 4096] },
      date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      kernelTimes: { t0: '4e-6 s' },
    });
    expect(printed.join('')).toMatch(/gemm bf16 \(torch 2\.8\.0\) +t0 4\.00 us, bandwidth 0\.8500, /);
    expect(printed.join('')).toMatch(/gemm bf16 \(torch 2\.8\.0\) +60 +0\.00% /);
    const again = { ...request, gpu: out, ops, out: join(folder, 'again.json'), source: 'us' };
    await calibrate(again);
    const { provenance } = await parseHardware(JSON.parse(readFileSync(again.out, 'utf8')), again.out);
    expect(provenance['efficiency.attention.bandwidth']!.source).toBe('us');
  });

  it('keeps what is not physical on request, and the profile says so and is read', async () => {
    const target = join(folder, 'kept.json');
    const ops = [file('fast.csv', table(1.2))];
    await calibrate({ ...request, ops, out: target, keepUnphysical: true });
    const kept = await parseHardware(JSON.parse(readFileSync(target, 'utf8')), target);
    expect(kept.efficiency.gemm.bf16.flops).toBeCloseTo(1.2, 3);
    expect(kept.provenance['efficiency.gemm.bf16']!.unphysical).toBe(true);
    expect(kept.provenance['efficiency.attention.bandwidth']!.unphysical).toBeUndefined();
  });

  it.each<[string, () => Partial<typeof request> & { ops: string[] }, RegExp]>([
    ['a missing table', () => ({ ops: [join(folder, 'no.csv')] }), /^--ops .*no\.csv: no such file/],
    ['what is not gzip', () => ({ ops: [file('bad.gz', 'text')] }), /bad\.gz: not valid gzip/],
    [
      'a bad row',
      () => ({ ops: [file('nan.csv', table(0.75).replace(/,[^,]*\n$/, ',NaN\n'))] }),
      /nan\.csv, line 88: time_us/,
    ],
    ['too fast a table', () => ({ ops: [file('fast.csv', table(1.2))] }), /flops 1\.200, expected at most 1/],
    [
      'three rows',
      () => ({ ops: [file('few.csv', table(0.75).split('\n').slice(0, 7).join('\n'))] }),
      /^gemm bf16: got 3 usable rows for 4 parameters/,
    ],
    ['an unknown gpu', () => ({ gpu: 'h100', ops: ['x.csv'] }), /^unknown gpu "h100": nearest is h100-sxm/],
    ['a missing profile', () => ({ gpu: './no.json', ops: ['x.csv'] }), /^gpu \.\/no\.json: no such file/],
    [
      'no folder to write to',
      () => ({ out: join(folder, 'no/x.json'), ops: ['x.csv'] }),
      /^--out .*does not exist/,
    ],
    [
      'no rows',
      () => ({ ops: [file('none.csv', table(0.75).split('\n').slice(0, 4).join('\n'))] }),
      /^--ops: no rows/,
    ],
  ])('with %s writes nothing', async (_, change, message) => {
    const target = join(folder, 'never.json');
    const error = await calibrate({ ...request, out: target, ...change() }).catch((reason) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
    expect(existsSync(target)).toBe(false);
  });
});
