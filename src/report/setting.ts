/** Lines of a report's head that all reports share. */
import type { Inputs } from '../scenario/inputs.ts';
import type { Override } from '../scenario/overrides.ts';
import { shownQuantity } from '../units.ts';

/** What-if values, a line each: `  set      hardware.memoryBandwidth=1.2x (3.35 TB/s -> 4.02 TB/s)`. */
export function overrideLines(overrides: readonly Override[]): string[] {
  return overrides.map(({ path, written, changed }) => {
    const changes = changed.map(
      ({ before, after, unit }) =>
        `${before === null ? 'none' : shownQuantity(before, unit)} -> ${shownQuantity(after, unit)}`,
    );
    return `  set      ${path}=${written}${changes.length === 0 ? '' : ` (${changes.join(', ')})`}`;
  });
}

/** Traces and load. */
export function workloadLines({ traces, scenario }: Pick<Inputs, 'traces' | 'scenario'>): string[] {
  const load =
    scenario.load === 'clones'
      ? 'clones: a batch is N copies of one request, started together'
      : scenario.load === 'closed'
        ? 'closed: N different requests run at a time, one that ends is replaced at once'
        : `open: requests arrive at ${scenario.load.replace('poisson:', '')} per second, at random`;
  return [
    ...traces.map((trace) => {
      const kinds = new Set([...trace.drafters.values()].map((lengths) => lengths.kind));
      const kind = kinds.has('recording') ? 'a recording' : 'a fitted process, sampled';
      return `  trace    ${trace.name}: ${kind}, ${trace.ids.length} requests (${trace.provenance.source})`;
    }),
    `  load     ${load}`,
    ...(scenario.policy === 'fixed' ? [] : [`  policy   ${scenario.policy}, k at most`]),
  ];
}
