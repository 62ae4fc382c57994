/** Traces and workloads as a scenario asks for them: so many requests, of such lengths, with drafters so good. */
import { type BasicMethod, type Method, takesTree } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import { readJson } from '../json.ts';
import { Memo } from '../memo.ts';
import type { Transformer } from '../model/architecture.ts';
import { withDrafterQuality } from '../trace/drafter-quality.ts';
import { type AcceptanceProcess, parseProcess, processProvenance, sampleProcess } from '../trace/process.ts';
import { longestDraft, pooled, shareThatDrafts, traceOfRates } from '../trace/rates.ts';
import { isProcess, parseRecord } from '../trace/read.ts';
import type { RatesRecord } from '../trace/record.ts';
import { withLookUps } from '../trace/record-look-up.ts';
import {
  lognormalLengths,
  sampleIndices,
  selectRequests,
  untruncated,
  withOutputLengths,
  withPromptLength,
} from '../trace/reshape.ts';
import { traceOfSteps } from '../trace/steps.ts';
import type { AcceptanceTrace } from '../trace/trace.ts';
import { ALL_AT_ONCE, TURNS_WAIT } from '../workload/formats/values.ts';
import { joinWorkload } from '../workload/join.ts';
import { parseWorkload } from '../workload/read.ts';
import { firstRequests, type Workload } from '../workload/workload.ts';
import { curveFile, inRecordedContexts, recordsCurve } from './context-curves.ts';
import type { Documents } from './documents.ts';
import { parseLognormal } from './kinds.ts';
import type { Document, Library } from './library.ts';
import type { Scenario } from './options.ts';
import { lacksMethod } from './shipped-trace.ts';

/** Requests sampled from a fitted process when nobody says how many. */
const FITTED_REQUESTS = 1000;

/** What was read of documents that a library hands out again, and sampled from them. */
const PROCESSES = new Memo<AcceptanceProcess>();
const RECORDS = new Memo<ReturnType<typeof parseRecord>>();
const SAMPLES = new Memo<AcceptanceTrace>();

/** Of one document: a slider makes many, and those that were not asked for longest are made anew. */
const MOST_READY = 32;

/** Traces as scenarios asked for them. */
const READY = new Memo<ReadyTrace>(MOST_READY);

/** What traces are read for. */
interface Wanted {
  readonly scenario: Scenario;
  readonly target: Transformer;
  readonly parts: readonly BasicMethod[];
  /** Those of `parts` whose acceptance is not stated. */
  readonly recorded: readonly BasicMethod[];
}

/** Every trace with the requests, lengths and quality asked for. Throws a UserError for one that lacks a method. */
export async function readTraces(
  documents: Documents,
  library: Library,
  { scenario, target, parts, recorded }: Wanted,
  warnings: string[],
): Promise<AcceptanceTrace[]> {
  const traces: AcceptanceTrace[] = [];
  const curveOf = await curveFile(scenario, documents);
  for (const named of scenario.trace) {
    const { document, ships } = await documents.trace(target.name, named);
    const { k, requests, workload, seed, promptLen, outputLen, keepTruncated, drafterQuality } = scenario;
    const sample = [
      k,
      requests,
      workload === null,
      seed,
      promptLen,
      outputLen,
      keepTruncated,
      drafterQuality,
      recordsCurve(scenario),
      draftsLess(scenario),
    ];
    const names = [parts, recorded].map((of) => of.map(({ name }) => name));
    const key = JSON.stringify([sample, names, target.name, ships !== null]);
    const of = curveOf === null ? [document] : [document, curveOf];
    const ready = READY.get(of, key, () =>
      readyTrace(document, ships !== null, { scenario, target, parts, recorded }, curveOf),
    );
    if (ready.lacking !== null) throw await lacksMethod(library, ships!, ready.lacking);
    warnings.push(...ready.warnings);
    traces.push(ready.trace);
  }
  if (scenario.keepTruncated && traces.every(({ outputLimit }) => outputLimit === null)) {
    throw new UserError(
      `--keep-truncated has no effect with trace ${traces.map(({ name }) => name).join()}, which has no output limit that a request could have reached`,
    );
  }
  return traces;
}

