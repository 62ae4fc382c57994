/** How models are split over GPUs and in which formats they run, as a scenario says. */
import type { Layout } from '../model/shape.ts';
import type { WeightFormat } from '../number-formats.ts';
import type { Scenario } from './scenario.ts';

/** How a scenario lays out its target. */
export function targetLayout(scenario: Scenario): Layout {
  return { ...layout(scenario, scenario.dtype), ...expertLayout(scenario) };
}

export function expertLayout({ ep, dpAttention }: Scenario): Pick<Layout, 'ep' | 'copies'> {
  return { ep, copies: dpAttention };
}

export function layout<T extends WeightFormat | 'auto'>({ tp, kvDtype }: Scenario, dtype: T) {
  return { tp, dtype, kvDtype: kvDtype === 'auto' ? ('bf16' as const) : kvDtype };
}
