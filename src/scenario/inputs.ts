/** From a scenario to its inputs: every name looked up, every file read and checked, every doubt a warning. */

import type { EngineProfile } from '../cost/engine-profile.ts';
import type { Machine } from '../cost/fields.ts';
import type { Placement } from '../cost/placement.ts';
import { parseStepTable, type StepTable } from '../cost/step-table.ts';
import type { BasicMethod, Method } from '../drafter/methods.ts';
import type { Ahead } from '../drafter/parallel.ts';
import { type NamedTree, parseTree, readTree } from '../drafter/tree-spec.ts';
import { UserError } from '../errors.ts';
import { ringAssumption } from '../hardware/defaults.ts';
import { withKernels } from '../hardware/load.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import { readJson } from '../json.ts';
import { Memo } from '../memo.ts';
import { parseSlo, type Slo } from '../metrics/slo.ts';
import { type DraftHead, expertsOf, type Transformer } from '../model/architecture.ts';
import { routingOf } from '../model/feed-forward.ts';
import { isShared, type NamedPolicy, parsePolicy } from '../policy/policies.ts';
import { parseTable } from '../policy/table.ts';
import { sha256 } from '../sha256.ts';
import { type AcceptRule, parseAcceptRule } from '../trace/accept-rule.ts';
import { parseAcceptanceSpec, type StatedAcceptance } from '../trace/acceptance-spec.ts';
import { type MissCapture, parseMissCapture } from '../trace/ranks.ts';
import type { ContextCurve } from '../trace/token-context.ts';
import type { AcceptanceTrace } from '../trace/trace.ts';
import type { Turns } from '../workload/turns.ts';
import type { PrefixHashes, Workload } from '../workload/workload.ts';
import { checkWrites, type Writing, writingOf, writingWarnings } from './canvas.ts';
import { readContextCurve } from './context-curves.ts';
import { Documents } from './documents.ts';
import { borrowedAcceptance, draftCards, type Models } from './draft-cards.ts';
import type { Document, Library } from './library.ts';
import { type ShippedModels, shippedModels } from './models.ts';
import { classErrors, formatWarnings, needsKernels, resolvedFormats } from './number-formats.ts';
import { askedOf, checkUsed, DEFAULTS, hashedOptions, type Scenario } from './options.ts';
import { implausible, type Override, type Profiles, readProfiles } from './overrides.ts';
import { overruled } from './overruled.ts';
import { checkAllReduce, overNodes, parseAhead, placementWarnings, readPlacement } from './placement.ts';
import { captureWarnings, joined, readTraces, readWorkload } from './recordings.ts';
import type { Asks } from './scenario.ts';
import { besideIt } from './shipped-trace.ts';
import { withTargetSet } from './target-overrides.ts';
import { type Trust, trustOf } from './trust.ts';
import { unusedPath } from './used-fields.ts';

export interface Inputs {
  readonly scenario: Scenario;
  readonly hardware: HardwareProfile;
  readonly target: Transformer;
  /** The models and heads that ship beside it. */
  readonly shipped: ShippedModels;
  readonly engine: EngineProfile;
  /** How tokens are routed to the experts of the target; absent for a dense one. */
  readonly routing?: NonNullable<Machine['routing']>;
  /** How well the classes of kernels are known that it is priced with. */
  readonly classErrors: NonNullable<Machine['classErrors']>;
  /** Where draft models and stages run. */
  readonly placement: Placement;
  /** What a parallel drafter prepares. */
  readonly ahead: Ahead | null;
  /** How the target keeps drafts; null as recorded. */
  readonly acceptRule: AcceptRule | null;
  /** Share of the drafts of models that are accepted, by context: stated, or `recorded`; null for as many whatever it is. */
  readonly contextCurve: ContextCurve | 'recorded' | null;
  /** How a diffusion model writes; null where none does. */
  readonly writing: Writing | null;
  /** What-if values that stand in both. */
  readonly overrides: readonly Override[];
  readonly methods: readonly Method[];
  /** Who may decide how far methods that take a k draft: a setting each. */
  readonly policies: readonly NamedPolicy[];
  /** What methods draft that can draft trees; null is k tokens in a row. */
  readonly trees: readonly (NamedTree | null)[];
  /** Null for what is assumed of the method. */
  readonly missCapture: MissCapture | null;
  /** Measured steps that prices follow; null for none. */
  readonly stepTable: StepTable | null;
  /** Card of the draft model that each basic method runs. */
  readonly drafts: ReadonlyMap<string, DraftHead | Transformer>;
  /** Of methods whose acceptance was stated instead of recorded. */
  readonly rates: ReadonlyMap<string, StatedAcceptance>;
  readonly traces: readonly AcceptanceTrace[];
  /** Other traces that ship for the target of the first. */
  readonly shelf: readonly string[];
  /** When the requests of a workload file arrive, in seconds, time scale applied; null without one. */
  readonly recordedArrivalS: Float64Array | null;
  /** Of recorded sessions, whose turns wait for one another; null under another load. */
  readonly recordedTurns: Turns | null;
  readonly prefixHashes: PrefixHashes | null;
  readonly slo: Slo | null;
  readonly warnings: readonly string[];
  readonly trust: Trust;
  /** SHA-256 of the scenario and of the contents of every file it names. */
  readonly configHash: string;
}

