/**
 * How far a question is from what was calibrated: a class for each kind of distance, with what it adds to the standard
 * deviation of the logarithm of a speedup and of any speed. What a class adds to speed all settings of a run share, so
 * that it cancels in their speedups; what it adds to speedups all draft lengths of a method share.
 *
 * `specsim validate` fits the classes to published measurements, each time without those that it is then judged on, and
 * prints this table beside (docs/validation.md).
 *
 * Left out: text of another mode than the recording's (thinking on or off), which no scenario says.
 */
import type { CalibrationRange, EngineProfile } from '../cost/engine-profile.ts';
import { costTraits } from '../cost/models.ts';
import { isUnlike, type Method, runsDraftModel, takesK } from '../drafter/methods.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import { Memo } from '../memo.ts';
import type { Doubt } from '../metrics/confidence.ts';
import { expertsOf, type Transformer } from '../model/architecture.ts';
import type { StatedAcceptance } from '../trace/acceptance-spec.ts';
import type { AcceptanceTrace, PositionLengths } from '../trace/trace.ts';
import { promptsOfTurns } from '../workload/conversations.ts';
import { isOpen } from './load.ts';
import { formatsText } from './number-formats.ts';
import type { Scenario } from './options.ts';

interface Asked {
  readonly scenario: Scenario;
  readonly hardware: HardwareProfile;
  readonly target: Transformer;
  readonly engine: EngineProfile;
  readonly methods: readonly Method[];
  readonly rates: ReadonlyMap<string, StatedAcceptance>;
  readonly traces: readonly AcceptanceTrace[];
}

/** Who drafts, how far, and how much is accepted. */
interface Drafting {
  readonly method: Method;
  readonly k: number | null;
  readonly acceptance: readonly PositionLengths[];
}

/** What is asked beyond what was calibrated, and by how much: in doublings, or 1. */
interface Beyond {
  readonly what: string;
  readonly by: number;
}

export interface TrustClass {
  readonly name: string;
  readonly title: string;
  /** Standard deviation of the logarithm of a speedup; 0.05 is 5 %. */
  readonly speedup: number;
  /** The same of tokens per second, of plain decoding too. */
  readonly speed: number;
  /** What tells it. */
  readonly from: string;
}

interface Distance extends TrustClass {
  readonly beyond: (asked: Asked, range: CalibrationRange) => Beyond | null;
}

