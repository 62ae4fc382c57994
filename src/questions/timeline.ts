/**
 * A run step by step, of a scenario with one row, as a Chrome trace (JSON Array Format in an object), which Perfetto
 * (ui.perfetto.dev) shows: a track a replica with its steps and their parts, a span a request with its time in the
 * queue, in prefill and in decoding, and counters of who runs, who waits and what the KV cache holds.
 *
 * Times are microseconds of virtual time. Within a step, parts are drawn one after another in the order of the
 * host and the GPU; prefill beside decoding is in truth part of the same pass.
 */
import { noSeconds, PARTS, type PartSeconds, secondsOf, totalSeconds } from '../cost/work.ts';
import type { EngineStep, FinishedRecord } from '../engine/records.ts';
import { printable, UserError } from '../errors.ts';
import { Bench } from '../scenario/bench.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { isOpen } from '../scenario/load.ts';
import type { Scenario } from '../scenario/options.ts';
import { loadKind, settingsOf } from '../scenario/run.ts';
import type { Question } from './question.ts';

/** A step as it was observed, with its own copy of its seconds. */
export type TimelineStep = EngineStep & { readonly parts: PartSeconds };

export interface Timeline {
  /** Names of the replicas, in their order. */
  readonly replicas: readonly string[];
  /** In order of their end. */
  readonly steps: readonly TimelineStep[];
  readonly finished: readonly FinishedRecord[];
}

/** The file of `--timeline`. */
export const timeline: NonNullable<Question['beside']> = {
  check: ({ inputs }) => checkTimelineQuestion(inputs[0]!),
  make({ inputs }) {
    const [first] = inputs;
    const { json, cut } = timelineText(
      timelineOf(first!),
      `specsim ${first!.target.name}, ${first!.methods[0]!.name}`,
    );
    return { text: json, said: `open it in https://ui.perfetto.dev${cut === null ? '' : `; ${cut}`}` };
  },
};

/** @throws UserError for clones, which are no events in time, and for more than one row */
export function checkTimelineQuestion(inputs: Inputs): void {
  const { scenario, traces } = inputs;
  if (scenario.load === 'clones') {
    throw new UserError(
      '--timeline: copies of one request have none worth drawing, expected another load, such as closed or poisson:RATE',
    );
  }
  const batches = isOpen(scenario.load) ? 1 : scenario.batch.length;
  const settings = settingsOf(inputs);
  const rows = traces.length * settings.length * batches;
  if (rows === 1) return;
  const narrow = [
    ...(scenario.method.length > 1 ? ['--method'] : []),
    ...(scenario.k.length > 1 && settings.some(({ k }) => k !== null) ? ['--k'] : []),
    ...(scenario.policy.length > 1 ? ['--policy'] : []),
    ...(batches > 1 ? ['--batch'] : []),
    ...(traces.length > 1 ? ['--trace'] : []),
  ];
  throw new UserError(
    `--timeline: draws one row, and this scenario has ${rows}; name one value of ${narrow.join(', ')}`,
  );
}

/** Runs the scenario's one row under observation. */
export function timelineOf(inputs: Inputs): Timeline {
  checkTimelineQuestion(inputs);
  const { scenario, traces } = inputs;
  const steps: TimelineStep[] = [];
  const bench = new Bench(inputs, traces[0]!, loadKind(scenario), new Set());
  const finished = bench.watched(settingsOf(inputs)[0]!, isOpen(scenario.load) ? null : scenario.batch[0]!, {
    onStep: (step) => steps.push({ ...step, parts: Object.assign(noSeconds(), step.parts) }),
  });
  return { replicas: replicaNames(scenario), steps, finished };
}

function replicaNames({ replicas, prefillReplicas }: Scenario): string[] {
  const named = (count: number, what: string) => Array.from({ length: count }, (_, i) => `${what} ${i}`);
  return prefillReplicas === null
    ? named(replicas, 'replica')
    : [...named(prefillReplicas, 'prefill'), ...named(replicas, 'decode')];
}