/**
 * @param asks what the answer is about beside the scenario
 * @throws UserError for the first thing that is unknown, unreadable, without effect or does not fit together
 */
export async function gatherInputs(typed: Scenario, library: Library, asks?: Asks): Promise<Inputs> {
  const given = { ...typed, engine: asItShips(typed.engine, await library.names('engine')) };
  const asked = askedOf(given, asks);
  checkUsed(given, asked);
  const { methods } = asked;
  const shipped = await shippedModels(library);
  const warnings: string[] = [];
  // In the order of the hash.
  const documents = new Documents(library);
  const profiles = await readMachine(given, documents);
  const { engine } = profiles;
  warnings.push(...implausible(profiles));
  const named = await readModels(given, documents, shipped);
  const changed = withTargetSet(named.target, given.set);
  const { target } = changed;
  const models = { ...named, target };
  const overrides = [...profiles.overrides, ...changed.overrides];
  const experts = expertsOf(target);
  checkWrites(target, methods);
  const acceptRule = parseAcceptRule(given.accept);
  const writing = writingOf(given, target);
  const scenario = { ...given, ...resolvedFormats(given, target) };
  checkUsed(scenario, asked);
  const kernels =
    needsKernels({ scenario, target, methods }) || experts !== null
      ? await documents.kernels(given.gpu)
      : null;
  const hardware =
    kernels === null
      ? profiles.hardware
      : await withKernels(profiles.hardware, readJson(kernels), kernels.where);
  for (const { path, written } of profiles.overrides) {
    const reason = overruled(path, given, hardware) ?? unusedPath(path, { scenario, target, methods });
    if (reason !== null) throw new UserError(`--set ${path}=${written} has no effect ${reason}`);
  }
  warnings.push(
    ...formatWarnings({ scenario: given, target, methods }, hardware, engine.kernels),
    ...placementWarnings(scenario),
    ...writingWarnings(scenario, writing),
  );
  const placement = await readPlacement(scenario, hardware, documents);
  const policies = await readPolicies(scenario, methods, documents, warnings);
  const trees = await readTrees(scenario, documents);
  const stepTable = await readStepTable(scenario, documents, warnings);
  const missCapture =
    scenario.missCapture === null ? null : parseMissCapture(scenario.missCapture, '--miss-capture');
  const rates = new Map(
    Object.entries(scenario.acceptance).map(([name, spec]) => [
      name,
      parseAcceptanceSpec(spec, `--acceptance ${name}`),
    ]),
  );
  const parts = [...new Set(methods.flatMap((method): BasicMethod[] => [...method.parts]))];
  const recorded = parts.filter(({ name }) => !rates.has(name));
  const read = await readTraces(documents, library, { scenario, target, parts, recorded }, warnings);
  const drafts = await draftCards(parts, recorded, models, read, shipped, warnings);
  warnings.push(...borrowedAcceptance(recorded, drafts, read));
  const workload = await workloadOf(scenario, documents, engine, warnings);
  const traces =
    workload === null ? read : read.map((trace) => joined(workload, trace, scenario.seed, warnings));
  warnings.push(...captureWarnings(scenario, methods, [...rates.keys()], traces));
  const slo = scenario.slo === null ? null : await parseSlo(scenario.slo, '--slo');
  warnings.push(...strangers(target, drafts), ...slowRing(hardware, scenario.tp), ...doubts(hardware));
  return {
    scenario,
    hardware,
    target,
    shipped,
    engine,
    ...(experts && { routing: routingOf(experts) }),
    classErrors: classErrors({ scenario, target, methods }, hardware, engine.kernels),
    placement,
    ahead: scenario.ahead === null ? null : parseAhead(scenario.ahead),
    acceptRule,
    contextCurve: readContextCurve(scenario),
    writing,
    overrides,
    methods,
    policies,
    trees,
    missCapture,
    stepTable,
    drafts,
    rates,
    traces,
    shelf: besideIt(await library.traces(), target.name, scenario.trace[0]!),
    recordedArrivalS: workload?.arrivalS ?? null,
    recordedTurns: scenario.load === 'recorded' ? (workload?.turns ?? null) : null,
    prefixHashes: workload?.prefixHashes ?? null,
    slo,
    warnings,
    trust: trustOf({ scenario, hardware, target, engine, methods, rates, traces }),
    configHash: await sha256(JSON.stringify([hashed(scenario, shipped), ...documents.contents])),
  };
}

