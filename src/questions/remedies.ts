/** What would help a setting most, each remedy alone. */
import { FIELDS, scaled } from '../cost/fields.ts';
import type { Measures } from '../metrics/measure.ts';
import type { Bench } from '../scenario/bench.ts';
import type { Inputs } from '../scenario/inputs.ts';
import type { Bounds } from './waterfall.ts';

/** What a better part is taken to be better by. */
const BETTER = 0.2;

export interface Remedy {
  readonly what: string;
  /** Throughput of decoding with it over that without. */
  readonly gain: number;
}

/** Milliseconds of a step, and tokens that it emits for a sequence. */
interface Step {
  readonly ms: number;
  readonly tokens: number;
}

export function stepOf({ step_ms, tokens_per_round }: Pick<Measures, 'step_ms' | 'tokens_per_round'>): Step {
  return {
    ms: Object.values(step_ms!).reduce((sum, ms) => sum + ms, 0),
    tokens: tokens_per_round!,
  };
}

/** Largest gain first. */
export function remedies(inputs: Inputs, bench: Bench, bounds: Bounds, batch: number): Remedy[] {
  const { setting, exact, oracles, best } = bounds;
  const measures = bench.measures(setting, batch);
  const now = stepOf(measures);
  const { draft, overhead } = measures.step_ms!;
  const gain = ({ ms, tokens }: Step) => tokens / ms / (now.tokens / now.ms);
  const percent = `${100 * BETTER}%`;
  const faster = (path: string) => {
    const field = FIELDS.find((one) => one.path === path)!;
    const step_ms = bench.stepMs(setting, batch, scaled(field, inputs, 1 + BETTER));
    return gain(stepOf({ step_ms, tokens_per_round: measures.tokens_per_round }));
  };
  // More than k cannot be accepted.
  const accepted = Math.min((now.tokens - 1) * (1 + BETTER), Math.max(setting.k!, now.tokens - 1));
  const bound = best === null ? oracles[0] : (['the best rounds there are (optimum)', best] as const);
  const all: Remedy[] = [
    { what: 'no rejected tokens (exact lengths up to k)', gain: gain(stepOf(bench.measures(exact, batch))) },
    ...(bound === undefined ? [] : [{ what: bound[0], gain: gain(stepOf(bench.measures(bound[1], batch))) }]),
    { what: `a drafter with ${percent} more accepted`, gain: gain({ ms: now.ms, tokens: 1 + accepted }) },
    { what: `drafting in ${percent} less time`, gain: gain({ ...now, ms: now.ms - BETTER * draft }) },
    { what: `host overhead ${percent} smaller`, gain: gain({ ...now, ms: now.ms - BETTER * overhead }) },
    { what: `${percent} more memory bandwidth`, gain: faster('hardware.memoryBandwidth') },
    { what: `${percent} more FLOP/s`, gain: faster('hardware.denseFlops') },
  ];
  return all.sort((a, b) => b.gain - a.gain);
}
