/** Facts of a report's head that all reports share. */
import type { Inputs } from '../scenario/inputs.ts';
import { parseLoad } from '../scenario/load.ts';
import type { Scenario } from '../scenario/options.ts';
import type { Override } from '../scenario/overrides.ts';
import { shownQuantity } from '../units.ts';
import type { Arrivals } from '../workload/arrivals.ts';
import { type Fact, type Shown, WHOLE } from './document.ts';

/** What a row's setting is called: its method, k where it takes one, and the policy unless it is k in every round. */
export function settingLabel({
  method,
  k,
  tree,
  policy,
}: {
  readonly method: string;
  readonly k: number | null;
  readonly tree?: string | null;
  readonly policy: string | null;
}): string {
  const drafts = tree ?? (k === null ? null : `k=${k}`);
  if (drafts === null) return method;
  return `${method} ${drafts}${policy === null || policy === 'fixed' ? '' : ` ${policy}`}`;
}

/** Copies or concurrency of a row, `open` where arrivals decide. */
export function batchColumn<R extends { readonly batch_size: number | null }>(rows: readonly R[]): Shown<R> {
  const title = rows[0]?.batch_size === null ? 'load' : 'batch';
  return { title, as: WHOLE, cell: (row) => row.batch_size ?? 'open' };
}

/** What-if values: `hardware.memoryBandwidth=1.2x (3.35 TB/s -> 4.02 TB/s)`. */
export function overrideFacts(overrides: readonly Override[]): Fact[] {
  return overrides.map(({ path, written, changed }) => {
    const changes = changed.map(
      ({ before, after, unit }) =>
        `${before === null ? 'none' : shownQuantity(before, unit)} -> ${shownQuantity(after, unit)}`,
    );
    return ['set', `${path}=${written}${changes.length === 0 ? '' : ` (${changes.join(', ')})`}`];
  });
}

/** Where draft models, stages and prefill run, if not all on the target's GPUs. */
export function placementFacts({ scenario, placement }: Inputs): Fact[] {
  const { link, tp, replicas, prefillReplicas, microbatches } = scenario;
  const { drafting, stages } = placement;
  const over = (name: string) => (link[name] === undefined ? '' : `, link ${link[name]}`);
  const inFlight = microbatches > 1 ? `, ${microbatches} batches in them` : '';
  return [
    ...(drafting.apart
      ? [['drafts', `on ${drafting.gpus} x ${drafting.hardware.label}${over('draft')}`] as const]
      : []),
    ...(link.node === undefined ? [] : [['nodes', `several to a group of GPUs${over('node')}`] as const]),
    ...(prefillReplicas === null
      ? []
      : [['split', `${prefillReplicas} to prefill, ${replicas} to decode${over('kv')}`] as const]),
    ...(stages.count > 1
      ? [['stages', `${stages.count} of ${tp} GPUs each${over('stage')}${inFlight}`] as const]
      : []),
  ];
}

/** How a diffusion model writes. */
export function writingFacts({ writing }: Inputs): Fact[] {
  return writing === null
    ? []
    : [
        [
          'writes',
          `blocks of ${writing.block} tokens, ${Number(writing.tokens.toFixed(2))} finalised a pass${writing.refresh === null ? '' : `, caches made anew every ${writing.refresh} passes`}; quality not modelled`,
        ],
      ];
}

/** Traces and load; `load` where a command means something else by it than a run does. */
export function workloadFacts(
  { traces, scenario }: Pick<Inputs, 'traces' | 'scenario'>,
  load = loadText(scenario),
): Fact[] {
  return [
    ...traces.map((trace): Fact => {
      const kinds = new Set([...trace.drafters.values()].map((lengths) => lengths.kind));
      const kind = kinds.has('recording') ? 'a recording' : 'a fitted process, sampled';
      return [
        'trace',
        `${trace.name}: ${kind}, ${trace.outputTokens.length} requests (${short(trace.provenance.source)})`,
      ];
    }),
    ...Object.entries(scenario.acceptance).map(
      ([method, spec]): Fact => ['stated', `acceptance ${method}=${spec}, in place of the trace's`],
    ),
    ...(scenario.accept === 'greedy' ? [] : [['accept', scenario.accept] as const]),
    ...(scenario.drafterQuality === 1
      ? []
      : [
          [
            'quality',
            `what if: drafters accept ${scenario.drafterQuality} times as many tokens a round`,
          ] as const,
        ]),
    ...(scenario.turns === null
      ? []
      : [
          [
            'turns',
            `${scenario.turns} a conversation, ${scenario.turnDelay} s apart${scenario.sharedPrompt === 0 ? '' : `, ${scenario.sharedPrompt} tokens that all share`}, prefix cache ${scenario.prefixCache}`,
          ] as const,
        ]),
    ...(scenario.workload === null
      ? []
      : [['workload', `${scenario.workload}: lengths of its requests`] as const]),
    ['load', `${load}${scenario.duration === null ? '' : `, cut off after ${scenario.duration} s`}`],
    ...(scenario.policy.join() === 'fixed'
      ? []
      : [['policy', `${scenario.policy.join(', ')}: k at most`] as const]),
    ...(scenario.slo === null ? [] : [['slo', scenario.slo] as const]),
  ];
}

function loadText({ load, timeScale }: Scenario): string {
  const parsed = parseLoad(load)!;
  switch (parsed.kind) {
    case 'clones':
      return 'clones: a batch is N copies of one request, started together';
    case 'drain':
      return 'drain: N different requests start together, and none is replaced';
    case 'closed':
      return 'closed: N different requests run at a time, one that ends is replaced at once';
    case 'recorded':
      return `open: requests arrive as recorded${timeScale === 1 ? '' : `, ${timeScale} times as fast`}`;
    case 'open':
      return `open: requests arrive at ${parsed.arrivals.ratePerS} per second, ${spacing(parsed.arrivals)}`;
  }
}

/** Where a trace is from, as far as the first remark: `trace inspect` says the rest. */
function short(source: string): string {
  return source.replace(/\s*[(;].*$/s, '');
}

/** How arrivals are spaced, whatever their rate. */
export function spacing(arrivals: Arrivals): string {
  switch (arrivals.process) {
    case 'poisson':
      return 'at random';
    case 'constant':
      return 'evenly';
    case 'gamma':
      return `in bursts: gamma gaps with a CV of ${arrivals.cv}`;
  }
}
