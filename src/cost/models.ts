/** What sets cost models apart, whoever prices with them. */

interface CostModelTraits {
  readonly title: string;
  /** Prices follow from a GPU and an engine: their constants, with their errors, and questions about them act. */
  readonly machine: boolean;
  /** Weights and KV cache take memory, which bounds a step. */
  readonly memory: boolean;
  /** How its authors read recordings. */
  readonly conventions: 'as recorded' | 'specdecode-bench';
  /** Drafts that branch have a price. */
  readonly trees: boolean;
  /** What is found for one method holds beside all others. */
  readonly sharedByMethods: boolean;
}

export const COST_MODELS = {
  roofline: {
    title: 'the roofline of the GPU',
    machine: true,
    memory: true,
    conventions: 'as recorded',
    trees: true,
    sharedByMethods: true,
  },
  'specdecode-bench': {
    title: 'the linear cost model of SpecDecode-Bench',
    machine: false,
    memory: false,
    conventions: 'specdecode-bench',
    trees: false,
    sharedByMethods: false,
  },
} as const satisfies Record<string, CostModelTraits>;

/** `table:FILE`: measured steps, and the roofline where they say nothing. */
export type CostName = keyof typeof COST_MODELS | `table:${string}`;

export function costTraits(name: CostName): CostModelTraits {
  const [, file] = /^table:(.*)$/.exec(name) ?? [];
  return file === undefined
    ? COST_MODELS[name as keyof typeof COST_MODELS]
    : { ...COST_MODELS.roofline, title: `measured steps of ${file}`, trees: false };
}
