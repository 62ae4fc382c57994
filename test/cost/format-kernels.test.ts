/** Laws of matrix products in each number format against published ratios, and against the kernel tables themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gemmLaw, gemmRows } from '../../src/cost/calibration/gemm.ts';
import { meanError } from '../../src/cost/calibration/law.ts';
import { expertRates, gemmRates, gemmSeconds, tiledRows } from '../../src/cost/kernels.ts';
import { CLASS_RANGES } from '../../src/hardware/defaults.ts';
import { parseHardware, withKernels } from '../../src/hardware/load.ts';
import type { Provenance } from '../../src/hardware/profile.ts';
import { gemm } from '../../src/model/layer.ts';
import { formatPoints } from '../../src/node/format-figures.ts';
import { FORMATS, type WeightFormat } from '../../src/number-formats.ts';
import { describeWithTables } from '../ops-tables.ts';

const PROFILES = new URL('../../hardware-profiles/', import.meta.url);
const read = (path: string) => JSON.parse(readFileSync(new URL(`${path}.json`, PROFILES), 'utf8'));

const profile = async (name: string) =>
  withKernels(await parseHardware(read(name), name), read(`kernels/${name}`), name);

const t0 = (of: Provenance) => Number.parseFloat(of.kernelTimes?.t0 ?? '0');
const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;

describe('products in a format', () => {
  it('are as much faster than those in bf16 as the kernel tables say, to 8 % on average', async () => {
    const errors = (await formatPoints()).map(({ error }) => Math.abs(error));
    expect(errors).toHaveLength(59);
    expect(mean(errors)).toBeLessThanOrEqual(8);
  });

  it('are multiplied in whole tiles, fewer rows in powers of two', () => {
    const rows = [1, 16, 17, 64, 65, 128, 129, 256, 257];
    expect(rows.map((m) => tiledRows(m, 128))).toEqual([16, 16, 32, 64, 128, 128, 256, 256, 384]);
    expect(rows.map((m) => tiledRows(m, 1))).toEqual(rows);
  });

  it('of a class lie within what kernels measured on other GPUs take, operators over experts too', async () => {
    const names = readdirSync(new URL('kernels/', PROFILES)).map((file) => file.replace('.json', ''));
    const ratios = { kernels: new Map<string, number[]>(), experts: new Map<string, number[]>() };
    for (const hardware of await Promise.all(names.map(profile))) {
      const without = (kind: keyof typeof ratios, one: unknown[]) => ({
        ...hardware,
        efficiency: { ...hardware.efficiency, [kind]: one },
      });
      const product = (on: typeof hardware, format: WeightFormat) =>
        gemmSeconds({ ...gemm('', 8192, 8192, 1, 'bf16'), ...FORMATS[format] }, 64, gemmRates(on, format));
      const operator = (on: typeof hardware, format: WeightFormat) => {
        const { fixedS, bytesPerS } = expertRates(on, format);
        return fixedS + (64 * 3 * 2048 * 768 * FORMATS[format].bytesPerWeight) / bytesPerS;
      };
      for (const [kind, price] of [
        ['kernels', product],
        ['experts', operator],
      ] as const) {
        for (const one of hardware.efficiency[kind]) {
          const ratio = price(without(kind, [one]), one.format) / price(without(kind, []), one.format);
          ratios[kind].set(one.format, [...(ratios[kind].get(one.format) ?? []), ratio]);
        }
      }
    }
    for (const kind of ['kernels', 'experts'] as const) {
      const found = [...ratios[kind]].filter(
        ([format, all]) => all.length > 1 && !(kind === 'kernels' && format === 'fp8'),
      );
      expect(Object.keys(CLASS_RANGES[kind]).sort()).toEqual(found.map(([format]) => format).sort());
      for (const [format, all] of found) {
        const [least, most] = CLASS_RANGES[kind][format as WeightFormat]!;
        expect([Math.min(...all), Math.max(...all)].map((one) => one.toFixed(2))).toEqual(
          [least, most].map((one) => one.toFixed(2)),
        );
      }
    }
  });

  it('are missed by less than 10 % on average of the weight shapes that the fits left out', () => {
    const files = readdirSync(new URL('kernels/', PROFILES)).map((file) => file.replace('.json', ''));
    const kernels: { provenance: Provenance }[] = files.flatMap((file) => read(`kernels/${file}`).kernels);
    expect(kernels.length).toBeGreaterThan(50);
    expect(kernels.every(({ provenance }) => provenance.heldOut?.startsWith('every second of'))).toBe(true);
    expect(mean(kernels.map(({ provenance }) => provenance.heldOutError!))).toBeLessThanOrEqual(0.095);
  });
});

describeWithTables('matrix products of the H100', (tableOf) => {
  it('are missed by as much as their provenance says', async () => {
    const { specification: spec, efficiency } = await profile('h100-sxm');
    const table = tableOf('gemm/h100_sxm.csv.gz').gemm;
    for (const { format, provenance: from, ...law } of efficiency.kernels) {
      const peaks = {
        bytesPerS: spec.memoryBandwidthBytesPerS,
        flopsPerS: spec.denseFlopsPerS[FORMATS[format].compute]!,
      };
      const own = table.filter(
        ({ dtype, engine, kernel }) => dtype === format && engine === from.engine && kernel === from.kernel,
      );
      const rows = gemmRows(own, format, peaks.bytesPerS, spec.l2Bytes);
      const shape = ({ n, k }: { n: number; k: number }) => n * 1e6 + k;
      const shapes = [...new Set(rows.map(shape))].sort((a, b) => a - b);
      const left = new Set(shapes.filter((_, i) => i % 2 === 1));
      const error = meanError(
        gemmLaw(format, peaks, true, law.tile),
        rows.filter((row) => left.has(shape(row))),
        [t0(from), law.bandwidth, law.flops, law.corner, law.depthS ?? 0],
      );
      expect(error).toBeCloseTo(from.heldOutError!, 3);
    }
  });
});
