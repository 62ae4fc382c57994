/**
 * Why a setting is as fast as it is: what each draft position brings and costs, where the time of a token goes and
 * what of it is waste, which resource binds, and what would help most. All of it is differences of replays and of
 * prices, so that the parts add up to the whole.
 */

import { PARAMETERS } from '../cost/parameters.ts';
import { binding, type Resource, secondsByResource } from '../cost/resources.ts';
import { draftsBlock, parseMethod, takesK } from '../drafter/methods.ts';
import { UserError } from '../errors.ts';
import type { Measures } from '../metrics/measure.ts';
import type { PolicySpec } from '../policy/policies.ts';
import { Bench, type Setting } from '../scenario/bench.ts';
import { breakEvenBatch, largestBatch } from '../scenario/compare.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { type Envelope, envelope } from '../scenario/result.ts';
import { loadKind, settingsOf } from '../scenario/run.ts';
import { oracleOf } from './tune.ts';

/** Positions beyond k that are shown, to see whether more would pay. */
const BEYOND = 3;

/** Drafts what will be accepted and no more. */
const EXACT: PolicySpec = { kind: 'noisy-oracle', chance: 1 };

/** Verifies that many of every block. */
function always(k: number): PolicySpec {
  const everywhere = { batchLo: 1, batchHi: Infinity, contextLo: 1, contextHi: Infinity };
  return { kind: 'table', entries: [{ ...everywhere, k }] };
}

/** What a better part is taken to be better by. */
export const BETTER = 0.2;

/** Draft number `position` of a round, against drafting one fewer; of a block, against verifying one fewer of it. */
export interface PositionValue {
  readonly position: number;
  /** Tokens that it adds to a round, in the mean: the chance that it is accepted. */
  readonly tokens: number;
  /** Milliseconds that it adds to a step. */
  readonly cost_ms: number;
  /** Tokens that it would have to add to be worth its time. */
  readonly break_even_tokens: number;
  readonly pays: boolean;
}

/** Milliseconds of a decode step for each token of a sequence; the parts add up to `total`. */
export interface TokenTime {
  readonly total: number;
  /** Saved by drafting exactly what is accepted: less drafting, and fewer steps and shorter ones to verify. */
  readonly rejected_draft: number;
  readonly rejected_verify: number;
  /** The rest of drafting, then of the host and of sampling. */
  readonly draft: number;
  readonly overhead: number;
  /** Left when all else is free: verification of what is kept. */
  readonly verify: number;
}

/** One of the gifts that lead from the setting to its bound, each on top of those before. */
export interface Gift {
  readonly what: string;
  /** Milliseconds of a decode step for each token of a sequence that it saves; negative where it costs more. */
  readonly saves_ms: number;
  /** What is left. */
  readonly ms_per_token: number;
}

export interface Remedy {
  readonly what: string;
  /** Throughput of decoding with it over that without. */
  readonly gain: number;
}

export interface Explanation {
  readonly trace: string;
  readonly method: string;
  readonly k: number;
  readonly batch_size: number;
  readonly speedup: number;
  readonly positions: readonly PositionValue[];
  /** The smallest batch size from which this setting does not pay; null when the largest tried still pays. */
  readonly break_even_batch: number | null;
  readonly break_even_searched_to: number;
  readonly wasted_verify_share: number;
  readonly ms_per_token: TokenTime;
  /** From the setting to its bound; what is saved adds up to the gap between the two. */
  readonly waterfall: readonly Gift[];
  /**
   * What drafting and verifying rejected tokens costs for a million tokens that are kept: their GPU seconds at the
   * power and the price in the profile; null where it has none.
   */
  readonly rejected_joules_per_mtok: number | null;
  readonly rejected_usd_per_mtok: number | null;
  /** Null when drafting takes no time. */
  readonly draft_bound_by: Resource | null;
  readonly verify_bound_by: Resource;
  /** Largest gain first. */
  readonly remedies: readonly Remedy[];
}

export type ExplainResult = Envelope<Explanation>;

