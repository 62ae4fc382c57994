/** Horizontal bars with whiskers, a name each. */
import { BELOW, SMALL, xAxis } from './axes.ts';
import type { RangesPanel } from './chart.ts';
import { type Box, type Paper, pathOf } from './paper.ts';
import { scaleOf, valueText } from './scale.ts';
import { textWidth } from './text.ts';

export function drawRanges(paper: Paper, outer: Box, { bars, x }: RangesPanel): void {
  const wide = outer.right - outer.left;
  const names = Math.min(
    10 + Math.max(0, ...bars.map(({ name }) => textWidth(name, SMALL, true))),
    0.3 * wide,
  );
  const labels = Math.min(10 + Math.max(0, ...bars.map(({ label }) => textWidth(label, SMALL))), 0.25 * wide);
  const box = {
    left: outer.left + names,
    right: outer.right - labels,
    top: outer.top + 4,
    bottom: outer.bottom - BELOW,
  };
  const values = bars.flatMap(({ value, lo, hi }) => [value, lo, hi].filter((one) => one !== null));
  const scale = scaleOf(x, values, box.left, box.right, 6);
  xAxis(paper, box, x, scale);
  const height = (box.bottom - box.top) / Math.max(1, bars.length);
  bars.forEach(({ name, hue, value, lo, hi, label }, b) => {
    const middle = box.top + (b + 0.5) * height;
    const colour = paper.theme.hues[hue];
    const thick = Math.min(26, 0.6 * height);
    paper.text(name, box.left - 8, middle + 4, {
      anchor: 'end',
      size: SMALL,
      bold: true,
      colour,
      room: names - 8,
    });
    if (value !== null) {
      const interval = lo === null || hi === null ? '' : ` (${valueText(lo)} to ${valueText(hi)})`;
      paper.mark(
        'rect',
        {
          x: scale.at(0),
          y: middle - thick / 2,
          width: Math.max(1, scale.at(value) - scale.at(0)),
          height: thick,
          fill: colour,
          'fill-opacity': 0.75,
        },
        `${name}: ${valueText(value, x.unit)}${interval}, ${label}`,
        { name, value, lo, hi },
      );
    }
    const end = scale.at(hi ?? value ?? 0);
    if (lo !== null && hi !== null) {
      const [from, to] = [scale.at(lo), scale.at(hi)];
      const tick = (at: number) =>
        pathOf([
          [at, middle - 6],
          [at, middle + 6],
        ]);
      const d = `${pathOf([
        [from, middle],
        [to, middle],
      ])}${tick(from)}${tick(to)}`;
      paper.shape('path', {
        class: 'whisker',
        d,
        stroke: paper.theme.ink,
        'stroke-width': 1.5,
        fill: 'none',
      });
    }
    paper.text(label, end + 8, middle + 4, {
      size: SMALL,
      colour: paper.theme.muted,
      room: outer.right - end - 8,
    });
  });
}
