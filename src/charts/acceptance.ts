/** How far are drafts right, and does that change along the output, or between requests? */
import type { Chart } from '../plot/chart.ts';
import type { AcceptanceMap } from '../trace/acceptance-map.ts';
import { type Answer, foot } from './words.ts';

/** Accepted in so many rounds somewhere, a draft number has a row. */
const SEEN = 0.005;

/** What an acceptance map is of. */
export interface MapOf {
  readonly trace: string;
  readonly kind: string;
  readonly method: string;
  readonly by: 'output' | 'request';
}

export function acceptanceChart(
  answer: Answer,
  map: AcceptanceMap,
  { trace, kind, method, by }: MapOf,
): Chart {
  // Drafts that are hardly ever reached say nothing.
  const deepest = map.shares.findLastIndex((of) => of.some((share) => (share ?? 0) >= SEEN));
  const numbers = Array.from({ length: Math.max(1, deepest + 1) }, (_, i) => i + 1).reverse();
  const percent = (share: number) => (100 * share).toFixed(share > 0 && share < 0.095 ? 1 : 0);
  const label = by === 'output' ? 'part of the output' : 'requests by their mean, the least first';
  const first = map.shares[0]!.filter((share) => share !== null);
  return {
    kind: 'acceptance',
    title: `Share of rounds that accept draft number i, ${by === 'output' ? 'along the output' : 'from request to request'}`,
    subtitle: `${method}, trace ${trace} (${kind}), ${map.rounds.toLocaleString('en')} rounds at k = ${map.k}, in percent`,
    summary: `The first draft is accepted in ${percent(Math.min(...first))} to ${percent(Math.max(...first))}% of the rounds.`,
    foot: foot(answer),
    panels: [
      {
        form: 'cells',
        x: { label, names: map.columns },
        y: { label: 'draft number', names: numbers.map(String) },
        range: [0, 1],
        rows: numbers.map((number) =>
          map.shares[number - 1]!.map((share, c) => ({
            value: share,
            lines: share === null ? [] : [percent(share)],
            says: `draft ${number}, ${map.columns[c]}: ${share === null ? 'no round' : `accepted in ${percent(share)}% of the rounds`}`,
          })),
        ),
      },
    ],
  };
}
