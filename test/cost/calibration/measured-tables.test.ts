/** How near the laws come to the measured kernel tables, and that the profiles that ship are these fits. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type CalibrateOptions, calibrateOps } from '../../../src/cost/calibration/calibrate.ts';
import { decodeLaw, decodeRows } from '../../../src/cost/calibration/decode-attention.ts';
import { gemmLaw, gemmRows } from '../../../src/cost/calibration/gemm.ts';
import { type Law, meanError } from '../../../src/cost/calibration/law.ts';
import { withFitted } from '../../../src/cost/calibration/profile.ts';
import { ofOneKernel } from '../../../src/cost/calibration/selection.ts';
import { joinOps, type OpsTable } from '../../../src/cost/calibration/tables.ts';
import { parseHardware } from '../../../src/hardware/load.ts';
import type { HardwareProfile } from '../../../src/hardware/profile.ts';
import { describeWithTables } from '../../ops-tables.ts';

/** Bars: mean error per operation in percent, of the fit and of the profile that ships. */
const GPUS = [
  { gpu: 'a100-sxm-80', system: 'a100_sxm', gemm: 9, decode: 6, allReduce: 12, kept: false },
  { gpu: 'h100-sxm', system: 'h100_sxm', gemm: 7, decode: 6, allReduce: 6, kept: true },
  { gpu: 'h200-sxm', system: 'h200_sxm', gemm: 7, decode: 6, allReduce: 4, kept: false },
  { gpu: 'b200-sxm', system: 'b200_sxm', gemm: 9, decode: 6, allReduce: 8, kept: false },
  { gpu: 'l40s', system: 'l40s', gemm: 7, decode: 6, allReduce: 13, kept: false },
  {
    gpu: 'rtx-pro-6000-server',
    system: 'rtx_pro_6000_server',
    gemm: 5,
    decode: 2,
    allReduce: 6,
    kept: false,
  },
] as const;

const CHOICE = { framework: 'vllm', kernel: null, system: null };
const OPTIONS: CalibrateOptions = { ...CHOICE, keepUnphysical: false, source: 'test', date: '2026-11-23' };

const file = (gpu: string) =>
  JSON.parse(readFileSync(new URL(`../../../hardware-profiles/${gpu}.json`, import.meta.url), 'utf8'));

describeWithTables('vLLM kernel tables', (read) => {
  let collectives: OpsTable | undefined;

  it.each(GPUS)('$gpu: the fit and the profile are within the bars', async (bars) => {
    const { gpu, system, kept } = bars;
    collectives ??= read('comm/collectives.csv.gz');
    const gemm = read(`gemm/${system}.csv.gz`);
    const attention = read(`attn_decode/${system}.csv.gz`);
    const bf16 = gemm.gemm.filter(({ dtype }) => dtype === 'bf16');
    const json = file(gpu);
    const shipped = await parseHardware(json, gpu);
    const { fitted } = calibrateOps(
      shipped,
      joinOps([{ ...gemm, gemm: bf16 }, attention, collectives]),
      OPTIONS,
    );
    for (const { law, place } of fitted) {
      const bar =
        place === 'gemm.bf16' ? bars.gemm : place === 'attention.bandwidth' ? bars.decode : bars.allReduce;
      expect(100 * law.meanError, law.name).toBeLessThanOrEqual(bar);
      expect(law.heldOutError, law.name).toBeLessThan(2 * law.meanError);
    }
    const refitted = await parseHardware(withFitted(json, fitted), gpu);
    if (!kept) expect(withoutFp8(shipped)).toEqual(withoutFp8(refitted));

    const { specification: spec, efficiency, provenance } = shipped;
    const { bandwidth, flops, corner } = efficiency.gemm.bf16;
    const peaks = { bytesPerS: spec.memoryBandwidthBytesPerS, flopsPerS: spec.denseFlopsPerS.bf16 };
    const gemms = gemmRows(ofOneKernel('gemm', bf16, 'vllm', CHOICE), 'bf16', peaks.bytesPerS, spec.l2Bytes);
    const t0 = (path: string, time = 't0') => Number.parseFloat(provenance[path]!.kernelTimes![time]!);
    const off =
      100 * meanError(gemmLaw('bf16', peaks), gemms, [t0('efficiency.gemm.bf16'), bandwidth, flops, corner]);
    expect(off).toBeLessThanOrEqual(bars.gemm);
    expect(off).toBeCloseTo(100 * provenance['efficiency.gemm.bf16']!.meanError!, 1);
    const path = 'efficiency.attention.bandwidth';
    const own = attention.attention.filter(({ kvDtype }) => kvDtype === 'bf16');
    const decode = decodeRows(ofOneKernel('decode', own, 'vllm', CHOICE), spec.l2Bytes!);
    const law: Law<(typeof decode)[number]> = decodeLaw(peaks.bytesPerS, spec.streamingMultiprocessors);
    const parameters = [t0(path), efficiency.attention.bandwidth, t0(path, 'wave')];
    expect(100 * meanError(law, decode, parameters)).toBeLessThanOrEqual(bars.decode);
  });
});

/** Efficiencies that the test fits again. */
function withoutFp8({ efficiency }: HardwareProfile): object {
  const { bf16 } = efficiency.gemm;
  return { bf16, bandwidth: efficiency.attention.bandwidth, allReduce: efficiency.allReduce };
}
