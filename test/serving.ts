/** Parts of a serving engine for tests: a cost model of plain numbers, steady acceptance, a run in one call. */
import type { CostModel, PartSeconds, PassWork, StepWork } from '../src/cost/work.ts';
import { assembleDrafter } from '../src/drafter/assemble.ts';
import { draftSlots, parseMethod } from '../src/drafter/methods.ts';
import { AS_RECORDED } from '../src/drafter/replay.ts';
import { Engine, type EngineParts } from '../src/engine/engine.ts';
import type { Load } from '../src/engine/load.ts';
import type { PrefixHashes } from '../src/engine/prefix-cache.ts';
import { type EngineStep, type FinishedRecord, FinishedRecords } from '../src/engine/records.ts';
import type { Limits } from '../src/engine/replica-parts.ts';
import { parsePolicy } from '../src/policy/policies.ts';
import type { PositionLengths } from '../src/trace/trace.ts';
import { arrivalTimes } from '../src/workload/arrivals.ts';
import { PlainPrices } from './plain-prices.ts';

export const MAX_K = 5;

/** What one step was asked to do. */
export interface Step {
  readonly decode: Pass;
  readonly prompts: Pass;
}

type Pass = Omit<PassWork, 'add' | 'clear'>;

/** Decoding takes 1 s and prefilling 10 s, both together 11 s, or whatever is said; keeps what it was asked. */
export class Stopwatch extends PlainPrices {
  readonly steps: Step[] = [];
  /** Tokens that models caught up on, by step that decodes. */
  readonly catchUps: number[] = [];

  constructor(decodeS: (decode: Pass) => number = () => 1, prefillS: (prompts: Pass) => number = () => 10) {
    super(
      ({ verify, prefill, drafts }) => {
        const seconds = decodeS(verify);
        return {
          draftS: drafts.reduce((sum, draft) => sum + draft.longest, 0) / 16,
          verifyS: 0.75 * seconds,
          overheadS: 0.25 * seconds,
          prefillS: prefill.tokens > 0 ? prefillS(prefill) : 0,
        };
      },
      (prompts) => ({ prefillS: prefillS(prompts) }),
    );
  }

  override priceStep(work: StepWork, cost: PartSeconds): void {
    this.steps.push({ decode: { ...work.verify }, prompts: { ...work.prefill } });
    this.catchUps.push(work.drafts.reduce((sum, { catchUpTokens }) => sum + catchUpTokens, 0));
    super.priceStep(work, cost);
  }

  override pricePrefill(prompts: PassWork, cost: PartSeconds): void {
    this.steps.push({ decode: EMPTY, prompts: { ...prompts } });
    super.pricePrefill(prompts, cost);
  }
}

const EMPTY: Pass = { sequences: 0, tokens: 0, contextTokens: 0, attentionPairs: 0, logitRows: 0 };

export const UNLIMITED: Limits = {
  maxBatchedTokens: Number.POSITIVE_INFINITY,
  maxSequences: Number.POSITIVE_INFINITY,
  kvBlocks: Number.POSITIVE_INFINITY,
  sequenceBlocks: 0,
  blockTokens: 16,
};

export interface Setting extends Partial<Limits> {
  readonly prompts: readonly number[];
  readonly outputs: readonly number[];
  readonly load: Load;
  readonly method?: string;
  readonly k?: number;
  /** Who decides how far to draft; `fixed` unless said. */
  readonly policy?: string;
  readonly acceptance?: PositionLengths;
  readonly cost?: CostModel;
  readonly prefixHashes?: PrefixHashes;
  readonly replicas?: number;
  readonly router?: EngineParts['router'];
  readonly split?: EngineParts['split'];
  readonly horizonS?: number;
  /** Whether gaps between tokens are kept; they are unless said. */
  readonly gaps?: boolean;
  /** Ways of the drafter that are left out: rounds of all at once, rounds known ahead. */
  readonly without?: readonly ('rounds' | 'known')[];
  readonly onStep?: (step: EngineStep, engine: Engine) => void;
}

/** An engine of the setting; every limit not stated is infinite. */
export function engineOf(setting: Setting): Engine {
  const { prompts, outputs, method: name = 'none', acceptance, onStep, prefixHashes } = setting;
  const { replicas, router, split, horizonS, cost = new Stopwatch() } = setting;
  const method = parseMethod(name);
  const k = setting.k ?? MAX_K;
  const drafter = assembleDrafter(
    method,
    k,
    acceptance === undefined ? [] : method.parts.map(() => acceptance),
    AS_RECORDED,
    { policy: parsePolicy(setting.policy ?? 'fixed'), cost, seed: 1 },
  );
  for (const way of setting.without ?? []) Object.assign(drafter, { [way]: undefined });
  const engine: Engine = new Engine({
    workload: {
      promptTokens: Int32Array.from(prompts),
      outputTokens: Int32Array.from(outputs),
      ...(prefixHashes !== undefined && { prefixHashes }),
    },
    load: setting.load,
    drafter,
    cost,
    draftModels: draftSlots(method),
    limits: limitsOf(setting),
    gaps: setting.gaps ?? true,
    ...(replicas !== undefined && { replicas }),
    ...(router !== undefined && { router }),
    ...(split !== undefined && { split }),
    ...(horizonS !== undefined && { horizonS }),
    ...(onStep !== undefined && { observer: { onStep: (step: EngineStep) => onStep(step, engine) } }),
  });
  return engine;
}

/** Runs the setting to its end. */
export function serve(setting: Setting) {
  const engine = engineOf(setting);
  const makespanS = engine.run();
  const { totals, gaps, unfinished, replicas } = engine;
  return { finished: [...engine.finished], totals, gaps: gaps!, makespanS, unfinished, replicas };
}

function limitsOf(setting: Setting): Limits {
  const stated = Object.keys(UNLIMITED).flatMap((key) => {
    const value = setting[key as keyof Limits];
    return value === undefined ? [] : [[key, value] as const];
  });
  return { ...UNLIMITED, ...Object.fromEntries(stated) };
}

/** Arrivals of a Poisson process. */
export const poisson = (requests: number, ratePerS: number, seed: number): Float64Array =>
  arrivalTimes({ process: 'poisson', ratePerS }, requests, seed);

export const all = (requests: readonly unknown[]): number[] => requests.map((_, r) => r);

/** The same acceptance at every position: `emitted` tokens a round. */
export function steady(outputs: readonly number[], emitted: number): PositionLengths {
  const offsets = new Int32Array(outputs.length + 1);
  outputs.forEach((tokens, r) => {
    offsets[r + 1] = offsets[r]! + tokens;
  });
  return {
    maxK: MAX_K,
    offsets,
    emitted: new Uint8Array(offsets.at(-1)!).fill(emitted),
    proposed: 'always',
    kind: 'fitted',
  };
}

/** Requests that ended, as the engine keeps them; what is not said of one is 0. */
export function recordsOf(requests: readonly Partial<FinishedRecord>[]): FinishedRecords {
  const finished = new FinishedRecords();
  for (const one of requests) {
    const i = finished.next();
    for (const [column, value] of Object.entries(one)) finished[column as keyof FinishedRecord][i] = value;
  }
  return finished;
}
