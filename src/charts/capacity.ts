/** How much load holds my limits? */

import { grouped } from '../memo.ts';
import type { Chart } from '../plot/chart.ts';
import type { CapacityRow } from '../questions/highest-rate.ts';
import type { Envelope } from '../scenario/result.ts';
import { foot, hueOf, nameOf, where } from './words.ts';

export function capacityChart(answer: Envelope<CapacityRow>): Chart {
  const { rows, config } = answer;
  const traces = grouped(rows, ({ trace }) => trace);
  const known = rows.filter((row) => row.max_rate_req_per_s !== null);
  const best = known.reduce<CapacityRow | null>(
    (a, b) => (a === null || b.max_rate_req_per_s! > a.max_rate_req_per_s! ? b : a),
    null,
  );
  return {
    kind: 'capacity',
    title: `Load that holds ${config.slo}: ${where(answer)}`,
    subtitle: `highest rate of arrivals, with its 95 % interval; load ${config.load.replace(/:.*/, '')}`,
    summary:
      best === null
        ? 'No method has a highest rate.'
        : `${nameOf(best)} takes the most, ${best.max_rate_req_per_s!.toPrecision(3)} requests/s, limited by ${best.limited_by}.`,
    foot: foot(answer),
    panels: [...traces].map(([trace, of]) => ({
      form: 'ranges' as const,
      ...(traces.size > 1 && { heading: `trace ${trace}` }),
      x: { label: 'requests/s', unit: ' requests/s', scale: 'linear' as const, holds: [0] },
      bars: of.map((row) => ({
        name: nameOf(row),
        hue: hueOf(row.method),
        value: row.max_rate_req_per_s,
        lo: row.max_rate_lo_req_per_s,
        hi: row.max_rate_hi_req_per_s,
        label: row.limited_by === null ? 'no limit found' : `limited by ${row.limited_by}`,
      })),
    })),
  };
}
