/**
 * The constants a price hangs on, a row each: where its numbers stand, what is waited for through it, how well it is
 * known, and whether measured serving figures may tell it. `--set`, sensitivity, intervals, resources and fits read
 * this table.
 */

import type { Calibration, HardwareProfile, KernelFactor } from '../hardware/profile.ts';
import { Memo } from '../memo.ts';
import type { ExpertShape } from '../model/layer.ts';
import type { EngineProfile } from './engine-profile.ts';

/** What prices are computed from, beside the models. */
export interface Machine {
  readonly hardware: HardwareProfile;
  readonly engine: EngineProfile;
  /** How tokens are routed to the target's experts; absent: as its shape says. */
  readonly routing?: Pick<ExpertShape, 'share' | 'skew' | 'alike'>;
  /** Relative standard errors of kernels in a format that has none measured on the GPU, by kind. */
  readonly classErrors?: ClassErrors;
}

type KernelKind = 'kernels' | 'experts';

export type ClassErrors = Readonly<Partial<Record<KernelKind, number>>>;

/** `weights` is memory traffic other than KV cache: weights, and activations; `host` is all that kernels wait for. */
export const RESOURCES = ['weights', 'kv', 'flops', 'communication', 'launch', 'host'] as const;

export type Resource = (typeof RESOURCES)[number];

/** One number of a machine; SI. */
interface Value {
  /** As `--set` names it. */
  readonly path: string;
  /** Undefined where the machine has none. */
  get(machine: Machine): number | undefined;
  put(machine: Machine, value: number): Machine;
}

export interface Field {
  /** As `--set` names it. */
  readonly path: string;
  /** What is slower where it is; null where that is part of another field's. */
  readonly resource: Resource | null;
  /** Relative standard error; 0 for what a data sheet states. */
  readonly error: (machine: Machine) => number;
  /** Several where a factor scales them together. */
  readonly of: readonly Value[];
  readonly fitted?: true;
  /** What a run must have to depend on it: routed experts, products in a format with kernels of its own, or more than a dense layer's. */
  readonly needs?: 'experts' | 'kernels' | 'further products';
}

/** Kernel tables have 3 to 5 us; rows of plain serving of three engines, 2 to 7.5, and predict other models no better by it. */
const PRODUCT_ERROR = 0.25;

/** Who asks twice gets the same machine, so that its tables of prices are filled once. */
const SCALED = new Memo<Machine>();