/** The name that ships where only case and marks between letters differ (`VLLM_0.19`), else what was typed. */
function asItShips(typed: string, names: readonly string[]): string {
  const letters = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');
  return names.includes(typed) ? typed : (names.find((name) => letters(name) === letters(typed)) ?? typed);
}

/** By documents and what is set: methods and texts of a sweep run on the same machines. */
const PROFILES = new Memo<Promise<Profiles>>(16);

/** The profiles of GPU and engine with what-if values in place. Throws a UserError for what they do not go with. */
async function readMachine(scenario: Scenario, documents: Documents): Promise<Profiles> {
  const { gpu: named, engine: ran, set, tp, dpAttention } = scenario;
  const gpu = await documents.profile('gpu', named);
  const engine = await documents.profile('engine', ran);
  const profile = (document: Document) => ({ where: document.where, json: readJson(document) });
  const profiles = await PROFILES.get([gpu, engine], JSON.stringify(set), () =>
    readProfiles(profile(gpu), profile(engine), set),
  );
  const hardware = await overNodes(scenario, profiles.hardware);
  checkAllReduce(hardware, tp, '--tp');
  checkAllReduce(hardware, tp * dpAttention, `--tp ${tp} --dp-attention ${dpAttention}: GPUs`);
  return { ...profiles, hardware };
}

async function readModels(
  { target: named, draft }: Scenario,
  documents: Documents,
  shipped: ShippedModels,
): Promise<Models> {
  const target = shipped.models.includes(named)
    ? await shipped.model(named)
    : await documents.model('target', named, shipped.models);
  if (target.kind !== 'transformer') {
    throw new UserError(`target ${named} is a draft head, expected a whole model`);
  }
  if (draft === null) return { target, chosen: null };
  const ships = shipped.drafts.includes(draft);
  return {
    target,
    chosen: ships ? await shipped.draft(draft) : await documents.model('draft', draft, shipped.drafts),
  };
}

/** The method that a table says it is of, in a speculative_config or by itself. */
function madeFor(json: unknown): string | null {
  const of = (one: unknown, key: string): unknown =>
    typeof one === 'object' && one !== null && Object.hasOwn(one, key)
      ? (one as Readonly<Record<string, unknown>>)[key]
      : undefined;
  const method = of(json, 'method') ?? of(of(json, 'speculative_config'), 'method');
  return typeof method === 'string' ? method.toLowerCase().replaceAll('_', '-') : null;
}

async function readPolicies(
  scenario: Scenario,
  methods: readonly Method[],
  documents: Documents,
  warnings: string[],
): Promise<NamedPolicy[]> {
  const policies: NamedPolicy[] = [];
  for (const name of scenario.policy) {
    const spec = parsePolicy(name);
    if (spec.kind !== 'table-file') {
      policies.push({ name, spec: isShared(spec) ? { ...spec, auc: scenario.confidence } : spec });
      continue;
    }
    const document = await documents.file('policy table', spec.file);
    const json = readJson(document);
    const entries = parseTable(json, document.where);
    const made = madeFor(json);
    const runs = methods.flatMap(({ parts }) => parts.map(({ name }) => name));
    // As in deepseek_mtp.
    if (made !== null && !runs.some((name) => made === name || made.endsWith(`-${name}`)))
      warnings.push(`policy ${document.where} was made for ${made}, expected one of what is run`);
    policies.push({ name, spec: { kind: 'table', entries } });
    const asked = Math.max(...entries.map(({ k }) => k));
    const cap = Math.max(...scenario.k);
    if (asked > cap)
      warnings.push(`policy ${document.where} asks for up to ${asked} tokens: k caps it at ${cap}`);
  }
  return policies;
}

