/**
 * Whether a schedule of draft lengths survives what its changes cost: it runs as a table beside the best single length,
 * so many different requests at a time, and once more without each cost.
 */
import type { EngineProfile } from '../cost/engine-profile.ts';
import { FreshDrafts } from '../cost/fresh-drafts.ts';
import type { Method } from '../drafter/methods.ts';
import { UNBOUND } from '../policy/length-changes.ts';
import type { NamedPolicy } from '../policy/policies.ts';
import { Bench, type Ratio } from '../scenario/bench.ts';
import type { Inputs } from '../scenario/inputs.ts';
import type { Range } from './schedule.ts';

export const SWITCHING_COSTS = {
  changes: 'changes of length',
  drafter: "the drafter's KV cache while it is off",
  graphs: 'memory of graphs for each length',
  limits: 'lengths held back by floor, cool-down and walk',
} as const;

export type SwitchingCost = keyof typeof SWITCHING_COSTS;

export interface SwitchingRow {
  readonly trace: string;
  readonly method: string;
  /** Prompt length that replaced the trace's, in tokens; null for the trace's own. */
  readonly context_tokens: number | null;
  /** Requests at a time. */
  readonly batch_size: number;
  /** The best single length over all batch sizes, at least 1. */
  readonly single_k: number;
  /** The schedule's throughput over that length's. */
  readonly over_single: Ratio;
  /** A decode step of the schedule, in ms, and how much shorter it would be without each cost; below 0 where it would be longer. */
  readonly step_ms: number;
  readonly cost_ms: Readonly<Record<SwitchingCost, number>>;
}

/** Whether an engine says anything of what changes of length cost, or of how they are held back. */
export function pricesSwitching(engine: EngineProfile): boolean {
  return (
    engine.lengthSwitchS > 0 ||
    engine.lengthGraphsBytes > 0 ||
    engine.offPasses > 0 ||
    Object.entries(UNBOUND).some(([name, free]) => engine[name as keyof typeof UNBOUND] !== free)
  );
}

/** Null where the schedule has one length, so that nothing changes. */
export function switchingRows(
  inputs: Inputs,
  traceAt: number,
  {
    method,
    ranges,
    single,
  }: { readonly method: Method; readonly ranges: readonly Range[]; readonly single: number },
  warnings: Set<string>,
): SwitchingRow[] | null {
  const longest = Math.max(...ranges.map(({ k }) => k));
  if (ranges.every(({ k }) => k === longest)) return null;
  const trace = inputs.traces[traceAt]!;
  const { engine } = inputs;
  const benchOf = (changed: Partial<EngineProfile>) => {
    const scenario = { ...inputs.scenario, load: 'closed' as const };
    return new Bench({ ...inputs, scenario, engine: { ...engine, ...changed } }, trace, 'closed', warnings);
  };
  const bench = benchOf({});
  const [roomy, free] = [benchOf({ lengthGraphsBytes: 0 }), benchOf(UNBOUND)];
  const unpriced = { ...inputs, engine: { ...engine, lengthSwitchS: 0 } };
  const entries = ranges.map(({ lo, hi, k }, i) => ({
    batchLo: i === 0 ? 1 : lo,
    batchHi: hi,
    contextLo: 1,
    contextHi: Number.POSITIVE_INFINITY,
    k,
  }));
  const policy: NamedPolicy = { name: 'schedule', spec: { kind: 'table', entries } };
  const schedule = { method, k: longest, policy };
  return [...new Set(inputs.scenario.batch)]
    .sort((a, b) => a - b)
    .map((batch): SwitchingRow => {
      const own = bench.measures(schedule, batch);
      const stepMs = (1000 * batch * own.tokens_per_round!) / own.decode_tok_per_s!;
      const saved = ({ throughput_tok_per_s: without }: typeof own) =>
        stepMs * (1 - own.throughput_tok_per_s / without);
      return {
        trace: trace.name,
        method: method.name,
        context_tokens: inputs.scenario.promptLen,
        batch_size: batch,
        single_k: single,
        over_single: bench.ratio(schedule, { method, k: single }, batch),
        step_ms: stepMs,
        cost_ms: {
          changes: saved(bench.measures(schedule, batch, unpriced)),
          drafter: saved(bench.measuresAt(schedule, batch, (cost) => new FreshDrafts(cost))),
          graphs: saved(roomy.measures(schedule, batch)),
          limits: saved(free.measures(schedule, batch)),
        },
      };
    });
}

/** The verdict in a sentence. */
export function switchingVerdict(rows: readonly SwitchingRow[]): string {
  const { single_k: k, method } = rows[0]!;
  const lost = rows.filter(({ over_single: over }) => over.hi < 1);
  const won = rows.filter(({ over_single: over }) => over.lo > 1);
  const sizes = (of: readonly SwitchingRow[]) => {
    const from = rows.indexOf(of[0]!);
    return of.length > 1 && rows.length - from === of.length
      ? `from ${of[0]!.batch_size} requests at a time on`
      : `at ${of.map(({ batch_size: batch }) => batch).join(', ')} requests at a time`;
  };
  const gain = won.length === 0 ? '' : `surely faster ${sizes(won)}`;
  if (lost.length === 0) {
    return `the schedule of ${method} survives what its changes cost: ${gain === '' ? `neither it nor fixed k=${k} is surely faster anywhere` : `it is ${gain} than fixed k=${k}, and nowhere surely slower`}`;
  }
  const worst = lost.reduce((a, b) => (b.over_single.ratio < a.over_single.ratio ? b : a));
  const { over_single: over, step_ms: stepMs, batch_size: batch } = worst;
  const costs = (Object.keys(SWITCHING_COSTS) as SwitchingCost[])
    .map((name) => ({ name, ms: worst.cost_ms[name] }))
    .sort((a, b) => b.ms - a.ms);
  const { name, ms } = costs[0]!;
  const much = `${SWITCHING_COSTS[name]}, ${ms.toFixed(2)} of ${stepMs.toFixed(2)} ms a step`;
  const without = (speedup: number) => speedup / (1 - ms / stepMs);
  const sinks =
    ms < 0.005
      ? 'none of its costs did it: with different requests at a time it is no better anyway'
      : without(over.ratio) >= 1
        ? `what sinks it at ${batch}: ${much}`
        : without(over.hi) >= 1
          ? `what makes it surely slower at ${batch}: ${much}`
          : `no cost alone sinks it at ${batch}, the largest: ${much}`;
  return `fixed k=${k} is better than the schedule of ${method} ${sizes(lost)}${gain === '' ? '' : ` (the schedule is ${gain})`}; ${sinks}`;
}
