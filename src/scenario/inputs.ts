/** From a scenario to its inputs: every name looked up, every file read and checked, every doubt a warning. */
import type { EngineProfile } from '../cost/engine-profile.ts';
import type { BasicMethod, Method } from '../drafter/methods.ts';
import { type NamedTree, parseTree, readTree } from '../drafter/tree-spec.ts';
import { shown, UserError, unknownName } from '../errors.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import { readJson } from '../json.ts';
import { Memo } from '../memo.ts';
import { parseSlo, type Slo } from '../metrics/slo.ts';
import type { DraftHead, Transformer } from '../model/architecture.ts';
import { mtpHead } from '../model/mtp-head.ts';
import { type NamedPolicy, parsePolicy } from '../policy/policies.ts';
import { parseTable } from '../policy/table.ts';
import { parseAcceptanceSpec, type StatedAcceptance } from '../trace/acceptance-spec.ts';
import { withDrafterQuality } from '../trace/drafter-quality.ts';
import { type AcceptanceProcess, parseProcess, processProvenance, sampleProcess } from '../trace/process.ts';
import { type MissCapture, parseMissCapture } from '../trace/ranks.ts';
import { longestDraft, pooled, shareThatDrafts, traceOfRates } from '../trace/rates.ts';
import { isProcess, parseRecord } from '../trace/read.ts';
import type { RatesRecord } from '../trace/record.ts';
import { withLookUps } from '../trace/record-look-up.ts';
import {
  sampleIndices,
  selectRequests,
  untruncated,
  withOutputLength,
  withPromptLength,
} from '../trace/reshape.ts';
import { traceOfSteps } from '../trace/steps.ts';
import type { AcceptanceTrace } from '../trace/trace.ts';
import { joinWorkload } from '../workload/join.ts';
import { parseWorkload } from '../workload/read.ts';
import { firstRequests, type PrefixHashes, type Workload } from '../workload/workload.ts';
import type { Document, Library } from './library.ts';
import { modelFile, type ShippedModels, shippedModels } from './models.ts';
import { formatWarnings, resolvedFormats, vocabularyWarning } from './number-formats.ts';
import { askedOf, checkUsed, DEFAULTS, hashedOptions, type Scenario } from './options.ts';
import { implausible, type Override, overruled, readProfiles } from './overrides.ts';
import { rangeWarnings } from './range.ts';
import { lacksMethod, shippedTrace, unknownTrace } from './shipped-trace.ts';

/** Requests sampled from a fitted process when nobody says how many. */
const FITTED_REQUESTS = 1000;

export interface Inputs {
  readonly scenario: Scenario;
  readonly hardware: HardwareProfile;
  readonly target: Transformer;
  /** The models and heads that ship beside it. */
  readonly shipped: ShippedModels;
  readonly engine: EngineProfile;
  /** What-if values that stand in both. */
  readonly overrides: readonly Override[];
  readonly methods: readonly Method[];
  /** Who may decide how far methods that take a k draft: a setting each. */
  readonly policies: readonly NamedPolicy[];
  /** What methods draft that can draft trees; null is k tokens in a row. */
  readonly trees: readonly (NamedTree | null)[];
  /** Null for what is assumed of the method. */
  readonly missCapture: MissCapture | null;
  /** Card of the draft model that each basic method runs. */
  readonly drafts: ReadonlyMap<string, DraftHead | Transformer>;
  /** Of methods whose acceptance was stated instead of recorded. */
  readonly rates: ReadonlyMap<string, StatedAcceptance>;
  readonly traces: readonly AcceptanceTrace[];
  /** When the requests of a workload file arrive, in seconds, time scale applied; null without one. */
  readonly recordedArrivalS: Float64Array | null;
  readonly prefixHashes: PrefixHashes | null;
  readonly slo: Slo | null;
  readonly warnings: readonly string[];
  /** SHA-256 of the scenario and of the contents of every file it names. */
  readonly configHash: string;
}

/**
 * @param billed whether the answer says what tokens cost; runs of clones do not
 * @throws UserError for the first thing that is unknown, unreadable, without effect or does not fit together
 */
