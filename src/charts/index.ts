/** Which questions fill which kinds of charts, and how. */
import { UserError, unknownName } from '../errors.ts';
import { CHART_KINDS, type Chart, type ChartKind } from '../plot/chart.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { passesOf } from '../scenario/passes.ts';
import { type Envelope, type Row, TOOL } from '../scenario/result.ts';
import { roundsOf } from '../scenario/rounds.ts';
import type { runScenario } from '../scenario/run.ts';
import { acceptanceMap } from '../trace/acceptance-map.ts';
import { acceptanceChart } from './acceptance.ts';
import { bestChart } from './best.ts';
import { capacityChart } from './capacity.ts';
import { paretoChart } from './pareto.ts';
import { passChart } from './pass.ts';
import { rooflineChart } from './roofline.ts';
import { roundsChart } from './rounds.ts';
import { speedupChart } from './speedup.ts';
import { timeChart } from './time.ts';
import { treeChart } from './tree.ts';
import { waterfallChart } from './waterfall.ts';

/** A kind that the rows of a question fill; the first question is the one to ask for it. */
interface FromRows {
  readonly of: readonly string[];
  /** A column that rows of these questions alone have. */
  readonly needs: string;
  make(answer: never): Chart;
}

/** A kind that is worked out from a scenario, and from a run of it, where there is one. */
type FromInputs = (inputs: Inputs, run?: ReturnType<typeof runScenario>) => Chart;

type OfInputs = 'pass' | 'roofline' | 'acceptance' | 'rounds';
type OfRows = Exclude<ChartKind, OfInputs>;

export const FROM_ROWS: { readonly [K in OfRows]: FromRows } = {
  speedup: { of: ['run'], needs: 'time_share', make: (answer: Envelope<Row>) => speedupChart(answer) },
  time: { of: ['run'], needs: 'time_share', make: timeChart },
  best: { of: ['tune'], needs: 'over_none', make: bestChart },
  tree: { of: ['tune'], needs: 'over_none', make: treeChart },
  waterfall: { of: ['explain'], needs: 'waterfall', make: waterfallChart },
  pareto: { of: ['compare', 'run'], needs: 'baseline_throughput_tok_per_s', make: paretoChart },
  capacity: { of: ['capacity'], needs: 'max_rate_req_per_s', make: capacityChart },
};

/** Draft numbers that are shown at the most. */
const MOST_DRAFTS = 16;

/** The request whose rounds are drawn. */
const REQUEST = 0;

export const FROM_INPUTS: { readonly [K in OfInputs]: FromInputs } = {
  pass: (inputs, run) => passChart(passesOf(inputs, run)),
  roofline: (inputs, run) => rooflineChart(passesOf(inputs, run)),
  acceptance: acceptanceOf,
  rounds: (inputs) => roundsChart(roundsOf(inputs, REQUEST)),
};

/** @throws UserError for what is none of the closed list */
export function chartKind(name: string): ChartKind {
  const kind = CHART_KINDS.find((one) => one === name);
  if (kind === undefined) throw unknownName('kind of picture', name, CHART_KINDS);
  return kind;
}

/** The kinds that rows of a question fill, its own first. */
export function kindsOf(question: string): OfRows[] {
  const kinds = Object.keys(FROM_ROWS) as OfRows[];
  return kinds.filter((kind) => FROM_ROWS[kind].of.includes(question));
}

/** Every picture that an answer fills; those that its rows cannot fill are left out. */
export function chartsOf(question: string, answer: Envelope<unknown>): Chart[] {
  return kindsOf(question).flatMap((kind) => {
    try {
      return [FROM_ROWS[kind].make(answer as never)];
    } catch (error) {
      if (error instanceof UserError) return [];
      throw error;
    }
  });
}

/** Of the last drafting method that the first trace knows. */
function acceptanceOf(inputs: Inputs): Chart {
  const { scenario, configHash, warnings, methods, traces } = inputs;
  const { name: trace, drafters } = traces[0]!;
  const names = methods.flatMap(({ parts }) => parts.map(({ name }) => name));
  const method = names.findLast((name) => drafters.has(name));
  if (method === undefined) {
    throw new UserError(
      `plot acceptance: trace ${trace} has none of ${names.join(', ') || 'no method'}, expected --method with one of ${[...drafters.keys()].join(', ')}`,
    );
  }
  const lengths = drafters.get(method)!;
  const answer = { tool: TOOL, config: scenario, configHash, seed: scenario.seed, warnings };
  const map = acceptanceMap(lengths, Math.min(lengths.maxK, MOST_DRAFTS));
  return acceptanceChart(answer, map, { trace, kind: lengths.kind, method });
}
