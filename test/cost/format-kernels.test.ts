/** Laws of matrix products in each number format against published ratios, and against the kernel tables themselves. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gemmLaw, gemmRows } from '../../src/cost/calibration/gemm.ts';
import { meanError } from '../../src/cost/calibration/law.ts';
import { parseHardware, withKernels } from '../../src/hardware/load.ts';
import type { Provenance } from '../../src/hardware/profile.ts';
import { formatPoints } from '../../src/node/format-figures.ts';
import { FORMATS } from '../../src/number-formats.ts';
import { describeWithTables } from '../ops-tables.ts';

const read = (path: string) =>
  JSON.parse(readFileSync(new URL(`../../hardware-profiles/${path}.json`, import.meta.url), 'utf8'));

const profile = async (name: string) =>
  withKernels(await parseHardware(read(name), name), read(`kernels/${name}`), name);

const t0 = (of: Provenance | undefined) => Number.parseFloat(of?.kernelTimes?.t0 ?? '0');

describe('speed of a format over bf16', () => {
  it('is that of the kernel tables, to 8 % on average', async () => {
    const errors = (await formatPoints()).map(({ error }) => Math.abs(error));
    expect(errors).toHaveLength(59);
    expect(errors.reduce((sum, one) => sum + one, 0) / errors.length).toBeLessThanOrEqual(8);
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