export async function gatherInputs(given: Scenario, library: Library, billed?: boolean): Promise<Inputs> {
  const asked = askedOf(given, billed);
  checkUsed(given, asked);
  const { methods } = asked;
  const warnings: string[] = [];
  const contents: string[] = [];
  const file = async (what: string, named: string, names: readonly string[]): Promise<Document> => {
    const document = await library.file(named);
    if (document === null) throw notFound(what, named, names);
    contents.push(document.text);
    return document;
  };
  const find = async (
    what: string,
    named: string,
    names: readonly string[],
    shipped: (name: string) => Promise<Document>,
  ): Promise<Document> => {
    if (!names.includes(named)) return file(what, named, names);
    const document = await shipped(named);
    contents.push(document.text);
    return document;
  };

  const gpu = await find('gpu', given.gpu, await library.names('gpu'), (n) => library.profile('gpu', n));
  const engineText = await find('engine', given.engine, await library.names('engine'), (n) =>
    library.profile('engine', n),
  );
  const { hardware, engine, overrides } = await readProfiles(
    { where: gpu.where, json: readJson(gpu) },
    { where: engineText.where, json: readJson(engineText) },
    given.set,
  );
  for (const { path, written } of overrides) {
    const reason = overruled(path, given.tp, hardware);
    if (reason !== null) throw new UserError(`--set ${path}=${written} has no effect ${reason}`);
  }
  warnings.push(...implausible(overrides));

  const model = async (what: string, named: string, names: readonly string[]) => {
    const { card, documents } = await modelFile(library, named);
    if (card === null) throw notFound(what, named, names);
    contents.push(...documents);
    return card;
  };
  const shipped = await shippedModels(library);
  const target = shipped.models.includes(given.target)
    ? await shipped.model(given.target)
    : await model('target', given.target, shipped.models);
  if (target.kind !== 'transformer') {
    throw new UserError(`target ${given.target} is a draft head, expected a whole model`);
  }
  const scenario = { ...given, ...resolvedFormats(given, target) };
  checkUsed(scenario, asked);
  const arithmetic = Object.keys(hardware.specification.denseFlopsPerS);
  warnings.push(...formatWarnings(given, target, { name: hardware.name, arithmetic }));
  const chosen =
    given.draft === null
      ? null
      : shipped.drafts.includes(given.draft)
        ? await shipped.draft(given.draft)
        : await model('draft', given.draft, shipped.drafts);

  const parts = [...new Set(methods.flatMap((method): BasicMethod[] => [...method.parts]))];

  const policies: NamedPolicy[] = [];
  for (const name of scenario.policy) {
    const spec = parsePolicy(name);
    if (spec.kind !== 'table-file') {
      policies.push({ name, spec });
      continue;
    }
    const document = await library.file(spec.file);
    if (document === null) throw new UserError(`--policy ${name}: no such file`);
    contents.push(document.text);
    const entries = parseTable(readJson(document), document.where);
    policies.push({ name, spec: { kind: 'table', entries } });
    const asked = Math.max(...entries.map(({ k }) => k));
    const cap = Math.max(...scenario.k);
    if (asked > cap)
      warnings.push(`policy ${document.where} asks for up to ${asked} tokens: k caps it at ${cap}`);
  }

  const trees: (NamedTree | null)[] = [];
  for (const name of scenario.tree) {
    const spec = parseTree(name);
    if (spec.kind !== 'file') {
      trees.push(spec.kind === 'chain' ? null : { name, spec });
      continue;
    }
    const { text, where } = await file('tree', spec.file, []);
    trees.push({ name, spec: { kind: 'paths', tree: readTree(text, where) } });
  }
  const missCapture =
    scenario.missCapture === null ? null : parseMissCapture(scenario.missCapture, '--miss-capture');

  const rates = new Map<string, StatedAcceptance>();
  for (const [name, spec] of Object.entries(scenario.acceptance)) {
    rates.set(name, parseAcceptanceSpec(spec, `--acceptance ${name}`));
  }

  const recorded = parts.filter(({ name }) => !rates.has(name));
  const shelves = await library.traces();
  const traces: AcceptanceTrace[] = [];
  for (const named of scenario.trace) {
    const ships = shippedTrace(shelves, target.name, named);
    const document =
      ships === null ? await library.file(named) : await library.trace(ships.target, ships.dataset);
    if (document === null) {
      const shelf = shelves.has(named.split('/')[0]!);
      throw isPath(named) && !shelf ? noSuchFile('trace', named) : unknownTrace(shelves, target.name, named);
    }
    contents.push(document.text);
    const read = withLookUps(
      readTrace(document, scenario, recorded, warnings),
      recorded.map(({ name }) => name),
    );
    const lacking = recorded.find(({ name }) => !read.drafters.has(name));
    if (ships !== null && lacking !== undefined) {
      throw await lacksMethod(library, ships, lacking.name);
    }
    const trace = scaled(read, document, scenario, parts);
    if (trace.provenance.target !== target.name) {
      warnings.push(
        `trace ${trace.name} is of ${trace.provenance.target}: its acceptance and lengths are borrowed for ${target.name}`,
      );
    }
    traces.push(prepare(trace, scenario, warnings));
  }
  const measured = await measuredDraft(recorded, traces, shipped);
  const drafts = await draftCards(parts, target, chosen, measured, shipped, warnings);
  for (const part of recorded) {
    const run = drafts.get(part.name);
    if (run?.kind !== 'transformer') continue;
    for (const { name, provenance } of traces) {
      if (provenance.draft === undefined || provenance.draft === run.name) continue;
      warnings.push(
        `trace ${name}: the acceptance of ${part.name} is that of ${provenance.draft}, not of ${run.name}`,
      );
    }
  }
  let workload: Workload | null = null;
  if (scenario.workload !== null) {
    const document = await file('workload', scenario.workload, []);
    workload = readWorkload(document, scenario, warnings);
    const hashed = workload.prefixHashes?.blockTokens ?? engine.blockTokens;
    if (hashed % engine.blockTokens !== 0) {
      throw new UserError(
        `workload ${document.where}: its hashes stand for ${hashed} tokens each, expected whole blocks of the ${engine.blockTokens} tokens of engine ${engine.name}`,
      );
    }
    if (scenario.router === 'prefix-aware' && workload.prefixHashes === null) {
      throw new UserError(
        `--router prefix-aware: workload ${document.where} says nothing of what its prompts share, expected one with hash_ids (Mooncake)`,
      );
    }
    for (const [t, trace] of traces.entries()) traces[t] = joined(workload, trace, scenario.seed, warnings);
  }
  const slo = scenario.slo === null ? null : await parseSlo(scenario.slo, '--slo');

  const groups = [1, ...hardware.efficiency.allReduce.map((law) => law.gpus)];
  if (!groups.includes(scenario.tp)) {
    throw new UserError(
      `--tp ${scenario.tp}: gpu ${hardware.name} has no all-reduce law for it, expected one of ${groups.join(', ')} (a profile with specification.linkBandwidth has 2, 4 and 8)`,
    );
  }
  if (hardware.calibration !== 'kernel tables') {
    const grade =
      hardware.calibration === 'generation'
        ? "takes the efficiency of its generation's kernels"
        : 'has only a data sheet: its efficiency is a generic guess, expect errors of 10 to 20 %';
    warnings.push(`gpu ${hardware.name} ${grade}`);
  }
  warnings.push(...rangeWarnings({ scenario, hardware, target, methods, engine }, traces));
  const configHash = await sha256(JSON.stringify([hashed(scenario, shipped), ...contents]));
  return {
    scenario,
    hardware,
    target,
    shipped,
    engine,
    overrides,
    methods,
    policies,
    trees,
    missCapture,
    drafts,
    rates,
    traces,
    recordedArrivalS: workload?.arrivalS ?? null,
    prefixHashes: workload?.prefixHashes ?? null,
    slo,
    warnings,
    configHash,
  };
}

