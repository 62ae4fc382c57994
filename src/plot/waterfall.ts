/** Bars from one value to the next, in groups side by side on one scale. */
import { BELOW, belowLabel, SMALL, xAxis } from './axes.ts';
import type { WaterfallPanel } from './chart.ts';
import type { Box, Paper } from './paper.ts';
import { scaleOf, valueText } from './scale.ts';
import { textWidth } from './text.ts';

const GAP = 22;

export function drawWaterfall(paper: Paper, outer: Box, panel: WaterfallPanel): void {
  const { names, groups } = panel;
  const widest = Math.max(0, ...names.map((name) => textWidth(name, SMALL)));
  const beside = Math.min(widest + 10, 0.42 * (outer.right - outer.left));
  const top = outer.top + 20;
  const bottom = outer.bottom - BELOW;
  const height = (bottom - top) / Math.max(1, names.length);
  names.forEach((name, n) => {
    const whole = n === 0 || n === names.length - 1;
    paper.text(name, outer.left + beside - 8, top + (n + 0.5) * height + 4, {
      anchor: 'end',
      size: SMALL,
      bold: whole,
      room: beside - 8,
    });
  });
  const width = (outer.right - outer.left - beside - GAP * (groups.length - 1)) / Math.max(1, groups.length);
  const all = groups.flatMap(({ bars }) => bars.flatMap(({ from, to }) => [from, to]));
  belowLabel(paper, { ...outer, left: outer.left + beside, bottom }, panel.x.label);
  groups.forEach(({ name, bars }, g) => {
    const left = outer.left + beside + g * (width + GAP);
    const box = { left, right: left + width, top, bottom };
    const scale = scaleOf(panel.x, all, left, left + width - 44, width / 80);
    paper.text(name, left, outer.top + 11, { size: SMALL, bold: true, room: width });
    xAxis(paper, box, { ...panel.x, label: '' }, scale);
    bars.forEach(({ from, to }, n) => {
      const y = top + n * height + height * 0.14;
      const thick = height * 0.72;
      const whole = n === 0 || n === bars.length - 1;
      const [x1, x2] = [scale.at(Math.min(from, to)), scale.at(Math.max(from, to))];
      const change = to - from;
      const colour = whole ? paper.theme.hues.verify : change <= 0 ? paper.theme.gain : paper.theme.loss;
      const shown = whole ? valueText(to, panel.x.unit) : `${change > 0 ? '+' : ''}${valueText(change)}`;
      paper.mark(
        'rect',
        { x: x1, y, width: Math.max(x2 - x1, 1), height: thick, fill: colour },
        `${name === '' ? '' : `${name}: `}${names[n]}: ${shown}${whole ? '' : `${panel.x.unit}, ${valueText(to, panel.x.unit)} left`}`,
        { group: name, name: names[n]!, from, to },
      );
      if (n + 1 < bars.length) {
        const at = scale.at(to);
        paper.shape('line', {
          x1: at,
          x2: at,
          y1: y,
          y2: y + height + thick * 0.2,
          stroke: paper.theme.muted,
          'stroke-dasharray': '2 2',
        });
      }
      const label = valueText(Number((whole ? to : change).toFixed(2)));
      paper.text(`${!whole && change > 0 ? '+' : ''}${label}`, x2 + 5, y + thick / 2 + 4, {
        size: SMALL,
        colour: paper.theme.muted,
        room: box.right - x2 - 4,
      });
    });
  });
}