/** @throws UserError unless exactly one method and one k are asked about */
export function explain(inputs: Inputs): ExplainResult {
  const { scenario } = inputs;
  const settings = settingsOf(inputs);
  const [setting] = settings;
  if (settings.length !== 1 || !takesK(setting!.method)) {
    throw new UserError(
      `--method ${scenario.method.join()} --k ${scenario.k.join()}: explain is about one method and one k, such as --method eagle3 --k 3`,
    );
  }
  const warnings = new Set(inputs.warnings);
  const rows = inputs.traces.flatMap((trace) => {
    const bench = new Bench(inputs, trace, loadKind(scenario), warnings);
    const recorded = setting!.method.parts.map(({ name }) =>
      inputs.rates.has(name) ? Number.POSITIVE_INFINITY : (trace.drafters.get(name)?.maxK ?? 0),
    );
    const longest = Math.min(setting!.k! + BEYOND, ...recorded);
    const limit = largestBatch(inputs, trace.ids.length);
    // The search tries batch sizes that nobody asked about, whose warnings are of no use.
    const searched = new Bench(inputs, trace, loadKind(scenario), new Set());
    const breakEven = breakEvenBatch((batch) => speedup(searched, setting!, batch) > 1, limit);
    const exact = new Bench({ ...inputs, policy: EXACT }, trace, loadKind(scenario), warnings);
    const shorter = draftsBlock(setting!.method)
      ? (length: number, batch: number) =>
          new Bench({ ...inputs, policy: always(length) }, trace, loadKind(scenario), warnings).measures(
            setting!,
            batch,
          )
      : (k: number, batch: number) => bench.measures({ method: setting!.method, k }, batch);
    const second = trace.drafters.has('ngram') && setting!.method.kind === 'fixed' ? 'ngram' : null;
    return scenario.batch.map((batch): Explanation => {
      const time = tokenTime(bench, setting!, batch);
      return {
        trace: trace.name,
        method: setting!.method.name,
        k: setting!.k!,
        batch_size: batch,
        speedup: speedup(bench, setting!, batch),
        positions: positions(
          bench.plainMeasures(setting!, batch),
          Array.from({ length: longest }, (_, i) => shorter(i + 1, batch)),
          trace.name,
        ),
        break_even_batch: breakEven,
        break_even_searched_to: limit,
        wasted_verify_share: bench.measures(setting!, batch).wasted_verify_share ?? 0,
        ms_per_token: time,
        waterfall: waterfall(bench, exact, setting!, batch, second),
        ...rejectedCosts(inputs, time, batch),
        ...bounds(inputs, bench, setting!, batch),
        remedies: remedies(inputs, bench, setting!, batch),
      };
    });
  });
  return envelope(scenario, inputs.configHash, warnings, rows);
}

function speedup(bench: Bench, setting: Setting, batch: number): number {
  const plain = bench.plainMeasures(setting, batch).throughput_tok_per_s;
  return bench.measures(setting, batch).throughput_tok_per_s / plain;
}

/** Milliseconds of a step, and tokens that it emits for a sequence. */
function step({ step_ms, tokens_per_step }: Measures): { readonly ms: number; readonly tokens: number } {
  return {
    ms: step_ms!.draft + step_ms!.verify + step_ms!.sampling + step_ms!.overhead,
    tokens: tokens_per_step!,
  };
}

/** @param drafting element i drafts i + 1 tokens, or verifies so many of a block */
function positions(plain: Measures, drafting: readonly Measures[], trace: string): PositionValue[] {
  if (plain.step_ms === null) {
    throw new UserError(`trace ${trace}: no request has a second output token, so there is nothing to draft`);
  }
  let before = step(plain);
  return drafting.map((measures, i) => {
    const now = step(measures);
    const tokens = now.tokens - before.tokens;
    const costMs = now.ms - before.ms;
    const breakEven = (costMs * before.tokens) / before.ms;
    before = now;
    return {
      position: i + 1,
      tokens,
      cost_ms: costMs,
      break_even_tokens: breakEven,
      pays: tokens > breakEven,
    };
  });
}

function tokenTime(bench: Bench, setting: Setting, batch: number): TokenTime {
  const now = perToken(bench.measures(setting, batch));
  const exact = perToken(bench.measures({ method: oracleOf(setting.method), k: null }, batch));
  return {
    total: now.total,
    rejected_draft: now.draft - exact.draft,
    rejected_verify: now.verify - exact.verify + now.overhead - exact.overhead,
    draft: exact.draft,
    overhead: exact.overhead,
    verify: exact.verify,
  };
}

/**
 * What perfect knowledge and free work would bring, in turn. Knowing the lengths up to k leaves the rounds what they
 * are and takes the rejected tokens out of them; `best` is the most that drafting can do.
 *
 * @param exact drafts up to k what will be accepted
 * @param second a look-up that may be tried beside the method
 */