/** A trace as a scenario asks for it, and what there is to say of it. */
interface ReadyTrace {
  readonly trace: AcceptanceTrace;
  readonly warnings: readonly string[];
  /** A method that one which ships does not have; null where it has all. */
  readonly lacking: string | null;
}

function readyTrace(
  document: Document,
  ships: boolean,
  { scenario, target, parts, recorded }: Wanted,
  curveOf: Document | null,
): ReadyTrace {
  const warnings: string[] = [];
  const names = recorded.map(({ name }) => name);
  const read = withLookUps(readRecord(document, scenario, recorded, warnings), names);
  const lacking = names.find((name) => !read.drafters.has(name));
  if (ships && lacking !== undefined) return { trace: read, warnings, lacking };
  const { drafterQuality, seed } = scenario;
  const drafters = parts.map(({ name }) => name);
  const placed = recordsCurve(scenario)
    ? inRecordedContexts(read, curveOf ?? document, { parts, recorded })
    : read;
  const trace = drafterQuality === 1 ? placed : withDrafterQuality(placed, drafters, drafterQuality, seed);
  const { target: of } = trace.provenance;
  if (of === 'unknown') {
    warnings.push(`trace ${trace.name} does not say its target: it is taken as ${target.name}`);
  } else if (bareName(of) !== bareName(target.name)) {
    const lengths = scenario.promptLen === null || scenario.outputLen === null ? ' and lengths are' : ' is';
    warnings.push(`trace ${trace.name} is of ${of}: its acceptance${lengths} borrowed for ${target.name}`);
  }
  return { trace: prepare(trace, scenario, warnings), warnings, lacking: null };
}

