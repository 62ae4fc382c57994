/** Where a model runs that is not all on one group of GPUs, and what moves between. */
import type { HardwareProfile } from '../hardware/profile.ts';

/** A link between two of them; every transfer takes its latency and the time of its bytes. */
export interface Link {
  readonly latencyS: number;
  readonly bytesPerS: number;
}

/** A link that nothing is lost on. */
export const FREE_LINK: Link = { latencyS: 0, bytesPerS: Number.POSITIVE_INFINITY };

export interface Placement {
  /** The GPUs that draft models run on, and the link to those of the target. */
  readonly drafting: {
    readonly hardware: HardwareProfile;
    readonly gpus: number;
    /** Whether they are others than the target's. */
    readonly apart: boolean;
    readonly link: Link;
  };
  /** Groups of GPUs with a part of the target's layers each, one after the other (pipeline parallel). */
  readonly stages: {
    readonly count: number;
    readonly link: Link;
    /** Batches in them at a time; one unless said. */
    readonly batches?: number;
  };
  /** Between a replica that prefills and one that decodes, all its GPUs together; null where each does both. */
  readonly kv: Link | null;
}

/** All on the target's GPUs. */
export function together(hardware: HardwareProfile, gpus: number): Placement {
  return {
    drafting: { hardware, gpus, apart: false, link: FREE_LINK },
    stages: { count: 1, link: FREE_LINK },
    kv: null,
  };
}

/** Seconds of so many transfers with so many bytes in all. */
export function transferS({ latencyS, bytesPerS }: Link, transfers: number, bytes: number): number {
  return transfers * latencyS + bytes / bytesPerS;
}

/** The same placement on a machine that differs in a parameter; GPUs of its own are not of the machine. */
export function placedOn(placement: Placement, hardware: HardwareProfile): Placement {
  const { drafting } = placement;
  return drafting.apart ? placement : { ...placement, drafting: { ...drafting, hardware } };
}
