/** What fills each kind of chart, and how. */
import { UserError } from '../errors.ts';
import { CHART_KINDS, type Chart, type ChartKind } from '../plot/chart.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { passesOf } from '../scenario/passes.ts';
import type { Envelope, Row } from '../scenario/result.ts';
import { roundsOf } from '../scenario/rounds.ts';
import type { runScenario } from '../scenario/run.ts';
import { acceptanceChart } from './acceptance.ts';
import { capacityChart } from './capacity.ts';
import { paretoChart } from './pareto.ts';
import { passChart, rooflineChart } from './passes.ts';
import { roundsChart } from './rounds.ts';
import { speedupChart } from './speedup.ts';
import { timeChart } from './time.ts';
import { bestChart, treeChart } from './tuned.ts';
import { waterfallChart } from './waterfall.ts';

export type Run = ReturnType<typeof runScenario>;

interface Filling {
  /** Questions whose rows fill it, the first the one to ask for it; none where it is worked out from a scenario. */
  readonly of: readonly string[];
  /** A column that rows of these questions alone have. */
  readonly needs?: string;
  /** From an answer. */
  make?(answer: never): Chart;
  /** From a scenario, and a run of it where there is one. */
  draw?(inputs: Inputs, run?: Run): Chart;
}

export const CHARTS: Readonly<Record<ChartKind, Filling>> = {
  speedup: { of: ['run'], needs: 'time_share', make: (answer: Envelope<Row>) => speedupChart(answer) },
  time: { of: ['run'], needs: 'time_share', make: timeChart },
  pass: { of: [], draw: (inputs, run) => passChart(passesOf(inputs, run)) },
  roofline: { of: [], draw: (inputs, run) => rooflineChart(passesOf(inputs, run)) },
  acceptance: { of: [], draw: (inputs) => acceptanceChart(inputs) },
  best: { of: ['tune'], needs: 'over_none', make: bestChart },
  tree: { of: ['tune'], needs: 'over_none', make: treeChart },
  waterfall: { of: ['explain'], needs: 'waterfall', make: waterfallChart },
  pareto: { of: ['compare', 'run'], needs: 'baseline_throughput_tok_per_s', make: paretoChart },
  capacity: { of: ['capacity'], needs: 'max_rate_req_per_s', make: capacityChart },
  rounds: { of: [], draw: (inputs) => roundsChart(roundsOf(inputs, 0)) },
};

/** The kinds that rows of a question fill, its own first. */
export const kindsOf = (question: string) => CHART_KINDS.filter((kind) => CHARTS[kind].of.includes(question));

/** Every picture that an answer fills; those that its rows cannot fill are left out. */
export function chartsOf(question: string, answer: Envelope<unknown>): Chart[] {
  return kindsOf(question).flatMap((kind) => {
    try {
      return [CHARTS[kind].make!(answer as never)];
    } catch (error) {
      if (error instanceof UserError) return [];
      throw error;
    }
  });
}