async function readStepTable(
  { cost }: Scenario,
  documents: Documents,
  warnings: string[],
): Promise<StepTable | null> {
  if (!cost.startsWith('table:')) return null;
  const { text, where } = await documents.file('step table', cost.slice('table:'.length));
  const table = parseStepTable(text, where);
  if (table.rows.some(({ context }) => context === null)) {
    warnings.push(`step table ${where} says no context: its times are taken at whatever context steps have`);
  }
  if (table.rows.some(({ drafted }) => drafted === null)) {
    warnings.push(
      `step table ${where} says nothing of drafts: a plain step takes as long as one that drafts and verifies as many tokens, so that speedups are too high where steps that draft were timed`,
    );
  }
  return table;
}

async function readTrees({ tree }: Scenario, documents: Documents): Promise<(NamedTree | null)[]> {
  const trees: (NamedTree | null)[] = [];
  for (const name of tree) {
    const spec = parseTree(name);
    if (spec.kind !== 'file') {
      trees.push(spec.kind === 'chain' ? null : { name, spec });
      continue;
    }
    const { text, where } = await documents.file('tree', spec.file);
    trees.push({ name, spec: { kind: 'paths', tree: readTree(text, where) } });
  }
  return trees;
}

/** The workload named, if any. Throws a UserError for one whose hashes the engine or the router cannot use. */
async function workloadOf(
  scenario: Scenario,
  documents: Documents,
  engine: EngineProfile,
  warnings: string[],
): Promise<Workload | null> {
  if (scenario.workload === null) return null;
  const document = await documents.file('workload', scenario.workload);
  const workload = readWorkload(document, scenario, warnings);
  const hashed = workload.prefixHashes?.blockTokens ?? engine.blockTokens;
  if (hashed % engine.blockTokens !== 0) {
    throw new UserError(
      `workload ${document.where}: its hashes stand for ${hashed} tokens each, expected whole blocks of the ${engine.blockTokens} tokens of engine ${engine.name}`,
    );
  }
  const goingBy =
    scenario.router === 'prefix-aware'
      ? '--router prefix-aware'
      : scenario.prefixCache === 'off'
        ? '--prefix-cache off'
        : null;
  if (goingBy !== null && workload.prefixHashes === null) {
    throw new UserError(
      `${goingBy}: workload ${document.where} says nothing of what its prompts share, expected one with hash_ids (Mooncake)`,
    );
  }
  return workload;
}

/** A head knows the hidden states of one model: of another it guesses. */
function strangers(target: Transformer, drafts: ReadonlyMap<string, DraftHead | Transformer>): string[] {
  return [...drafts.values()].flatMap((card) =>
    card.kind === 'transformer' || [target.name, target.headsOf].includes(card.target)
      ? []
      : [
          `draft ${card.name} was trained for ${card.target}: for ${target.name} expect that little is accepted`,
        ],
  );
}

/** Rings over PCIe, which stays below 128 GB/s a direction, have been measured up to six times slower (docs/adding-a-gpu.md). */
function slowRing({ name, provenance, specification }: HardwareProfile, tp: number): string[] {
  const law = provenance[`efficiency.allReduce.${tp}`];
  const link = specification.linkBandwidthBytesPerS ?? Number.POSITIVE_INFINITY;
  return law?.source.startsWith(ringAssumption) && link < 128e9
    ? [
        `gpu ${name}: the all-reduce of ${tp} GPUs is an assumed ring; over PCIe, measured ones take up to six times as long`,
      ]
    : [];
}

/** Warnings about a GPU that prices are less sure on. */
function doubts({ name, calibration }: HardwareProfile): string[] {
  if (calibration === 'kernel tables') return [];
  const grade =
    calibration === 'generation'
      ? "takes the efficiency of its generation's kernels"
      : 'has only a data sheet: its efficiency is a generic guess, expect errors of 10 to 20%';
  return [`gpu ${name} ${grade}`];
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
    ...(scenario.cost.startsWith('table:') && { cost: 'table' }),
    ...(scenario.acceptanceContext?.startsWith('recorded:') && { acceptanceContext: 'recorded:' }),
    ...(scenario.draftGpu !== null && { draftGpu: true }),
    ...(scenario.tree.join() !== DEFAULTS.tree.join() && {
      tree: scenario.tree.map((one) => one.replace(/^file:.*/, 'file')).join(),
    }),
  };
}