/** Of a doubling, errors add in squares over several. */
export const DISTANCES: readonly Distance[] = [
  {
    name: 'experts',
    title: 'mixture of experts',
    speedup: 0.1,
    speed: 0.15,
    from: '7 speedups of Qwen3-30B-A3B; 2 of another source far lower',
    beyond: ({ target }) => (expertsOf(target) === null ? null : binary('mixture of experts')),
  },
  {
    name: 'format',
    title: 'another number format',
    speedup: 0.05,
    speed: 0.05,
    from: 'no speedup: usual',
    beyond({ scenario, target, methods }, { dtypes }) {
      const { dtype, kvDtype, draftDtype } = scenario;
      const drafts = methods.some(runsDraftModel) ? draftDtype : 'auto';
      const isOther = (format: string) => !['auto', 'bf16', ...dtypes].includes(format);
      const others = [
        ...(dtypes.includes(dtype) ? [] : [formatsText(dtype, target)]),
        ...(isOther(kvDtype) ? [`KV cache in ${kvDtype}`] : []),
        ...(isOther(drafts) ? [`drafts in ${drafts}`] : []),
      ];
      // `auto` stands for checkpoints that keep several.
      const known = dtypes.filter((one) => one !== 'auto').join(', ');
      return others.length === 0 ? null : binary(`${others.join(', ')} (calibrated ${known})`);
    },
  },
  {
    name: 'tp',
    title: 'more GPUs, a doubling',
    speedup: 0.02,
    speed: 0.11,
    from: '42 speedups of Llama-3-70B',
    beyond: ({ scenario: { tp } }, range) => doublings('tp', tp, range.tp),
  },
  {
    name: 'batch',
    title: 'a larger batch, a doubling',
    speedup: 0.02,
    speed: 0.04,
    from: '21 speedups under SGLang',
    beyond: ({ scenario: { load, batch } }, range) =>
      isOpen(load) ? null : doublings('batch', Math.max(...batch), range.batch),
  },
  {
    name: 'context',
    title: 'a longer context, a doubling',
    speedup: 0.02,
    speed: 0.03,
    from: 'no speedup: as a larger batch',
    beyond: ({ traces, scenario }, range) =>
      doublings(
        'context of up to',
        Math.max(...traces.map((trace) => longestSequence(trace, scenario))),
        range.context,
      ),
  },
  {
    name: 'drafted',
    title: 'longer drafts, a doubling',
    speedup: 0.02,
    speed: 0,
    from: 'no speedup: as a larger batch',
    beyond: ({ methods, scenario: { k } }, range) =>
      methods.some(takesK) && range.drafted[1] > 0 ? doublings('k', Math.max(...k), range.drafted) : null,
  },
  {
    name: 'speculation',
    title: 'speculation of an engine calibrated without',
    speedup: 0.05,
    speed: 0,
    from: 'no speedup: usual',
    beyond: ({ methods, engine }, { drafted }) =>
      drafted[1] === 0 && methods.some(({ kind }) => kind !== 'none')
        ? binary(`speculation (${engine.name} was calibrated without)`)
        : null,
  },
  {
    name: 'passes',
    title: 'passes of a kind that was not calibrated',
    speedup: 0.15,
    speed: 0,
    from: '13 speedups of self-speculation, diffusion, networks',
    beyond({ methods, scenario: { pp, draftGpu } }) {
      const other = methods.find(isUnlike);
      const where = pp > 1 ? `--pp ${pp}` : draftGpu === null ? null : `--draft-gpu ${draftGpu}`;
      const what = other?.name ?? (methods.some(({ kind }) => kind !== 'none') ? where : null);
      return what === null ? null : binary(`${what}: passes of a kind that was not calibrated`);
    },
  },
  {
    name: 'gpu',
    title: "another GPU than the engine's",
    speedup: 0,
    speed: 0.03,
    from: 'plain serving: 2 %',
    beyond: ({ hardware, engine: { device } }) =>
      device === hardware.name ? null : binary(`gpu ${hardware.name} (calibrated on ${device})`),
  },
  {
    name: 'experts elsewhere',
    title: 'speculation on experts, another GPU',
    speedup: 0.25,
    speed: 0,
    from: '2 speedups of Qwen3-30B-A3B: 43 and 31 % low',
    beyond: ({ hardware, target, methods, engine: { name, device } }) =>
      expertsOf(target) !== null && device !== hardware.name && methods.some(({ kind }) => kind !== 'none')
        ? binary(`experts under ${name} on another GPU than its own: the engine decides`)
        : null,
  },
  {
    name: 'generation',
    title: "a GPU with its generation's efficiency",
    speedup: 0.14,
    speed: 0.1,
    from: '2 speedups under llama.cpp: 20 % low',
    beyond: ({ hardware: { name, calibration } }) =>
      calibration === 'generation' ? binary(`gpu ${name} by its generation: the engine decides`) : null,
  },
  {
    name: 'data sheet',
    title: 'a GPU known by its data sheet alone',
    speedup: 0.2,
    speed: 0.15,
    from: '1 speedup under MLX: 24 % low, its acceptance assumed',
    beyond: ({ hardware: { name, calibration } }) =>
      calibration === 'data sheet only' ? binary(`gpu ${name} by its data sheet: the engine decides`) : null,
  },
];

/** By how acceptance is known; a recording, and a process fitted to one, have none beyond the model's own error. */
export const ACCEPTANCE = {
  quantiles: {
    name: 'quantiles',
    title: 'acceptance fitted to quantiles',
    speedup: 0.06,
    speed: 0,
    from: '32 speedups of EAGLE and a draft model',
  },
  lookUp: {
    name: 'look-up quantiles',
    title: 'look-up fitted to quantiles',
    speedup: 0.035,
    speed: 0,
    from: '12 speedups of Llama-3-70B',
  },
  stated: {
    name: 'stated',
    title: 'acceptance stated as a mean or rates',
    speedup: 0.02,
    speed: 0,
    from: '35 speedups under SGLang',
  },
  borrowed: {
    name: 'borrowed',
    title: 'acceptance of another target',
    speedup: 0.12,
    speed: 0,
    from: '20 pairs of targets on one data set: 13 %',
  },
  rule: {
    name: 'rule',
    title: 'another acceptance rule than was recorded',
    speedup: 0.06,
    speed: 0,
    from: '10 pairs: call rates, sigma and speedups',
  },
} as const satisfies Readonly<Record<string, TrustClass>>;

export const TRUST_CLASSES: readonly TrustClass[] = [...DISTANCES, ...Object.values(ACCEPTANCE)];

/** How far to trust an answer, and why. */
export interface Trust {
  readonly level: 'calibrated here' | 'near' | 'far';
  readonly reasons: readonly string[];
}

/** What adds no more than this to the standard deviation of a speedup, 12 % to its half-width, is near. */
const NEAR = 0.06;

/** Of the settings of a scenario together. */
export function trustOf(asked: Asked): Trust {
  const all = [
    ...distancesOf(asked),
    ...asked.traces.flatMap((trace) =>
      asked.methods.flatMap(({ parts }) =>
        parts.flatMap(({ name }) => acceptancesOf(name, asked, trace, trace.drafters.get(name))),
      ),
    ),
  ];
  const found = [...new Map(all.map((one) => [one.of.name, one])).values()];
  const reasons = found.map(({ what }) => what);
  if (found.length === 0) return { level: 'calibrated here', reasons };
  const added = Math.hypot(...found.map(({ of, by }) => Math.sqrt(by) * of.speedup));
  return { level: added <= NEAR ? 'near' : 'far', reasons };
}

