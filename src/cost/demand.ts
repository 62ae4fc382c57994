/**
 * Machines that price work in bytes and FLOPs. One that moves a byte a second and computes at once takes as many
 * seconds as there are bytes, and the other way round: prices say what a pass asks for, and no second formula has to.
 * Activations count as their bandwidth lets them, 1.25 times their bytes (docs/physics.md, section 1).
 */
import { classExperts, classKernels } from '../hardware/defaults.ts';
import type { Machine } from './fields.ts';

const NOTHING = { fixedS: 0, eachS: 0 };

/** Seconds on it are bytes. */
export function bytesMachine(machine: Machine): Machine {
  return ideal(machine, 1, Number.POSITIVE_INFINITY);
}

/** Seconds on it are FLOPs. */
export function flopsMachine(machine: Machine): Machine {
  return ideal(machine, Number.POSITIVE_INFINITY, 1);
}

/** A machine that reaches what its data sheet says, with an engine that takes no time and pads nothing. */
function ideal({ hardware, engine }: Machine, bytesPerS: number, flopsPerS: number): Machine {
  const { specification, efficiency } = hardware;
  const whole = { bandwidth: 1, flops: 1 };
  return {
    hardware: {
      ...hardware,
      specification: {
        ...specification,
        memoryBandwidthBytesPerS: bytesPerS,
        denseFlopsPerS: { bf16: flopsPerS, fp8: flopsPerS, int8: flopsPerS, fp4: flopsPerS },
      },
      efficiency: {
        gemm: {
          bf16: { ...efficiency.gemm.bf16, ...whole },
          fp8: { ...efficiency.gemm.fp8, ...whole },
        },
        kernels: [...efficiency.kernels, ...classKernels].map((one) => ({
          ...one,
          ...whole,
          depthS: 0,
          tile: 1,
        })),
        experts: [...efficiency.experts, ...classExperts].map((one) => ({
          ...one,
          ...whole,
          sliver: 0,
        })),
        attention: whole,
        exchange: [],
        factors: { 'experts.fixed': 0 },
        allReduce: efficiency.allReduce.map(({ gpus }) => ({
          gpus,
          lines: [{ latencyS: 0, bytesPerS: Number.POSITIVE_INFINITY }],
        })),
      },
    },
    engine: {
      ...engine,
      layerLaunchS: 0,
      productLaunchS: 0,
      layerHostS: 0,
      draftPassLaunchS: 0,
      stepOverhead: NOTHING,
      speculationOverhead: NOTHING,
      raggedOverhead: NOTHING,
      lengthSwitchS: 0,
      search: NOTHING,
      drafterSwitch: NOTHING,
      plainSampling: NOTHING,
      rejectionSampling: NOTHING,
      asyncScheduling: false,
      graphSizes: [],
    },
  };
}
