/** What-if values that follow from nothing, since what they would set is measured. */
import { ALL_REDUCE } from '../cost/fields.ts';
import { ringAssumption } from '../hardware/defaults.ts';
import type { HardwareProfile } from '../hardware/profile.ts';

/** Why a value of `path` changes nothing on this GPU, which has what would follow from it measured; null when it may. */
export function overruled(path: string, tp: number, hardware: HardwareProfile): string | null {
  if (path.startsWith('hardware.efficiency.gemm.fp8.')) {
    return hardware.efficiency.kernels.some(({ format }) => format === 'fp8')
      ? `as gpu ${hardware.name} has measured kernels of fp8; set hardware.efficiency.kernels.${path.endsWith('flops') ? 'flops' : 'bandwidth'}`
      : null;
  }
  const law = hardware.provenance[`efficiency.allReduce.${tp}`];
  return path !== 'hardware.linkBandwidth' || law === undefined || law.source.startsWith(ringAssumption)
    ? null
    : `as gpu ${hardware.name} has a measured all-reduce law for ${tp} GPUs; set ${ALL_REDUCE}`;
}
