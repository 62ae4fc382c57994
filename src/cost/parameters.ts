/**
 * The constants a price hangs on, one by one: how to scale each, and how well each is known. Sensitivity and
 * intervals are made of these.
 */
import type { Calibration, HardwareProfile } from '../hardware/profile.ts';
import type { EngineProfile, FixedAndEach } from './engine-profile.ts';

/** What prices are computed from, beside the models. */
export interface Machine {
  readonly hardware: HardwareProfile;
  readonly engine: EngineProfile;
}

export interface Parameter {
  /** As `--set` names it. */
  readonly name: string;
  /** The machine with this parameter multiplied by `factor`. */
  scaled(machine: Machine, factor: number): Machine;
  /** Relative standard error of the parameter; 0 for what a data sheet states. */
  relativeError(machine: Machine): number;
}

/**
 * Relative standard error of an efficiency by how it was obtained. Kernel tables: the spread of fits between
 * engine versions on one GPU (hardware-profiles/); generation: the spread between GPUs of one generation;
 * data sheet: the spread between generations.
 */
const EFFICIENCY_ERROR: Readonly<Record<Calibration, { bandwidth: number; flops: number }>> = {
  'kernel tables': { bandwidth: 0.02, flops: 0.03 },
  generation: { bandwidth: 0.05, flops: 0.07 },
  'data sheet only': { bandwidth: 0.1, flops: 0.15 },
};

/** An engine's times on a GPU they were not measured on: its host may be faster or slower. */
const OTHER_DEVICE_ERROR = 0.15;

function efficiency(
  name: string,
  kind: 'bandwidth' | 'flops',
  change: (of: HardwareProfile['efficiency'], factor: number) => HardwareProfile['efficiency'],
): Parameter {
  return {
    name: `hardware.efficiency.${name}`,
    scaled: ({ hardware, engine }, factor) => ({
      hardware: { ...hardware, efficiency: change(hardware.efficiency, factor) },
      engine,
    }),
    relativeError: ({ hardware }) => EFFICIENCY_ERROR[hardware.calibration][kind],
  };
}

function specification(
  name: string,
  change: (of: HardwareProfile['specification'], factor: number) => HardwareProfile['specification'],
): Parameter {
  return {
    name: `hardware.${name}`,
    scaled: ({ hardware, engine }, factor) => ({
      hardware: { ...hardware, specification: change(hardware.specification, factor) },
      engine,
    }),
    relativeError: () => 0,
  };
}

type TimeKey = {
  [K in keyof EngineProfile]: K extends `${string}S` ? K : EngineProfile[K] extends FixedAndEach ? K : never;
}[keyof EngineProfile];

function engineTime(key: TimeKey, inner?: keyof FixedAndEach): Parameter {
  const name = inner === undefined ? key.replace(/S$/, '') : `${key}.${inner.replace(/S$/, '')}`;
  return {
    name: `engine.${name}`,
    scaled: ({ hardware, engine }, factor) => {
      const value = engine[key] as number | FixedAndEach;
      const changed =
        typeof value === 'number' ? value * factor : { ...value, [inner!]: value[inner!] * factor };
      return { hardware, engine: { ...engine, [key]: changed } };
    },
    relativeError: ({ hardware, engine }) => {
      const own = engine.standardErrors[name] ?? 0;
      return engine.device === null || engine.device === hardware.name
        ? own
        : Math.hypot(own, OTHER_DEVICE_ERROR);
    },
  };
}

/** Every parameter, in the order in which they are listed to people. */
export const PARAMETERS: readonly Parameter[] = [
  specification('memoryBandwidth', (of, factor) => ({
    ...of,
    memoryBandwidthBytesPerS: of.memoryBandwidthBytesPerS * factor,
  })),
  specification('denseFlops', (of, factor) => ({
    ...of,
    denseFlopsPerS: Object.fromEntries(
      Object.entries(of.denseFlopsPerS).map(([dtype, rate]) => [dtype, rate * factor]),
    ) as typeof of.denseFlopsPerS,
  })),
  efficiency('gemm.bandwidth', 'bandwidth', (of, factor) => ({
    ...of,
    gemm: {
      bf16: { ...of.gemm.bf16, bandwidth: of.gemm.bf16.bandwidth * factor },
      fp8: { ...of.gemm.fp8, bandwidth: of.gemm.fp8.bandwidth * factor },
    },
  })),
  efficiency('gemm.flops', 'flops', (of, factor) => ({
    ...of,
    gemm: {
      bf16: { ...of.gemm.bf16, flops: of.gemm.bf16.flops * factor },
      fp8: { ...of.gemm.fp8, flops: of.gemm.fp8.flops * factor },
    },
  })),
  efficiency('attention.bandwidth', 'bandwidth', (of, factor) => ({
    ...of,
    attention: { ...of.attention, bandwidth: of.attention.bandwidth * factor },
  })),
  efficiency('attention.flops', 'flops', (of, factor) => ({
    ...of,
    attention: { ...of.attention, flops: of.attention.flops * factor },
  })),
  efficiency('allReduce', 'bandwidth', (of, factor) => ({
    ...of,
    allReduce: of.allReduce.map((law) => ({
      ...law,
      lines: law.lines.map((line) => ({
        latencyS: line.latencyS / factor,
        bytesPerS: line.bytesPerS * factor,
      })),
    })),
  })),
  engineTime('layerLaunchS'),
  engineTime('layerHostS'),
  engineTime('draftPassLaunchS'),
  engineTime('stepOverhead', 'fixedS'),
  engineTime('stepOverhead', 'eachS'),
  engineTime('speculationOverhead', 'fixedS'),
  engineTime('speculationOverhead', 'eachS'),
  engineTime('search', 'fixedS'),
  engineTime('search', 'eachS'),
  engineTime('drafterSwitch', 'fixedS'),
  engineTime('drafterSwitch', 'eachS'),
  engineTime('plainSampling', 'fixedS'),
  engineTime('plainSampling', 'eachS'),
  engineTime('rejectionSampling', 'fixedS'),
  engineTime('rejectionSampling', 'eachS'),
];