/** A step is about 1 kB of text. */
const MOST_STEPS = 50_000;

const REPLICAS = 1;
const REQUESTS = 2;

const IN_TIME = PARTS.toSorted((a, b) => a.placeInTime - b.placeInTime);

interface TimelineText {
  readonly json: string;
  /** What was cut, for the user; null when all is there. */
  readonly cut: string | null;
}

/**
 * The trace as text, one event a line: the first steps of the run and the requests that arrived by their end.
 *
 * @param mostSteps how many steps to write at most, of all replicas together
 */
export function timelineText(timeline: Timeline, title: string, mostSteps = MOST_STEPS): TimelineText {
  const { steps, finished, replicas } = timeline;
  const written = steps.slice(0, mostSteps);
  const all = written.length === steps.length;
  const endS = all ? Number.POSITIVE_INFINITY : written.at(-1)!.startS;
  const requests = finished.filter(({ arrivalS }) => arrivalS <= endS);
  const events: object[] = [
    { ph: 'M', name: 'process_name', pid: REPLICAS, args: { name: printable(title) } },
    { ph: 'M', name: 'process_name', pid: REQUESTS, args: { name: 'requests' } },
  ];
  for (const [replica, name] of replicas.entries()) {
    events.push({
      ph: 'M',
      name: 'thread_name',
      pid: REPLICAS,
      tid: replica,
      args: { name },
    });
  }
  for (const step of written) addStep(events, step);
  for (const one of requests) addRequest(events, one);
  const json = `{"displayTimeUnit":"ms","traceEvents":[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
  const cut = all
    ? null
    : `the first ${written.length} of ${steps.length} steps are written (up to ${endS.toFixed(2)} s) with ${requests.length} of ${finished.length} requests; fewer --requests write all of them`;
  return { json, cut };
}

function addStep(events: object[], step: TimelineStep): void {
  const { startS, replica: tid, parts, decodeSequences, prefillTokens, drafted, emitted } = step;
  const name = decodeSequences === 0 ? 'prefill step' : prefillTokens === 0 ? 'decode step' : 'mixed step';
  events.push({
    ph: 'X',
    name,
    pid: REPLICAS,
    tid,
    ts: us(startS),
    dur: us(totalSeconds(parts)),
    args: { decodeSequences, prefillTokens, drafted, emitted },
  });
  let atS = startS;
  for (const { name } of IN_TIME) {
    const seconds = parts[secondsOf(name)];
    if (seconds <= 0) continue;
    const part = name === 'sampling' ? 'sample' : name;
    events.push({ ph: 'X', name: part, pid: REPLICAS, tid, ts: us(atS), dur: us(seconds) });
    atS += seconds;
  }
  const counter = (what: string, value: number) =>
    events.push({
      ph: 'C',
      name: `${what}, replica ${tid}`,
      pid: REPLICAS,
      tid,
      ts: us(startS),
      args: { [what]: value },
    });
  counter('decoding', step.decodeSequences);
  counter('waiting', step.waiting);
  counter('KV blocks', step.kvUsedBlocks);
}

function addRequest(events: object[], one: Timeline['finished'][number]): void {
  const { request, arrivalS, admittedS, firstTokenS, endS, promptTokens, tokens, preemptions, replica } = one;
  const span = (name: string, fromS: number, toS: number, args?: object) => {
    const id = { cat: 'request', id: request, pid: REQUESTS, tid: 0 };
    events.push({ ph: 'b', name, ...id, ts: us(fromS), ...(args && { args }) });
    return { ph: 'e', name, ...id, ts: us(toS) };
  };
  const whole = span(`request ${request}`, arrivalS, endS, {
    promptTokens,
    outputTokens: tokens,
    preemptions,
    replica,
  });
  events.push(span('queued', arrivalS, admittedS));
  events.push(span('prefill', admittedS, firstTokenS));
  events.push(span('decode', firstTokenS, endS));
  events.push(whole);
}

/** Microseconds, to the nanosecond. */
function us(seconds: number): number {
  return Math.round(seconds * 1e9) / 1e3;
}
