/** How far are drafts right, and does that change along the output, or between requests? */
import { UserError } from '../errors.ts';
import type { CellsPanel, Chart } from '../plot/chart.ts';
import type { Inputs } from '../scenario/inputs.ts';
import { TOOL } from '../scenario/result.ts';
import { type AcceptanceMap, acceptanceMap } from '../trace/acceptance-map.ts';
import { chartOf, mapOf } from './words.ts';

/** Accepted in so many rounds somewhere, a draft number has a row. */
const SEEN = 0.005;

const percent = (share: number) => (100 * share).toFixed(share > 0 && share < 0.095 ? 1 : 0);

/**
 * Of the last drafting method that the first trace knows.
 *
 * @param most draft numbers
 */
export function acceptanceChart(inputs: Inputs, most = 16): Chart {
  const { scenario, methods, traces } = inputs;
  const { name: trace, drafters } = traces[0]!;
  const names = methods.flatMap(({ parts }) => parts.map(({ name }) => name));
  const method = names.findLast((name) => drafters.has(name));
  if (method === undefined) {
    throw new UserError(
      `plot acceptance: trace ${trace} has none of ${names.join(', ') || 'no method'}, expected --method with one of ${[...drafters.keys()].join(', ')}`,
    );
  }
  const lengths = drafters.get(method)!;
  const map = acceptanceMap(lengths, Math.min(lengths.maxK, most));
  const [first, ...others] = map.along.shares;
  // Drafts that are hardly ever reached say nothing.
  const deepest = others.findLastIndex((of) => of.some((share) => (share ?? 0) >= SEEN)) + 2;
  const known = first!.filter((share) => share !== null);
  const answer = { ...inputs, tool: TOOL, config: scenario, seed: scenario.seed };
  return chartOf('acceptance', answer, {
    title: `Share of rounds that accept draft number i: ${method}, trace ${trace} (${lengths.kind})`,
    subtitle: `in percent, of ${map.rounds.toLocaleString('en')} rounds at k = ${map.k}`,
    summary: `The first draft is accepted in ${percent(Math.min(...known))} to ${percent(Math.max(...known))}% of the rounds.`,
    panels: [
      { ...panel(map.along, deepest, 'part of the output'), heading: 'along the output' },
      { ...panel(map.between, deepest, 'requests, by their mean'), heading: 'from request to request' },
    ],
  });
}

function panel({ columns, shares }: AcceptanceMap['along'], deepest: number, label: string): CellsPanel {
  const names = Array.from({ length: deepest }, (_, i) => String(deepest - i));
  return mapOf({ label, names: columns }, { label: 'draft number', names }, [0, 1], (column, number, c) => {
    const value = shares[Number(number) - 1]![c]!;
    const [lines, says] =
      value === null ? [[], 'no round'] : [[percent(value)], `accepted in ${percent(value)}% of the rounds`];
    return { value, lines, says: `draft ${number}, ${column}: ${says}` };
  });
}
