/**
 * What verification costs a target beside a plain step, and which of its experts either loads: MoESD's target efficiency
 * T(B, 1) / T(B, k + 1) (arXiv 2505.19645), of passes with the output matrix, at the contexts of the run.
 */
import { Routing } from '../cost/routing.ts';
import type { Measures } from '../metrics/measure.ts';
import { forwardShape } from '../model/shape.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { targetLayout } from '../scenario/layouts.ts';

export interface TargetEfficiency {
  /** Plain pass over the one that verifies. */
  readonly target_efficiency: number;
  /** Speculative step over the plain one: tokens a round over the speedup of decoding. */
  readonly step_ratio: number;
  /** Of a layer, in a plain step and in one that verifies; null of a dense model, as all that follows. */
  readonly plain_distinct_experts: number | null;
  readonly distinct_experts: number | null;
  readonly experts: number | null;
  readonly tokens_per_expert: number | null;
  /** Sequences from which on a step that verifies visits 95 % of the experts. */
  readonly experts_saturate_at: number | null;
}

export function targetEfficiency(
  inputs: Inputs,
  k: number,
  batch: number,
  { step_ms: speculative }: Measures,
  { step_ms: plain }: Measures,
): TargetEfficiency {
  const total = (step: NonNullable<Measures['step_ms']>) =>
    step.draft + step.verify + step.sampling + step.overhead;
  const { experts } = forwardShape(inputs.target, targetLayout(inputs.scenario));
  return {
    target_efficiency: plain!.verify / speculative!.verify,
    step_ratio: total(speculative!) / total(plain!),
    ...(experts === null ? NO_EXPERTS : visits(new Routing(experts), experts, k, batch)),
  };
}

const NO_EXPERTS = {
  plain_distinct_experts: null,
  distinct_experts: null,
  experts: null,
  tokens_per_expert: null,
  experts_saturate_at: null,
};

function visits(
  routing: Routing,
  { count, perToken }: { readonly count: number; readonly perToken: number },
  k: number,
  batch: number,
) {
  const tokens = batch * (k + 1);
  const distinct = routing.distinct(routing.independent(tokens, batch));
  return {
    plain_distinct_experts: routing.distinct(batch),
    distinct_experts: distinct,
    experts: count,
    tokens_per_expert: (tokens * perToken) / distinct,
    experts_saturate_at: Math.ceil(routing.saturatesAt() / routing.independent(k + 1, 1)),
  };
}