/** The scenario without what may be a path: the contents stand beside it. */
function hashed(scenario: Scenario, shipped: ShippedModels): object {
  const { target, draft, trace, policy, workload } = scenario;
  const name = (named: string | null) => (named !== null && shipped.models.includes(named) ? named : null);
  return {
    ...hashedOptions(scenario),
    ...(policy.join() !== 'fixed' && {
      policy: policy.map((one) => one.replace(/^table:.*/, 'table')).join(),
    }),
    target: name(target),
    draft: draft !== null && shipped.heads.includes(draft) ? draft : name(draft),
    traces: trace.length,
    workload: workload !== null,
    ...(scenario.tree.join() !== DEFAULTS.tree.join() && {
      tree: scenario.tree.map((one) => one.replace(/^file:.*/, 'file')).join(),
    }),
  };
}

/** The draft model whose acceptance the traces hold; null where they name none that has a card, or several. */
async function measuredDraft(
  asked: readonly BasicMethod[],
  traces: readonly AcceptanceTrace[],
  shipped: ShippedModels,
): Promise<Transformer | null> {
  if (!asked.some(({ model }) => model?.card === 'transformer')) return null;
  const [name, ...others] = new Set(traces.map(({ provenance }) => provenance.draft));
  const one = name !== undefined && others.length === 0 && shipped.models.includes(name);
  return one ? shipped.model(name) : null;
}

async function draftCards(
  parts: readonly BasicMethod[],
  target: Transformer,
  chosen: DraftHead | Transformer | null,
  measured: Transformer | null,
  shipped: ShippedModels,
  warnings: string[],
): Promise<Map<string, DraftHead | Transformer>> {
  const drafts = new Map<string, DraftHead | Transformer>();
  let used = false;
  for (const { name, model } of parts) {
    if (model === undefined) continue;
    const fits = chosen !== null && chosen.kind === model.card;
    used ||= fits;
    const own = model.card === 'transformer' ? measured : await defaultHead(target, model.card, shipped);
    const card = fits ? chosen : own;
    if (card === null) {
      const [what, known] =
        model.card === 'transformer'
          ? ['draft model', shipped.models]
          : [`${model.card} head`, shipped.headsOfKind(model.card)];
      throw new UserError(
        `method ${name}: ${target.name} has no ${what} of its own; name one with --draft (known: ${known.join(', ')})`,
      );
    }
    const padded = vocabularyWarning(card, target);
    if (padded !== null) warnings.push(padded);
    drafts.set(name, card);
  }
  if (chosen !== null && !used) {
    throw new UserError(`--draft ${chosen.name}: no listed method runs a model of kind ${chosen.kind}`);
  }
  return drafts;
}

