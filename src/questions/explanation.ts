/**
 * Why a setting is as fast as it is: what each draft position brings and costs, where the time of a token goes and
 * what of it is waste, which resource binds, and what would help most. All of it is differences of replays and of
 * prices, so that the parts add up to the whole.
 */
import type { Resource } from '../cost/fields.ts';
import { binding, secondsByResource } from '../cost/resources.ts';
import { draftsBlock } from '../drafter/methods.ts';
import type { NamedPolicy } from '../policy/policies.ts';
import { Bench } from '../scenario/bench.ts';
import { answeredK } from '../scenario/draft-cards.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { type Answer, answerOf, type Group } from '../scenario/result.ts';
import { loadKind } from '../scenario/run.ts';
import { PLAIN, type Setting } from '../scenario/setup.ts';
import { breakEvenBatch, largestBatch } from './comparison.ts';
import { type Remedy, remedies, stepOf } from './remedies.ts';
import { type TargetEfficiency, targetEfficiency } from './target-efficiency.ts';
import type { TokenTime } from './token-time.ts';
import { boundsOf, type Fall, fallOf, oneSetting } from './waterfall.ts';

/** Positions beyond k that are shown, to see whether more would pay. */
const BEYOND = 3;

/** Verifies that many of every block. */
function always(k: number): NamedPolicy {
  const everywhere = { batchLo: 1, batchHi: Infinity, contextLo: 1, contextHi: Infinity };
  return { name: `always ${k}`, spec: { kind: 'table', entries: [{ ...everywhere, k }] } };
}

/** Draft number `position` of a round, against drafting one fewer; of a block, against verifying one fewer of it. */
interface PositionValue {
  readonly position: number;
  /** Tokens that it adds to a round, in the mean: the chance that it is accepted. */
  readonly tokens: number;
  /** Milliseconds that it adds to a step. */
  readonly cost_ms: number;
  /** Tokens that it would have to add to be worth its time. */
  readonly break_even_tokens: number;
  readonly pays: boolean;
  /** Whether the 95 % interval of the throughput with it over that without leaves 1 out. */
  readonly sure: boolean;
}

export interface Explanation extends TargetEfficiency, Fall {
  readonly speedup: number;
  readonly speedup_lo: number;
  readonly speedup_hi: number;
  readonly positions: readonly PositionValue[];
  /** The smallest batch size from which this setting does not pay; null when the largest tried still pays. */
  readonly break_even_batch: number | null;
  /** The smallest from which it does not surely pay. */
  readonly unsure_from_batch: number | null;
  readonly break_even_searched_to: number;
  readonly wasted_verify_share: number;
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

export type ExplainResult = Answer<Explanation>;

/** @throws UserError unless exactly one method and one k are asked about, and something is decoded */
export function explanationOf(inputs: Inputs): ExplainResult {
  const { scenario } = inputs;
  const setting = oneSetting(inputs);
  const { method, k } = setting;
  const load = loadKind(scenario);
  const warnings = new Set(inputs.warnings);
  const groups = inputs.traces.map((trace, t): Group<Explanation> => {
    const bench = new Bench(inputs, trace, load, warnings);
    const longest = Math.min(k! + BEYOND, answeredK(method, inputs, trace));
    const limit = largestBatch(inputs, trace.outputTokens.length);
    // The search tries batch sizes that nobody asked about, whose warnings are of no use.
    const searched = new Bench(inputs, trace, load, new Set());
    const bounds = boundsOf(setting, trace, load === 'clones');
    const ofBatch = scenario.batch.map((batch): Omit<Explanation, keyof BreakEven> => {
      const { ms_per_token: time, waterfall, ...names } = fallOf(bench, bounds, trace.name, batch);
      const measures = bench.measures(setting, batch);
      const { ratio, lo, hi } = bench.ratio(setting, PLAIN, batch);
      return {
        ...names,
        speedup: ratio,
        speedup_lo: lo,
        speedup_hi: hi,
        positions: positions(bench, setting, batch, longest),
        wasted_verify_share: measures.wasted_verify_share ?? 0,
        ms_per_token: time,
        waterfall,
        ...rejectedCosts(inputs, time, batch),
        ...targetEfficiency(inputs, k!, batch, measures, bench.plainMeasures(setting, batch)),
        ...boundBy(inputs, bench, setting, batch),
        remedies: remedies(inputs, bench, bounds, batch),
      };
    });
    const breakEven = breakEvenOf(searched, setting, limit);
    return { trace: t, rows: ofBatch.map((row) => ({ ...row, ...breakEven })) };
  });
  return answerOf(scenario, inputs, warnings, groups);
}

type BreakEven = Pick<Explanation, 'break_even_batch' | 'unsure_from_batch' | 'break_even_searched_to'>;

function breakEvenOf(bench: Bench, setting: Setting, limit: number): BreakEven {
  const plain = (batch: number) => bench.plainMeasures(setting, batch).throughput_tok_per_s;
  const pays = (batch: number) => bench.measures(setting, batch).throughput_tok_per_s > plain(batch);
  const breakEven = breakEvenBatch(pays, limit);
  return {
    break_even_batch: breakEven,
    unsure_from_batch: breakEvenBatch(
      (batch) => pays(batch) && bench.ratio(setting, PLAIN, batch).lo > 1,
      breakEven ?? limit,
    ),
    break_even_searched_to: limit,
  };
}

/** By position: the setting that drafts so far; of a block, that verifies so far. */
function positions(bench: Bench, { method, k }: Setting, batch: number, longest: number): PositionValue[] {
  let before = stepOf(bench.plainMeasures({ method, k }, batch));
  let fewer: Setting = PLAIN;
  return Array.from({ length: longest }, (_, i) => {
    const more: Setting = draftsBlock(method) ? { method, k, policy: always(i + 1) } : { method, k: i + 1 };
    const now = stepOf(bench.measures(more, batch));
    const tokens = now.tokens - before.tokens;
    const costMs = now.ms - before.ms;
    const breakEven = (costMs * before.tokens) / before.ms;
    const { lo, hi } = bench.ratio(more, fewer, batch);
    before = now;
    fewer = more;
    return {
      position: i + 1,
      tokens,
      cost_ms: costMs,
      break_even_tokens: breakEven,
      pays: tokens > breakEven,
      sure: lo > 1 || hi < 1,
    };
  });
}

function rejectedCosts(
  { hardware, scenario }: Inputs,
  { rejected_draft, rejected_verify }: TokenTime,
  batch: number,
): Pick<Explanation, 'rejected_joules_per_mtok' | 'rejected_usd_per_mtok'> {
  const { powerW, priceUsdPerH } = hardware.specification;
  const gpuSPerMtok =
    (1000 * (rejected_draft + rejected_verify) * scenario.tp * scenario.dpAttention) / batch;
  return {
    rejected_joules_per_mtok: powerW === null ? null : powerW * gpuSPerMtok,
    rejected_usd_per_mtok: priceUsdPerH === null ? null : (priceUsdPerH / 3600) * gpuSPerMtok,
  };
}

function boundBy(
  inputs: Inputs,
  bench: Bench,
  setting: Setting,
  batch: number,
): Pick<Explanation, 'draft_bound_by' | 'verify_bound_by'> {
  const of = (part: 'draft' | 'verify') =>
    binding(secondsByResource((machine) => bench.stepMs(setting, batch, machine)![part], inputs));
  const drafts = bench.measures(setting, batch).step_ms!.draft > 0;
  return { draft_bound_by: drafts ? of('draft') : null, verify_bound_by: of('verify') };
}