function waterfall(
  bench: Bench,
  exact: Bench,
  setting: Setting,
  batch: number,
  second: string | null,
): Gift[] {
  const { method } = setting;
  const measured = (name: string) => perToken(bench.measures({ method: parseMethod(name), k: null }, batch));
  const now = perToken(bench.measures(setting, batch));
  const known = perToken(exact.measures(setting, batch));
  const names = method.parts.map(({ name }) => name);
  const both = second === null || names.includes(second) ? names : [second, ...names];
  const best = measured(`best:${both.join('+')}`);
  const stages: (readonly [string, number])[] = [
    ['rejected tokens verified for nothing', known.total + now.draft - known.draft],
    ['and not drafted (exact lengths up to k)', known.total],
  ];
  if (names.length === 1) {
    stages.push(['exact lengths beyond k (oracle)', measured(`oracle:${names[0]}`).total]);
  }
  if (both.length === 2) {
    stages.push([
      `the better of ${both.join(' and ')}, both paid`,
      measured(`combined:${both.join('+')}`).total,
    ]);
  }
  stages.push(
    ['the best rounds there are (optimum)', best.total],
    ['drafting for nothing', best.total - best.draft],
    ['host and sampling for nothing (the bound)', best.verify],
  );
  let before = now.total;
  return stages.map(([what, ms]) => {
    const gift = { what, saves_ms: before - ms, ms_per_token: ms };
    before = ms;
    return gift;
  });
}

/** Milliseconds of the parts of a step for each token of a sequence. */
function perToken({ step_ms, tokens_per_step }: Measures) {
  const { draft, verify, sampling, overhead } = step_ms!;
  const tokens = tokens_per_step!;
  return {
    draft: draft / tokens,
    verify: verify / tokens,
    overhead: (sampling + overhead) / tokens,
    total: (draft + verify + sampling + overhead) / tokens,
  };
}

function rejectedCosts(
  { hardware, scenario }: Inputs,
  { rejected_draft, rejected_verify }: TokenTime,
  batch: number,
): Pick<Explanation, 'rejected_joules_per_mtok' | 'rejected_usd_per_mtok'> {
  const { powerW, priceUsdPerH } = hardware.specification;
  const gpuSPerMtok = (1000 * (rejected_draft + rejected_verify) * scenario.tp) / batch;
  return {
    rejected_joules_per_mtok: powerW === null ? null : powerW * gpuSPerMtok,
    rejected_usd_per_mtok: priceUsdPerH === null ? null : (priceUsdPerH / 3600) * gpuSPerMtok,
  };
}

function bounds(
  inputs: Inputs,
  bench: Bench,
  setting: Setting,
  batch: number,
): Pick<Explanation, 'draft_bound_by' | 'verify_bound_by'> {
  const of = (part: 'draft' | 'verify') =>
    binding(secondsByResource((machine) => bench.measures(setting, batch, machine).step_ms![part], inputs));
  const drafts = bench.measures(setting, batch).step_ms!.draft > 0;
  return { draft_bound_by: drafts ? of('draft') : null, verify_bound_by: of('verify') };
}

function remedies(inputs: Inputs, bench: Bench, setting: Setting, batch: number): Remedy[] {
  const measures = bench.measures(setting, batch);
  const now = step(measures);
  const { draft, overhead } = measures.step_ms!;
  const rate = (one: { readonly ms: number; readonly tokens: number }) => one.tokens / one.ms;
  const gain = (one: { readonly ms: number; readonly tokens: number }) => rate(one) / rate(now);
  const percent = `${100 * BETTER} %`;
  const faster = (name: string) => {
    const parameter = PARAMETERS.find((one) => one.name === name)!;
    return gain(step(bench.measures(setting, batch, parameter.scaled(inputs, 1 + BETTER))));
  };
  const all: Remedy[] = [
    {
      what: 'exact draft lengths (oracle)',
      gain: gain(step(bench.measures({ method: oracleOf(setting.method), k: null }, batch))),
    },
    {
      what: `a drafter with ${percent} more accepted`,
      gain: gain({ ms: now.ms, tokens: 1 + (now.tokens - 1) * (1 + BETTER) }),
    },
    { what: `drafting in ${percent} less time`, gain: gain({ ...now, ms: now.ms - BETTER * draft }) },
    { what: `host overhead ${percent} smaller`, gain: gain({ ...now, ms: now.ms - BETTER * overhead }) },
    { what: `${percent} more memory bandwidth`, gain: faster('hardware.memoryBandwidth') },
    { what: `${percent} more FLOP/s`, gain: faster('hardware.denseFlops') },
  ];
  return all.sort((a, b) => b.gain - a.gain);
}