/** The machine with every number of a field multiplied by `factor`. */
export function scaled(field: Field, machine: Machine, factor: number): Machine {
  return SCALED.get([machine], `${field.path} ${factor}`, () =>
    field.of.reduce((on, { get, put }) => {
      const value = get(on);
      return value === undefined ? on : put(on, factor * value);
    }, machine),
  );
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

/** Fields whose value is a factor on kernels that no path names one by one. */
export const isFactor = ({ path, needs }: Field): boolean =>
  needs !== undefined && path.startsWith('hardware.');

/** How the errors of two constants of a machine go together, -1 to 1: what a fit told of their sum but not of each. */
export function correlationOf(a: Field, b: Field, machine: Machine): number {
  if (a === b) return 1;
  const { correlations, standardErrors } = machine.engine;
  const [one, other] = [a, b].map(({ path }) => path.replace('engine.', '')) as [string, string];
  const together = correlations[one]?.[other] ?? correlations[other]?.[one] ?? 0;
  if (together === 0) return 0;
  // What another device adds to each is its own.
  const share = (field: Field, path: string) => (standardErrors[path] ?? 0) / field.error(machine);
  return together * share(a, one) * share(b, other);
}

/** A factor on it makes every line of every law that much faster, latency and rate. */
export const ALL_REDUCE = 'hardware.efficiency.allReduce';

const ofBandwidth = ({ hardware }: Machine): number => EFFICIENCY_ERROR[hardware.calibration].bandwidth;
const ofFlops = ({ hardware }: Machine): number => EFFICIENCY_ERROR[hardware.calibration].flops;
const stated = (): number => 0;

/** Every field, in the order in which they are listed to people. */
export const FIELDS: readonly Field[] = [
  {
    path: 'hardware.memoryBandwidth',
    resource: 'weights',
    error: stated,
    of: [value('hardware.memoryBandwidth', 'hardware.specification.memoryBandwidthBytesPerS')],
  },
  {
    path: 'hardware.denseFlops',
    resource: 'flops',
    error: stated,
    of: ['bf16', 'fp8', 'int8', 'fp4'].map((dtype) =>
      value(`hardware.denseFlops.${dtype}`, `hardware.specification.denseFlopsPerS.${dtype}`),
    ),
  },
  efficiency('gemm.bandwidth', null, ofBandwidth, ['gemm.bf16.bandwidth', 'gemm.fp8.bandwidth']),
  efficiency('gemm.flops', null, ofFlops, ['gemm.bf16.flops', 'gemm.fp8.flops']),
  efficiency('attention.bandwidth', 'kv', ofBandwidth),
  efficiency('attention.flops', null, ofFlops),
  factor('kernels', 'bandwidth', null, 0.05),
  factor('kernels', 'flops', null, 0.05),
  factor('experts', 'bandwidth', null, 0.05),
  factor('experts', 'flops', null, 0.1),
  factor('experts', 'fixed', 'launch', 0.15),
  routing('share', 0.6),
  routing('skew', 0.4),
  { path: ALL_REDUCE, resource: 'communication', error: ofBandwidth, of: [allReduceSpeed()] },
  time('layerLaunch', 'launch', true),
  {
    ...time('productLaunch', 'launch'),
    needs: 'further products',
    error: ({ engine: { device } }) => (device === null ? 0 : PRODUCT_ERROR),
  },
  time('layerHost', 'launch', true),
  time('allReduceSwitch.extra', 'communication'),
  time('draftPassLaunch', 'launch', true),
  time('draftSequence', 'launch'),
  time('stepOverhead.fixed', 'host', true),
  time('stepOverhead.each', 'host', true),
  time('speculationOverhead.fixed', 'host', true),
  time('speculationOverhead.each', 'host', true),
  time('treeOverhead.fixed', 'host'),
  time('treeOverhead.each', 'host'),
  time('raggedOverhead.fixed', 'host'),
  time('raggedOverhead.each', 'host'),
  time('lengthSwitch', 'host'),
  time('search.fixed', 'host'),
  time('search.each', 'host', true),
  time('drafterSwitch.fixed', 'host'),
  time('drafterSwitch.each', 'host'),
  time('plainSampling.fixed', 'host', true),
  time('plainSampling.each', 'host'),
  time('rejectionSampling.fixed', 'host', true),
  time('rejectionSampling.each', 'host'),
];

function efficiency(
  name: string,
  resource: Resource | null,
  error: Field['error'],
  of: readonly string[] = [name],
): Field {
  const path = (of: string) => `hardware.efficiency.${of}`;
  return { path: path(name), resource, error, of: of.map((one) => value(path(one))) };
}

/**
 * A factor on what all kernels of a kind reach, whichever is priced; a class of kernels is known half as well as one that
 * was measured, and no better than kernels differ.
 */
function factor(kind: KernelKind, name: KernelFactor, resource: Resource | null, measured: number): Field {
  const path = `hardware.efficiency.${kind}.${name}`;
  const key = `${kind}.${name}` as const;
  return {
    path,
    resource,
    needs: kind,
    error: ({ classErrors }) => {
      const ofClass = classErrors?.[kind];
      return ofClass === undefined ? measured : Math.max(ofClass, 2 * measured);
    },
    of: [
      {
        path,
        get: ({ hardware }) => hardware.efficiency.factors?.[key] ?? 1,
        put: (machine, value) => {
          const { efficiency } = machine.hardware;
          const factors = { ...efficiency.factors, [key]: value };
          return {
            ...partsOf(machine),
            hardware: { ...machine.hardware, efficiency: { ...efficiency, factors } },
          };
        },
      },
    ],
  };
}

/** @param error of what is assumed (share: 0 to 0.6) or fitted (skew: 0.2 to 1) */
function routing(name: 'share' | 'skew', error: number): Field {
  const path = `target.experts.${name}`;
  return {
    path,
    resource: null,
    needs: 'experts',
    error: (machine) => (machine.routing === undefined ? 0 : error),
    of: [
      {
        path,
        get: (machine) => machine.routing?.[name],
        put: (machine, value) => ({
          ...partsOf(machine),
          routing: { ...machine.routing!, [name]: name === 'share' ? Math.min(1, value) : value },
        }),
      },
    ],
  };
}

/** A machine of whatever holds one. */
function partsOf({ hardware, engine, routing, classErrors }: Machine): Machine {
  return { hardware, engine, ...(routing && { routing }), ...(classErrors && { classErrors }) };
}

/** @param name its path in the file of an engine, which keeps errors by it */
function time(name: string, resource: Resource, fitted?: true): Field {
  const path = `engine.${name}`;
  return {
    path,
    resource,
    error: ({ hardware, engine }) => {
      const own = engine.standardErrors[name] ?? 0;
      return engine.device === null || engine.device === hardware.name
        ? own
        : Math.hypot(own, OTHER_DEVICE_ERROR);
    },
    of: [value(path, `${path}S`)],
    ...(fitted && { fitted }),
  };
}

/** @param place where it stands in a machine */
function value(path: string, place = path): Value {
  const keys = place.split('.');
  return {
    path,
    get: (machine) => keys.reduce<unknown>((of, key) => (of as Tree)[key], machine) as number | undefined,
    put: (machine, value) => replaced(partsOf(machine), keys, value) as Machine,
  };
}

type Tree = { readonly [key: string]: unknown };

function replaced(of: object, [key, ...below]: readonly string[], value: number): object {
  const inner = (of as Tree)[key!] as object;
  return { ...of, [key!]: below.length === 0 ? value : replaced(inner, below, value) };
}

/** How many times as fast every all-reduce is as the machine's laws say. */
function allReduceSpeed(): Value {
  return {
    path: ALL_REDUCE,
    get: () => 1,
    put: (machine, speed) => {
      const { hardware } = machine;
      const allReduce = hardware.efficiency.allReduce.map((law) => ({
        ...law,
        lines: law.lines.map(({ latencyS, bytesPerS }) => ({
          latencyS: latencyS / speed,
          bytesPerS: bytesPerS * speed,
        })),
      }));
      const efficiency = { ...hardware.efficiency, allReduce };
      return { ...partsOf(machine), hardware: { ...hardware, efficiency } };
    },
  };
}