/** The head made for a target, or the extra layers it was trained with. */
async function defaultHead(
  target: Transformer,
  kind: DraftHead['kind'],
  shipped: ShippedModels,
): Promise<DraftHead | null> {
  const name = shipped.headFor(target, kind);
  if (name !== null) return (await shipped.draft(name)) as DraftHead;
  return kind === 'mtp' && target.mtpLayers > 0 ? mtpHead(target) : null;
}

/** What was read of documents that a library hands out again, and sampled from them. */
const PROCESSES = new Memo<AcceptanceProcess>();
const RECORDS = new Memo<ReturnType<typeof parseRecord>>();
const SAMPLES = new Memo<AcceptanceTrace>();

function readTrace(
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
  const { promptLen: promptTokens, outputLen: outputTokens, seed } = scenario;
  if (record.kind === 'step-indexed') {
    const trace = traceOfSteps(record, promptTokens, where);
    warnings.push(
      `trace ${trace.name} holds the rounds that ran: below its recorded k, acceptance is a lower bound (docs/formats.md)`,
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

/** The trace with the drafters that are asked for as good as asked for. */
function scaled(
  trace: AcceptanceTrace,
  document: Document,
  { drafterQuality, requests, seed, promptLen, outputLen, workload }: Scenario,
  parts: readonly BasicMethod[],
): AcceptanceTrace {
  if (drafterQuality === 1) return trace;
  const drafters = parts.map(({ name }) => name);
  const sample = [workload === null ? requests : null, seed, promptLen, outputLen];
  return SAMPLES.get([document], JSON.stringify([drafterQuality, drafters, sample]), () =>
    withDrafterQuality(trace, drafters, drafterQuality, seed),
  );
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
    const left = trace.ids.length - whole.length;
    if (left > 0) {
      warnings.push(
        `trace ${trace.name}: ${left} of ${trace.ids.length} requests reached the recording's output limit of ${trace.outputLimit} tokens and are left out (--keep-truncated keeps them)`,
      );
      trace = selectRequests(trace, whole);
    }
  }
  const total = trace.ids.length;
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
    if (trace.outputTokens.some((tokens) => tokens < scenario.outputLen!)) {
      warnings.push(
        `trace ${trace.name}: some outputs are shorter than ${scenario.outputLen} tokens; their acceptance repeats from the start`,
      );
    }
    trace = withOutputLength(trace, scenario.outputLen);
  }
  if (trace.outputTokens.every((tokens) => tokens === 0)) {
    throw new UserError(`trace ${trace.name}: every output has 0 tokens, expected one that has some`);
  }
  return trace;
}

/** As many requests as asked, from the first, at the time scale asked. */
function readWorkload({ text, where }: Document, scenario: Scenario, warnings: string[]): Workload {
  const whole = parseWorkload(text, where);
  const total = whole.arrivalS.length;
  const wanted = scenario.requests ?? total;
  if (wanted > total) {
    throw new UserError(`--requests ${wanted}: workload ${where} has ${total}, expected at most that`);
  }
  warnings.push(...whole.notes.map((note) => `workload ${where}: ${note}`));
  if (whole.dropped > 0) {
    warnings.push(`workload ${where}: ${whole.dropped} requests without a prompt or an output are left out`);
  }
  if (whole.outOfOrder > 0) {
    warnings.push(`workload ${where}: ${whole.outOfOrder} requests were out of order and are sorted by time`);
  }
  const workload = firstRequests(whole, wanted);
  return { ...workload, arrivalS: workload.arrivalS.map((atS) => atS / scenario.timeScale) };
}

function joined(
  workload: Workload,
  recorded: AcceptanceTrace,
  seed: number,
  warnings: string[],
): AcceptanceTrace {
  const { trace, continued } = joinWorkload(workload, recorded, seed);
  if (continued > 0) {
    warnings.push(
      `trace ${trace.name}: ${continued} of ${trace.ids.length} outputs of the workload are longer than the recorded request drawn for them; their acceptance goes on with another one`,
    );
  }
  return trace;
}

function notFound(what: string, named: string, names: readonly string[]): UserError {
  return isPath(named) || names.length === 0 ? noSuchFile(what, named) : unknownName(what, named, names);
}

function isPath(named: string): boolean {
  return /[/\\]|\.(json|jsonl|csv|gz)$/.test(named);
}

function noSuchFile(what: string, named: string): UserError {
  return new UserError(`${what} ${shown(named)}: no such file`);
}

/** Hexadecimal digest of a text. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
