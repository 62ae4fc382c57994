/** Bars of stacked parts, in groups side by side. */
import { BELOW, BESIDE, belowLabel, legend, SMALL, yAxis } from './axes.ts';
import type { StackPanel } from './chart.ts';
import type { Box, Paper } from './paper.ts';
import { scaleOf, valueText } from './scale.ts';
import { textWidth } from './text.ts';
import { inkOn } from './themes.ts';

const GAP = 14;

export function drawStack(paper: Paper, outer: Box, panel: StackPanel): void {
  const { parts, groups } = panel;
  const colours = parts.map(({ hue }) => paper.theme.hues[hue]);
  const top = legend(
    paper,
    { ...outer, left: outer.left + BESIDE },
    parts.map(({ name }, p) => ({ name, colour: colours[p]! })),
    (name) => textWidth(name, SMALL),
  );
  const headed = groups.length > 1 || groups[0]?.name !== '';
  const box = {
    left: outer.left + BESIDE,
    right: outer.right - 4,
    top: outer.top + top + (headed ? 20 : 4),
    bottom: outer.bottom - BELOW,
  };
  const totals = groups.flatMap(({ bars }) => bars.map(({ values }) => sum(values)));
  const scale = scaleOf(panel.y, totals, box.bottom, box.top, (box.bottom - box.top) / 48);
  yAxis(paper, box, panel.y, scale);
  const most = Math.max(1, ...groups.map(({ bars }) => bars.length));
  const width = (box.right - box.left - GAP * (groups.length - 1)) / groups.length;
  const slot = width / most;
  groups.forEach(({ name, bars }, g) => {
    const left = box.left + g * (width + GAP);
    if (headed) {
      paper.text(name, left + 2, box.top - 7, { size: SMALL, bold: true, room: width + GAP - 6 });
    }
    bars.forEach((bar, b) => {
      const x = left + b * slot + slot * 0.08;
      const of = [name, bar.name].filter((word) => word !== '').join(', ');
      let below = 0;
      bar.values.forEach((value, p) => {
        if (value === null || value === 0) return;
        const [from, to] = [scale.at(below), scale.at(below + value)];
        below += value;
        const says = `${of}: ${parts[p]!.name} ${valueText(value, panel.y.unit)}`;
        paper.mark(
          'rect',
          { x, y: to, width: slot * 0.84, height: from - to, fill: colours[p]!, stroke: paper.theme.paper },
          says,
          { group: name, bar: bar.name, part: parts[p]!.name, value },
        );
        const label = valueText(Number(value.toPrecision(2)));
        if (from - to >= 16 && textWidth(label, 10) < slot * 0.8) {
          paper.text(label, x + slot * 0.42, (from + to) / 2 + 4, {
            size: 10,
            anchor: 'middle',
            colour: inkOn(colours[p]!),
          });
        }
      });
      paper.text(bar.name, x + slot * 0.42, box.bottom + 17, {
        anchor: 'middle',
        colour: paper.theme.muted,
        size: SMALL,
        room: slot + 8,
      });
    });
  });
  belowLabel(paper, box, panel.x);
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
