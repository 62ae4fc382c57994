/** How much load holds my limits? */
import type { Chart, LinesPanel } from '../plot/chart.ts';
import { valueText } from '../plot/scale.ts';
import type { CapacityRow } from '../questions/highest-rate.ts';
import type { Envelope } from '../scenario/result.ts';
import { foot, fromZero, hueOf, nameOf, panelsByTrace, where } from './words.ts';

export function capacityChart(answer: Envelope<CapacityRow>): Chart {
  const { rows, config } = answer;
  const known = rows.filter((row) => row.max_rate_req_per_s !== null);
  const best = known.reduce<CapacityRow | null>(
    (a, b) => (a === null || b.max_rate_req_per_s! > a.max_rate_req_per_s! ? b : a),
    null,
  );
  return {
    kind: 'capacity',
    title: `Load that holds ${config.slo}: ${where(answer)}`,
    subtitle: `every rate that was tried; shaded: the 95% interval of the highest that holds; load ${config.load.replace(/:.*/, '')}`,
    summary:
      best === null
        ? 'No method has a highest rate.'
        : `${nameOf(best)} takes the most, ${best.max_rate_req_per_s!.toPrecision(3)} requests/s, limited by ${best.limited_by}.`,
    foot: foot(answer),
    panels: panelsByTrace(rows, panel),
  };
}

/** Requests/s that meet the limits, by requests/s that arrive. */
function panel(rows: readonly CapacityRow[]): LinesPanel {
  const highest = Math.max(...rows.map((row) => row.max_rate_req_per_s ?? 0));
  // Rates far beyond every limit say nothing.
  const most = highest > 0 ? 2 * highest : Number.POSITIVE_INFINITY;
  const x = fromZero('requests/s that arrive', ' requests/s');
  return {
    form: 'lines',
    x: highest > 0 ? x : { ...x, scale: 'log2' },
    y: fromZero('requests/s within the limits', ' requests/s'),
    series: rows.map((row) => ({
      name: nameOf(row),
      hue: hueOf(row.method),
      path: 'line',
      mark: 'dot',
      points: row.judged
        .filter(({ rate_req_per_s: rate }) => rate <= most)
        .map(({ rate_req_per_s: rate, slo_share: share }) => ({
          x: rate,
          y: rate * share,
          ...(rate === row.max_rate_req_per_s && { label: `limited by ${row.limited_by}` }),
        })),
    })),
    rules: rows.flatMap(
      ({ max_rate_req_per_s: at, max_rate_lo_req_per_s: lo, max_rate_hi_req_per_s: hi, ...row }) =>
        at === null
          ? []
          : [
              {
                axis: 'x' as const,
                at: lo ?? at,
                ...(hi !== null && { upTo: hi }),
                hue: hueOf(row.method),
                label: `${nameOf(row)}: ${valueText(at)}`,
              },
            ],
    ),
  };
}
