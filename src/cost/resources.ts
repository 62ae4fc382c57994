/**
 * Which resource seconds were spent on. Every price is homogeneous: with all rates halved and all times doubled
 * it doubles. So its derivative to the logarithm of each field is that field's share of it, and the
 * shares add up to the whole (Euler). In the rounded corner of a roofline, bytes and FLOPs both have a share.
 */
import { FIELDS, type Machine, RESOURCES, type Resource, scaled } from './fields.ts';

type ResourceSeconds = Readonly<Record<Resource, number>>;

/** Half the distance of the two prices that make a derivative, in the logarithm of the field. */
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
  const share = (resource: Resource): number => {
    const fields = FIELDS.filter((field) => field.resource === resource);
    const at = (factor: number) =>
      secondsOn(fields.reduce((on, field) => scaled(field, on, factor), machine));
    return Math.abs(at(Math.exp(STEP)) - at(Math.exp(-STEP))) / (2 * STEP);
  };
  const seconds = Object.fromEntries(RESOURCES.map((resource) => [resource, share(resource)])) as Record<
    Resource,
    number
  >;
  // Memory bandwidth moves the traffic of KV cache too.
  return { ...seconds, weights: seconds.weights - seconds.kv };
}

/** The resource with the most seconds: the one that binds. */
export function binding(seconds: ResourceSeconds): Resource {
  return RESOURCES.reduce((most, resource) => (seconds[resource] > seconds[most] ? resource : most));
}
