/** The benchmark that a person with a GPU runs: its arithmetic and its table, without a GPU. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { type CalibrateOptions, calibrateOps } from '../../src/cost/calibration/calibrate.ts';
import { readOps } from '../../src/cost/calibration/tables.ts';
import { parseHardware } from '../../src/hardware/load.ts';
import { forwardShape } from '../../src/model/shape.ts';
import { modelCard } from '../shipped-models.ts';

const script = fileURLToPath(new URL('../../scripts/bench_gpu.py', import.meta.url));

const OPTIONS: CalibrateOptions = {
  framework: null,
  kernel: null,
  system: null,
  source: 'test',
  date: '2026-01-01',
  keepUnphysical: false,
};

/** The peaks that --selftest pretends. */
const GPU = {
  specification: {
    memoryCapacity: '80e9 B',
    memoryBandwidth: '3e12 B/s',
    denseFlops: { bf16: '1e15 FLOP/s', fp8: '1e15 FLOP/s' },
    l2: '50e6 B',
    streamingMultiprocessors: 132,
  },
};

if (spawnSync('python3', ['--version']).status !== 0) {
  console.warn('SKIPPED, no python3: scripts/bench_gpu.py --selftest');
  test.skip('scripts/bench_gpu.py: SKIPPED, no python3', () => {});
} else {
  describe('scripts/bench_gpu.py', () => {
    const csv = join(mkdtempSync(join(tmpdir(), 'specsim-bench-')), 'ops.csv');
    const output = execFileSync('python3', [script, '--selftest', '--out', csv], { encoding: 'utf8' });
    const table = readOps(readFileSync(csv, 'utf8'), csv, []);

    it('passes its own test', () => {
      expect(output).toBe('selftest passed\n');
    });

    it('measures the matrices that the cost model prices', () => {
      const { gemms, lmHead } = forwardShape(modelCard('llama-3.1-8b'), { tp: 1, dtype: 'bf16' });
      const shapes = (rows: readonly { n: number; k: number }[]) =>
        [...new Set(rows.map(({ n, k }) => `${n} x ${k}`))].sort();
      expect(shapes(table.gemm)).toEqual(shapes([...gemms, lmHead]));
      expect(Math.max(...table.gemm.map(({ m }) => m))).toBe(4096);
    });

    it('writes what calibrate reads, and fits to the law behind it', async () => {
      const { fitted } = calibrateOps(await parseHardware(GPU, 'gpu.json'), table, OPTIONS);
      const [bf16, fp8, decode, verify] = fitted;
      expect(bf16!.values).toEqual({ bandwidth: 0.85, flops: 0.75, corner: 2.5 });
      expect(fp8!.values).toEqual({ bandwidth: 0.85, flops: 0.75, corner: 2.5 });
      expect(decode!.values).toEqual({ share: 0.9 });
      expect(verify!.law.name).toBe('verify attention, KV split');
      for (const { law } of fitted) expect(law.meanError).toBeLessThan(1e-4);
    });
  });
}
