/** Laws of matrix products in each number format against published ratios, and against the kernel tables themselves. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gemmLaw, gemmRows } from '../../src/cost/calibration/gemm.ts';
import { meanError } from '../../src/cost/calibration/law.ts';
import { gemmRates, gemmSeconds } from '../../src/cost/kernels.ts';
import { parseHardware, withKernels } from '../../src/hardware/load.ts';
import type { Provenance } from '../../src/hardware/profile.ts';
import { gemm } from '../../src/model/layer.ts';
import { FORMATS, type WeightFormat } from '../../src/number-formats.ts';
import { describeWithTables } from '../ops-tables.ts';

const read = (path: string) =>
  JSON.parse(readFileSync(new URL(`../../hardware-profiles/${path}.json`, import.meta.url), 'utf8'));

const profile = async (name: string) =>
  withKernels(await parseHardware(read(name), name), read(`kernels/${name}`), name);

const t0 = (of: Provenance | undefined) => Number.parseFloat(of?.kernelTimes?.t0 ?? '0');

/**
 * Speed of a format over bf16 of the same engine, by rows: medians over weights above 60 MB in bf16 of the kernel tables
 * of ai-dynamo/aiconfigurator (Apache-2.0). The law of bf16 is that of the profile, vLLM's.
 */
const RATIOS: readonly {
  gpu: string;
  format: WeightFormat;
  engine: string;
  byRows: Readonly<Record<number, number>>;
}[] = [
  {
    gpu: 'a100-sxm-80',
    format: 'int4',
    engine: 'trtllm 1.0.0',
    byRows: {
      1: 2.55,
      8: 2.29,
      16: 2.29,
      32: 2.13,
      48: 1.4,
      64: 1.43,
      96: 1.1,
      128: 1.11,
      256: 0.95,
      512: 0.96,
      1024: 0.92,
    },
  },
  {
    gpu: 'a100-sxm-80',
    format: 'int8-weight',
    engine: 'trtllm 1.0.0',
    byRows: {
      1: 1.75,
      8: 1.69,
      16: 1.7,
      32: 1.66,
      48: 1.44,
      64: 1.45,
      96: 1.16,
      128: 1.17,
      256: 0.99,
      512: 0.99,
      1024: 0.96,
    },
  },
  {
    gpu: 'a100-sxm-80',
    format: 'int8',
    engine: 'trtllm 1.0.0',
    byRows: {
      1: 1.97,
      8: 1.79,
      16: 1.77,
      32: 1.82,
      48: 1.69,
      64: 1.73,
      96: 1.57,
      128: 1.49,
      256: 1.54,
      512: 1.71,
      1024: 1.79,
    },
  },
  {
    gpu: 'h100-sxm',
    format: 'fp8',
    engine: 'vllm 0.24.0',
    byRows: {
      1: 1.63,
      8: 1.58,
      16: 1.67,
      32: 1.57,
      48: 1.58,
      64: 1.6,
      96: 1.47,
      128: 1.54,
      256: 1.35,
      512: 1.39,
      1024: 1.39,
    },
  },
  {
    gpu: 'b200-sxm',
    format: 'nvfp4',
    engine: 'vllm 0.24.0',
    byRows: {
      1: 1.87,
      8: 1.8,
      16: 1.84,
      32: 1.95,
      48: 1.96,
      64: 1.92,
      96: 2.03,
      128: 1.95,
      256: 1.81,
      512: 1.86,
      1024: 2.1,
    },
  },
];

/** Weights above 60 MB in bf16, as the tables have them. */
const SHAPES = [4096, 6144, 8192, 12288, 16384, 28672].flatMap((n) =>
  [4096, 6144, 8192, 12288, 16384].filter((k) => 2 * n * k > 60e6).map((k) => [n, k] as const),
);

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

describe('speed of a format over bf16', () => {
  it('is that of the kernel tables, to 8 % on average', async () => {
    const errors: number[] = [];
    for (const { gpu, format, engine, byRows } of RATIOS) {
      const hardware = await profile(gpu);
      const own = hardware.efficiency.kernels.find((one) => one.format === format && one.engine === engine);
      const fixed = t0(own!.provenance);
      const plain = t0(hardware.provenance['efficiency.gemm.bf16']);
      for (const [rows, measured] of Object.entries(byRows)) {
        const ratio = median(
          SHAPES.map(([n, k]) => {
            const one = (of: WeightFormat) =>
              gemmSeconds(gemm('', n, k, 1, of), Number(rows), gemmRates(hardware, of));
            return (one('bf16') + plain) / (one(format) + fixed);
          }),
        );
        errors.push(Math.abs(ratio / measured - 1));
      }
    }
    expect(errors).toHaveLength(55);
    expect(errors.reduce((sum, one) => sum + one, 0) / errors.length).toBeLessThanOrEqual(0.08);
  });
});

const GPUS = [
  ['a100-sxm-80', 'a100_sxm'],
  ['h100-sxm', 'h100_sxm'],
  ['h200-sxm', 'h200_sxm'],
  ['b200-sxm', 'b200_sxm'],
  ['b300-sxm', 'b300_sxm'],
  ['gb200', 'gb200'],
  ['gb300', 'gb300'],
  ['l40s', 'l40s'],
  ['rtx-pro-6000-server', 'rtx_pro_6000_server'],
] as const;

describeWithTables('matrix products by format and kernel', (tableOf) => {
  it('are within 10 % on average of the weight shapes that the fits left out', async () => {
    const errors: number[] = [];
    for (const [gpu, system] of GPUS) {
      const hardware = await profile(gpu);
      const { specification: spec, efficiency, provenance } = hardware;
      const table = tableOf(`gemm/${system}.csv.gz`);
      const laws = [
        { format: 'bf16' as const, law: efficiency.gemm.bf16, from: provenance['efficiency.gemm.bf16']! },
        ...efficiency.kernels.map((one) => ({ format: one.format, law: one, from: one.provenance })),
      ];
      for (const { format, law, from } of laws) {
        const rate = spec.denseFlopsPerS[FORMATS[format].compute];
        if (from.kernel === undefined || rate === undefined) continue;
        const peaks = { bytesPerS: spec.memoryBandwidthBytesPerS, flopsPerS: rate };
        const own = table.gemm.filter(
          ({ dtype, engine, kernel }) => dtype === format && engine === from.engine && kernel === from.kernel,
        );
        const rows = gemmRows(own, format, peaks.bytesPerS, spec.l2Bytes);
        const shape = ({ n, k }: { n: number; k: number }) => n * 1e6 + k;
        const shapes = [...new Set(rows.map(shape))].sort((a, b) => a - b);
        const left = new Set(shapes.filter((_, i) => i % 2 === 1));
        errors.push(
          meanError(
            gemmLaw(format, peaks, true),
            rows.filter((row) => left.has(shape(row))),
            [t0(from), law.bandwidth, law.flops, law.corner, law.depthS ?? 0],
          ),
        );
      }
    }
    expect(errors.length).toBeGreaterThan(70);
    expect(errors.reduce((sum, one) => sum + one, 0) / errors.length).toBeLessThanOrEqual(0.1);
  });
});