/** Of several answers the least that one can trust. */
export function leastTrust(trusts: readonly Trust[]): Trust {
  const levels: readonly Trust['level'][] = ['calibrated here', 'near', 'far'];
  const level = levels[Math.max(...trusts.map((trust) => levels.indexOf(trust.level)))]!;
  return { level, reasons: [...new Set(trusts.flatMap(({ reasons }) => reasons))] };
}

/** One line: the level, and what is beyond the calibrated. */
export function trustText({ level, reasons }: Trust): string {
  return `trust: ${[level, ...(reasons.length === 0 ? [] : [reasons.join('; ')])].join(', ')}`;
}

/** What is uncertain of a setting beside constants and the choice of requests. */
export function doubtsOf(
  asked: Asked,
  setting: Drafting,
  trace: AcceptanceTrace,
  batch: number | null,
): Doubt[] {
  const speculates = setting.method.kind !== 'none';
  return classesOf(asked, setting, trace, batch).flatMap(({ of, part, by, drafter }) => {
    const doubt = (name: string, error: number): Doubt[] =>
      error === 0 ? [] : [{ name, part, error: Math.sqrt(by) * error }];
    return [
      ...doubt(`${of.name} speed`, of.speed),
      ...(speculates ? doubt([of.name, drafter ?? 'speedup'].join(' '), of.speedup) : []),
    ];
  });
}

/** A class that a setting is in, and how often: a distance of two doublings counts twice. */
interface Found extends Beyond {
  readonly of: TrustClass;
  readonly part: Doubt['part'];
  /** The drafter whose acceptance it is about. */
  readonly drafter: string | null;
}

/** The classes that a setting is in. */
export function classesOf(
  asked: Asked,
  { method, k, acceptance }: Drafting,
  trace: AcceptanceTrace,
  batch: number | null,
): Found[] {
  const scenario = {
    ...asked.scenario,
    ...(batch !== null && { batch: [batch] }),
    // Trees and oracles are no longer than what was recorded.
    k: k === null ? [] : [k],
  };
  return [
    ...distancesOf({ ...asked, scenario, methods: [method], traces: [trace] }),
    ...method.parts.flatMap(({ name }, i) => acceptancesOf(name, asked, trace, acceptance[i])),
  ];
}

function distancesOf(asked: Asked): Found[] {
  const { range } = asked.engine;
  if (range === null || !costTraits(asked.scenario.cost).machine) return [];
  return DISTANCES.flatMap((of): Found[] => {
    const found = of.beyond(asked, range);
    return found === null ? [] : [{ of, part: 'distance', drafter: null, ...found }];
  });
}

function acceptancesOf(
  drafter: string,
  { rates, scenario, target }: Asked,
  { provenance }: AcceptanceTrace,
  lengths: PositionLengths | undefined,
): Found[] {
  const found = (of: TrustClass): Found => ({ of, part: 'acceptance', drafter, what: of.title, by: 1 });
  const rule = scenario.accept === 'greedy' ? [] : [found(ACCEPTANCE.rule)];
  if (rates.has(drafter)) return [found(ACCEPTANCE.stated), ...rule];
  return [
    ...rule,
    ...(lengths?.fittedTo === 'rates' ? [found(ACCEPTANCE.stated)] : []),
    ...(lengths?.fittedTo === 'quantiles'
      ? [found(drafter === 'ngram' ? ACCEPTANCE.lookUp : ACCEPTANCE.quantiles)]
      : []),
    ...([target.name, target.headsOf].includes(provenance.target) ? [] : [found(ACCEPTANCE.borrowed)]),
  ];
}

function binary(what: string): Beyond {
  return { what, by: 1 };
}

function doublings(what: string, asked: number, [least, greatest]: readonly [number, number]): Beyond | null {
  if (asked <= greatest) return null;
  return { what: `${what} ${asked} (calibrated ${least} to ${greatest})`, by: Math.log2(asked / greatest) };
}

/** Every row of a trace asks for it. */
const LONGEST = new Memo<number>();

function longestSequence(
  { promptTokens, outputTokens }: AcceptanceTrace,
  { turns, sharedPrompt }: Scenario,
): number {
  return LONGEST.get([promptTokens, outputTokens], `${turns} ${sharedPrompt}`, () => {
    const prompts =
      turns === null ? promptTokens : promptsOfTurns(promptTokens, outputTokens, turns, sharedPrompt);
    return prompts.reduce((longest, prompt, r) => Math.max(longest, prompt + outputTokens[r]!), 0);
  });
}
