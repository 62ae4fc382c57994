/** What-if values that follow from nothing, since what they would set is measured. */
import { ALL_REDUCE } from '../cost/fields.ts';
import { ringAssumption } from '../hardware/defaults.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import type { Scenario } from './scenario.ts';

/** Why a value of `path` changes nothing on this GPU, which has what would follow from it measured; null when it may. */
export function overruled(
  path: string,
  { tp, dpAttention }: Pick<Scenario, 'tp' | 'dpAttention'>,
  hardware: HardwareProfile,
): string | null {
  if (path.startsWith('hardware.efficiency.gemm.fp8.')) {
    return hardware.efficiency.kernels.some(({ format }) => format === 'fp8')
      ? `as gpu ${hardware.name} has measured kernels of fp8; set hardware.efficiency.kernels.${path.endsWith('flops') ? 'flops' : 'bandwidth'}`
      : null;
  }
  if (path !== 'hardware.linkBandwidth') return null;
  // Groups of attention, and those that share experts.
  const groups = [...new Set([tp, tp * dpAttention])].filter((gpus) => gpus > 1);
  const isMeasured = (gpus: number) => {
    const law = hardware.provenance[`efficiency.allReduce.${gpus}`];
    return law !== undefined && !law.source.startsWith(ringAssumption);
  };
  return groups.length > 0 && groups.every(isMeasured)
    ? `as gpu ${hardware.name} has a measured all-reduce law for ${groups.join(' and ')} GPUs; set ${ALL_REDUCE}`
    : null;
}
