/** Routers: which replica takes a request, decided once, when it arrives. */

/** What a router sees of a replica. */
export interface Loaded {
  /** Requests that wait or run. */
  readonly requests: number;
  /** Tokens of their prompts, and tokens to be computed again, that are still to be prefilled. */
  readonly toCompute: number;
  /** Tokens that the KV blocks of running requests hold. */
  readonly usedTokens: number;
  /** Tokens of a request's prompt that its prefix cache would spare. */
  cachedTokens(request: number): number;
}

export interface Router {
  /** @param request index in the workload */
  choose(replicas: readonly Loaded[], request: number): number;
}

/** One after the other. */
export class RoundRobin implements Router {
  #next = 0;

  choose(replicas: readonly Loaded[]): number {
    const chosen = this.#next;
    this.#next = (chosen + 1) % replicas.length;
    return chosen;
  }
}

/** The one with the fewest requests that wait or run, the first of equals. */
export class LeastLoaded implements Router {
  choose(replicas: readonly Loaded[]): number {
    let chosen = 0;
    for (let i = 1; i < replicas.length; i++) {
      if (replicas[i]!.requests < replicas[chosen]!.requests) chosen = i;
    }
    return chosen;
  }
}

/**
 * The one with the least to prefill, the request's own prompt included and what its cache has of it left out, and the
 * least KV in use, added up in tokens; the first of equals. So weighs the KV router of NVIDIA Dynamo with its default
 * weight of 1 and temperature of 0 (docs.nvidia.com/dynamo, "Routing concepts"): reuse draws requests, load repels them.
 */
export class PrefixAware implements Router {
  choose(replicas: readonly Loaded[], request: number): number {
    const cost = (one: Loaded) => one.toCompute - one.cachedTokens(request) + one.usedTokens;
    let chosen = 0;
    let least = cost(replicas[0]!);
    for (let i = 1; i < replicas.length; i++) {
      const its = cost(replicas[i]!);
      if (its >= least) continue;
      chosen = i;
      least = its;
    }
    return chosen;
  }
}

const MADE = {
  'round-robin': () => new RoundRobin(),
  'least-loaded': () => new LeastLoaded(),
  'prefix-aware': () => new PrefixAware(),
};

export type RouterName = keyof typeof MADE;

export const ROUTERS = Object.keys(MADE) as [RouterName, ...RouterName[]];

export function routerNamed(name: RouterName): Router {
  return MADE[name]();
}
