/** How much load holds my limits? */
import { UserError } from '../errors.ts';
import type { Chart, LinesPanel, Rule } from '../plot/chart.ts';
import { valueText } from '../plot/scale.ts';
import type { CapacityRow } from '../questions/highest-rate.ts';
import type { Envelope } from '../scenario/result.ts';
import { chartOf, fromZero, hueOf, nameOf, panelsByTrace, where } from './words.ts';

/** @throws UserError where requests are so few that all arrive before the first has left */
export function capacityChart(answer: Envelope<CapacityRow>): Chart {
  const { config } = answer;
  const rows = answer.rows.filter(sustained);
  if (rows.length === 0) {
    throw new UserError(
      `plot capacity: the ${answer.rows[0]!.requests} requests arrive before the first is served, expected more --requests or a tighter --slo`,
    );
  }
  const left = answer.rows.filter((row) => !sustained(row)).map(nameOf);
  const rateOf = (row: CapacityRow) => row.max_rate_req_per_s ?? 0;
  const best = rows.reduce((a, b) => (rateOf(b) > rateOf(a) ? b : a));
  return chartOf('capacity', answer, {
    title: `Load that holds ${config.slo}: ${where(answer)}`,
    subtitle: `every rate that was tried; shaded: the 95% interval of the highest that holds; load ${config.load.replace(/:.*/, '')}${left.length === 0 ? '' : `; too few requests for ${left.join(', ')}`}`,
    summary:
      rateOf(best) === 0
        ? 'No method holds the limits at any rate.'
        : `${nameOf(best)} takes the most, ${best.max_rate_req_per_s!.toPrecision(3)} requests/s, limited by ${best.limited_by}.`,
    panels: panelsByTrace(rows, panel),
  });
}

/** Whether the requests go on arriving for longer than one of them stays, at the highest rate: else it is no rate. */
function sustained({ max_rate_req_per_s: rate, requests, e2e_s }: CapacityRow): boolean {
  return rate !== null && (e2e_s === null || requests / rate > e2e_s.p50);
}

/** Requests/s that meet the limits, by requests/s that arrive. */
function panel(rows: readonly CapacityRow[]): LinesPanel {
  const highest = Math.max(...rows.map((row) => row.max_rate_req_per_s!));
  // Rates far beyond every limit say nothing.
  const most = highest > 0 ? 2 * highest : Number.POSITIVE_INFINITY;
  const x = fromZero('requests/s that arrive', ' requests/s');
  return {
    form: 'lines',
    x: highest > 0 ? x : { ...x, scale: 'log2' },
    y: fromZero('requests/s within the limits', ' requests/s'),
    series: rows.map(({ judged, max_rate_req_per_s: found, limited_by: limit, ...row }) => ({
      name: nameOf(row),
      hue: hueOf(row.method),
      points: judged
        .filter(({ rate_req_per_s: rate }) => rate <= most)
        .map(({ rate_req_per_s: x, slo_share: share }) => {
          return { x, y: x * share, ...(x === found && { label: `limited by ${limit}` }) };
        }),
    })),
    rules: rows.flatMap(({ max_rate_lo_req_per_s: lo, max_rate_hi_req_per_s: hi, ...row }): Rule[] => {
      const at = row.max_rate_req_per_s!;
      const label = `${nameOf(row)}: ${valueText(at)}`;
      const place = { at: lo ?? at, ...(hi !== null && { upTo: hi }), hue: hueOf(row.method) };
      return at > 0 ? [{ axis: 'x', ...place, label }] : [];
    }),
  };
}