/** meta-llama/Llama-3.1-8B-Instruct, as engines call it, is llama-3.1-8b: tuning on chats changes no shape. */
function bareName(model: string): string {
  const last = model.toLowerCase().replace(/^.*\//, '');
  return last.replace(/^meta-/, '').replace(/-(instruct|chat|it|hf)$/, '');
}

function readRecord(
  document: Document,
  scenario: Scenario,
  parts: readonly BasicMethod[],
  warnings: string[],
): AcceptanceTrace {
  const requests = (scenario.workload === null ? scenario.requests : null) ?? FITTED_REQUESTS;
  const { where, text } = document;
  if (isProcess(text)) {
    const process = PROCESSES.get([document], null, () => parseProcess(readJson(document), where));
    warnings.push(...remarks(process));
    const { seed } = scenario;
    const trace = SAMPLES.get([process], `${requests} ${seed}`, () =>
      sampleProcess(process, { requests, seed }),
    );
    const methods = parts.map(({ name }) => name).filter((name) => trace.drafters.has(name));
    return methods.length === 0 ? trace : { ...trace, provenance: processProvenance(process, methods) };
  }
  const record = RECORDS.get([document], null, () => parseRecord(text, where));
  warnings.push(...(record.notes ?? []));
  if (record.kind === 'position-indexed') return record.trace;
  const { promptLen: promptTokens, outputLen, seed } = scenario;
  const outputTokens =
    typeof outputLen === 'string' ? Math.round(parseLognormal(outputLen)!.mean) : outputLen;
  if (record.kind === 'step-indexed') {
    const trace = traceOfSteps(record, promptTokens, where);
    warnings.push(
      `trace ${trace.name} holds the rounds that ran: below its recorded k, acceptance is a lower bound${draftsLess(scenario) ? ', as under a policy that drafts less, which made throughput 0 to 6% low where it was tried' : ''} (docs/formats.md)`,
      ...record.drafters
        .filter(({ proposed }) => proposed === null)
        .map(
          ({ maxK }) =>
            `trace ${trace.name} does not say how many tokens its rounds drafted: ${maxK} are taken in each`,
        ),
    );
    return named(trace, parts, warnings);
  }
  const [k, ...otherLengths] = scenario.k;
  const trace = traceOfRates(
    record,
    { requests, promptTokens, outputTokens, seed, k: otherLengths.length === 0 ? k! : null },
    where,
  );
  warnings.push(
    `trace ${trace.name} holds rates alone: acceptance is fitted, independent drafts with these rates`,
    ...doubts(record, scenario.k, parts),
  );
  return named(trace, parts, warnings);
}

const draftsLess = ({ policy }: Scenario) => policy.some((one) => one !== 'fixed');

/** What rates leave open that decides the answer. */
function doubts(
  { name, rates }: RatesRecord,
  asked: readonly number[],
  parts: readonly BasicMethod[],
): string[] {
  const skips = parts.find(({ proposer }) => proposer === 'search');
  const all = pooled(rates, name);
  return [
    ...(skips !== undefined && shareThatDrafts(all) === null
      ? [
          `trace ${name} counts only rounds that drafted: how many did not is not in it, so tokens per round of ${skips.name} are an upper bound; state the share of rounds that draft with --acceptance ${skips.name}=MEAN@K/SHARE`,
        ]
      : []),
    ...(longestDraft(rates) === null
      ? [`trace ${name} does not say how far it drafted: its mean length is taken as that of k = ${asked[0]}`]
      : []),
  ];
}

/** What a user of a process has to know: an unlike setting, and lengths of another target or data set. */
function remarks({ dataset, target, setting, origins }: AcceptanceProcess): string[] {
  const what = `trace ${dataset} of ${target}`;
  const { borrowed } = origins.lengths;
  return [
    ...(setting === null ? [] : [`${what} was measured with ${setting}`]),
    ...(borrowed === undefined
      ? []
      : [`${what} borrows ${borrowed.numbers.join(' and ')} of ${borrowed.from}`]),
  ];
}

/** A file that does not say its method is of the one asked for. */
function named(trace: AcceptanceTrace, parts: readonly BasicMethod[], warnings: string[]): AcceptanceTrace {
  const lengths = trace.drafters.get('unknown');
  const [part, ...others] = parts;
  if (lengths === undefined || trace.drafters.size > 1 || part === undefined || others.length > 0)
    return trace;
  warnings.push(`trace ${trace.name} does not say its method: it is taken as ${part.name}`);
  return { ...trace, drafters: new Map([[part.name, lengths]]) };
}

/** Leaves out truncated requests, takes as many as asked, sets lengths. */
function prepare(recorded: AcceptanceTrace, scenario: Scenario, warnings: string[]): AcceptanceTrace {
  let trace = recorded;
  if (!scenario.keepTruncated) {
    const whole = untruncated(trace);
    const left = trace.outputTokens.length - whole.length;
    if (left > 0) {
      warnings.push(
        `trace ${trace.name}: ${left} of ${trace.outputTokens.length} requests reached the recording's output limit of ${trace.outputLimit} tokens and are left out (--keep-truncated keeps them)`,
      );
      trace = selectRequests(trace, whole);
    }
  }
  const total = trace.outputTokens.length;
  if (total === 0) {
    throw new UserError(
      `trace ${trace.name}: every request reached the recording's output limit of ${trace.outputLimit} tokens, expected one that did not; --keep-truncated keeps them`,
    );
  }
  // With a workload the number of requests is that of its requests, which draw from the whole trace.
  const wanted = (scenario.workload === null ? scenario.requests : null) ?? total;
  if (wanted > total) {
    throw new UserError(`--requests ${wanted}: trace ${trace.name} has ${total}, expected at most that`);
  }
  if (wanted < total) trace = selectRequests(trace, sampleIndices(total, wanted, scenario.seed));
  if (scenario.promptLen !== null) trace = withPromptLength(trace, scenario.promptLen);
  if (scenario.outputLen !== null) {
    const asked = outputLengths(scenario, trace.outputTokens.length);
    if (trace.outputTokens.some((tokens, r) => tokens < asked[r]!)) {
      warnings.push(
        `trace ${trace.name}: some outputs are shorter than ${scenario.outputLen}${typeof scenario.outputLen === 'number' ? ' tokens' : ''}; their acceptance repeats from the start`,
      );
    }
    trace = withOutputLengths(trace, asked);
  }
  if (trace.outputTokens.every((tokens) => tokens === 0)) {
    throw new UserError(`trace ${trace.name}: every output has 0 tokens, expected one that has some`);
  }
  return trace;
}

/** Of so many requests, one length or drawn ones. */
function outputLengths({ outputLen, seed }: Scenario, count: number): Int32Array {
  if (typeof outputLen === 'number') return new Int32Array(count).fill(outputLen);
  const { mean, cv } = parseLognormal(outputLen!)!;
  return lognormalLengths(count, mean, cv, seed);
}

/** As many requests as asked, from the first, at the time scale asked. */
export function readWorkload({ text, where }: Document, scenario: Scenario, warnings: string[]): Workload {
  const whole = parseWorkload(text, where);
  const total = whole.arrivalS.length;
  const wanted = scenario.requests ?? total;
  if (wanted > total) {
    throw new UserError(`--requests ${wanted}: workload ${where} has ${total}, expected at most that`);
  }
  const notes = whole.notes.filter(
    (note) => scenario.load === 'recorded' || ![ALL_AT_ONCE, TURNS_WAIT].includes(note),
  );
  warnings.push(...notes.map((note) => `workload ${where}: ${note}`));
  if (whole.dropped > 0) {
    warnings.push(`workload ${where}: ${whole.dropped} requests without a prompt or an output are left out`);
  }
  if (whole.outOfOrder > 0) {
    warnings.push(`workload ${where}: ${whole.outOfOrder} requests were out of order and are sorted by time`);
  }
  const workload = firstRequests(whole, wanted);
  const faster = (seconds: Float64Array) => seconds.map((s) => s / scenario.timeScale);
  const { turns } = workload;
  return {
    ...workload,
    arrivalS: faster(workload.arrivalS),
    turns: turns && { ...turns, delayS: faster(turns.delayS), offsetS: faster(turns.offsetS) },
  };
}

export function joined(
  workload: Workload,
  recorded: AcceptanceTrace,
  seed: number,
  warnings: string[],
): AcceptanceTrace {
  const { trace, continued } = joinWorkload(workload, recorded, seed);
  if (continued > 0) {
    warnings.push(
      `trace ${trace.name}: ${continued} of ${trace.outputTokens.length} outputs of the workload are longer than the recorded request drawn for them; their acceptance goes on with another one`,
    );
  }
  return trace;
}

/**
 * Warnings about `--miss-capture` beside ranks that were recorded.
 *
 * @param stated names of methods whose acceptance was stated instead of recorded
 * @throws UserError where there are no others, so that it is for nothing
 */
export function captureWarnings(
  { missCapture }: Scenario,
  methods: readonly Method[],
  stated: readonly string[],
  traces: readonly AcceptanceTrace[],
): string[] {
  if (missCapture === null) return [];
  const names = methods.filter(takesTree).map(({ name }) => name);
  const all = traces.flatMap((trace) => names.map((name) => ({ trace, name })));
  const recorded = all.filter(
    ({ trace, name }) => !stated.includes(name) && trace.drafters.get(name)?.ranks !== undefined,
  );
  if (recorded.length === all.length) {
    throw new UserError(
      `--miss-capture ${missCapture} has no effect: the ranks of ${names.join(' and ')} were recorded`,
    );
  }
  return recorded.map(
    ({ trace, name }) =>
      `trace ${trace.name}: the ranks of ${name} were recorded, --miss-capture is for others`,
  );
}
