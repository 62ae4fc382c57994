/** Routers: which replica takes a request, decided once, when it arrives. */

/** What a router sees of a replica. */
export interface Loaded {
  /** Requests that wait or run. */
  readonly requests: number;
}

export interface Router {
  choose(replicas: readonly Loaded[]): number;
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

export const ROUTERS = ['round-robin', 'least-loaded'] as const;

export type RouterName = (typeof ROUTERS)[number];

export function routerNamed(name: RouterName): Router {
  return name === 'round-robin' ? new RoundRobin() : new LeastLoaded();
}
