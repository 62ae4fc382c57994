/** How far are drafts right, and does that change along the output, or between requests? */
import type { CellsPanel, Chart } from '../plot/chart.ts';
import type { AcceptanceMap } from '../trace/acceptance-map.ts';
import { type Answer, chartOf } from './words.ts';

/** Accepted in so many rounds somewhere, a draft number has a row. */
const SEEN = 0.005;

/** What an acceptance map is of. */
type MapOf = Readonly<Record<'trace' | 'kind' | 'method', string>>;

const percent = (share: number) => (100 * share).toFixed(share > 0 && share < 0.095 ? 1 : 0);

export function acceptanceChart(answer: Answer, map: AcceptanceMap, { trace, kind, method }: MapOf): Chart {
  const [first, ...others] = map.along.shares;
  // Drafts that are hardly ever reached say nothing.
  const deepest = others.findLastIndex((of) => of.some((share) => (share ?? 0) >= SEEN)) + 2;
  const known = first!.filter((share) => share !== null);
  return chartOf('acceptance', answer, {
    title: `Share of rounds that accept draft number i: ${method}, trace ${trace} (${kind})`,
    subtitle: `in percent, of ${map.rounds.toLocaleString('en')} rounds at k = ${map.k}`,
    summary: `The first draft is accepted in ${percent(Math.min(...known))} to ${percent(Math.max(...known))}% of the rounds.`,
    panels: [
      { ...panel(map.along, deepest, 'part of the output'), heading: 'along the output' },
      { ...panel(map.between, deepest, 'requests, by their mean'), heading: 'from request to request' },
    ],
  });
}

function panel({ columns, shares }: AcceptanceMap['along'], deepest: number, label: string): CellsPanel {
  const numbers = Array.from({ length: deepest }, (_, i) => deepest - i);
  return {
    form: 'cells',
    x: { label, names: columns },
    y: { label: 'draft number', names: numbers.map(String) },
    range: [0, 1],
    rows: numbers.map((number) =>
      shares[number - 1]!.map((share, c) => ({
        value: share,
        lines: share === null ? [] : [percent(share)],
        says: `draft ${number}, ${columns[c]}: ${share === null ? 'no round' : `accepted in ${percent(share)}% of the rounds`}`,
      })),
    ),
  };
}
