/**
 * How far a question is from what was calibrated, as standard deviations of the logarithm of a speedup: a class each,
 * found by predicting published speedups away from that spot (docs/validation.md). All settings of a run share them, and
 * all draft lengths of a method share its acceptance's, so that they cancel where two of them are compared.
 *
 * Left out: text of another mode than the recording's, and drafters lent by another target.
 */
import type { EngineProfile } from '../cost/engine-profile.ts';
import { COST_MODELS } from '../cost/models.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import { expertsOf, type Transformer } from '../model/architecture.ts';
import type { StatedAcceptance } from '../trace/acceptance-spec.ts';
import type { PositionLengths } from '../trace/trace.ts';
import { formatsText } from './number-formats.ts';
import type { Scenario } from './scenario.ts';
import type { Setup } from './setup.ts';

interface Asked {
  readonly scenario: Scenario;
  readonly hardware: HardwareProfile;
  readonly target: Transformer;
  readonly engine: EngineProfile;
  readonly rates: ReadonlyMap<string, StatedAcceptance>;
}

/** Classes of distance; 0.05 is 5 %. */
const DISTANCES: readonly {
  readonly path: string;
  readonly error: number;
  readonly far: (asked: Asked, range: NonNullable<EngineProfile['range']>) => boolean;
}[] = [
  { path: 'trust.experts', error: 0.08, far: ({ target }) => expertsOf(target) !== null },
  {
    path: 'trust.format',
    error: 0.04,
    far: ({ scenario, target }, { dtypes }) => !dtypes.includes(formatsText(scenario.dtype, target)),
  },
  { path: 'trust.tp', error: 0.03, far: ({ scenario }, { tp }) => scenario.tp > tp[1] },
];

/** Classes of acceptance; a recording, and a process fitted to one, have none beyond the discrepancy of the model. */
const ACCEPTANCE = { quantiles: 0.05, lookUpQuantiles: 0.08, stated: 0.02 };

export interface Doubt {
  readonly path: string;
  /** Change of the logarithm of a speculative run's throughput at one standard deviation; 0 for plain decoding. */
  readonly error: number;
}

/** What is uncertain beside constants and the choice of requests, for a setting. */
export function doubtsOf(
  asked: Asked,
  { method, acceptance }: Pick<Setup, 'method' | 'acceptance'>,
): Doubt[] {
  const { range } = asked.engine;
  if (method.kind === 'none') return [];
  const distances =
    range === null || !COST_MODELS[asked.scenario.cost].machine
      ? []
      : DISTANCES.filter(({ far }) => far(asked, range)).map(({ path, error }) => ({ path, error }));
  const own = method.parts.flatMap(({ name }, i) => {
    const error = asked.rates.has(name) ? ACCEPTANCE.stated : errorOf(name, acceptance[i]!);
    return error === 0 ? [] : [{ path: `acceptance.${name}`, error }];
  });
  return [...distances, ...own];
}

function errorOf(name: string, { toQuantiles }: PositionLengths): number {
  if (toQuantiles !== true) return 0;
  return name === 'ngram' ? ACCEPTANCE.lookUpQuantiles : ACCEPTANCE.quantiles;
}
