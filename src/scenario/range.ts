/** Warnings for what lies outside the measurements that an engine profile was calibrated on. */

import type { EngineProfile } from '../cost/engine-profile.ts';
import { COST_MODELS } from '../cost/models.ts';
import { type Method, takesK } from '../drafter/methods.ts';
import type { HardwareProfile } from '../hardware/profile.ts';
import type { Transformer } from '../model/architecture.ts';
import type { AcceptanceTrace } from '../trace/trace.ts';
import { isOpen } from './load.ts';
import { formatsText } from './number-formats.ts';
import type { Scenario } from './options.ts';

interface Setting {
  readonly scenario: Scenario;
  readonly hardware: HardwareProfile;
  readonly target: Transformer;
  readonly methods: readonly Method[];
  readonly engine: EngineProfile;
}

/** One warning per quantity that leaves its range, naming the range and what was asked. */
export function rangeWarnings(
  { scenario, hardware, target, methods, engine }: Setting,
  traces: readonly AcceptanceTrace[],
): string[] {
  const { range } = engine;
  if (range === null || !COST_MODELS[scenario.cost].machine) return [];
  const drafted = methods.some(takesK) ? Math.max(...scenario.k) : 0;
  const asked = {
    batch: isOpen(scenario.load) ? 0 : Math.max(...scenario.batch),
    context: Math.max(...traces.map(longestSequence)),
    drafted,
    tp: scenario.tp,
  };
  const warnings: string[] = [];
  const warn = (what: string) =>
    warnings.push(`${what}: outside what engine ${engine.name} was calibrated on, expect larger errors`);
  if (engine.device !== null && engine.device !== hardware.name) {
    warn(`gpu ${hardware.name} (calibrated on ${engine.device})`);
  }
  for (const [key, value] of Object.entries(asked) as [keyof typeof asked, number][]) {
    const [least, greatest] = range[key];
    if (value > greatest) warn(`${NAMES[key]} ${value} (calibrated ${least} to ${greatest})`);
  }
  const dtype = formatsText(scenario.dtype, target);
  if (!range.dtypes.includes(dtype)) {
    warn(`dtype ${dtype} (calibrated ${range.dtypes.join(', ')})`);
  }
  return warnings;
}

const NAMES = {
  batch: 'batch',
  context: 'context of up to',
  drafted: 'k',
  tp: 'tp',
} as const;

function longestSequence({ promptTokens, outputTokens }: AcceptanceTrace): number {
  return promptTokens.reduce((longest, prompt, r) => Math.max(longest, prompt + outputTokens[r]!), 0);
}
