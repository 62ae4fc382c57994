/**
 * Which resource seconds were spent on. Every price is homogeneous: with all rates halved and all times doubled
 * it doubles. So its derivative to the logarithm of each parameter is that parameter's share of it, and the
 * shares add up to the whole (Euler). In the rounded corner of a roofline, bytes and FLOPs both have a share.
 */
import { type Machine, PARAMETERS, type Parameter } from './parameters.ts';

/** `weights` is memory traffic other than KV cache: weights, and activations; `host` is all that kernels wait for. */
export const RESOURCES = ['weights', 'kv', 'flops', 'communication', 'launch', 'host'] as const;

export type Resource = (typeof RESOURCES)[number];

type ResourceSeconds = Readonly<Record<Resource, number>>;

const BYTES = named('hardware.memoryBandwidth');
const KV_BYTES = named('hardware.efficiency.attention.bandwidth');
const FLOPS = named('hardware.denseFlops');
const COMMUNICATION = named('hardware.efficiency.allReduce');
const LAUNCH = named('engine.layerLaunch', 'engine.layerHost', 'engine.draftPassLaunch');
const HOST = PARAMETERS.filter(
  ({ name }) => name.startsWith('engine.') && !LAUNCH.some((l) => l.name === name),
);

/** Half the distance of the two prices that make a derivative, in the logarithm of the parameter. */
const STEP = 1e-3;

/**
 * Splits seconds by resource.
 *
 * @param secondsOn what is to be split, priced on a machine: of a pass, a step or a run, whose work stays the same
 */
export function secondsByResource(
  secondsOn: (machine: Machine) => number,
  machine: Machine,
): ResourceSeconds {
  const share = (parameters: readonly Parameter[]): number => {
    const scaled = (factor: number) =>
      secondsOn(parameters.reduce((on, parameter) => parameter.scaled(on, factor), machine));
    return Math.abs(scaled(Math.exp(STEP)) - scaled(Math.exp(-STEP))) / (2 * STEP);
  };
  const kv = share(KV_BYTES);
  return {
    weights: share(BYTES) - kv,
    kv,
    flops: share(FLOPS),
    communication: share(COMMUNICATION),
    launch: share(LAUNCH),
    host: share(HOST),
  };
}

/** The resource with the most seconds: the one that binds. */
export function binding(seconds: ResourceSeconds): Resource {
  return RESOURCES.reduce((most, resource) => (seconds[resource] > seconds[most] ? resource : most));
}

function named(...names: readonly string[]): Parameter[] {
  return names.map((name) => PARAMETERS.find((parameter) => parameter.name === name)!);
}
