/** Maps: a coloured cell for each pair of names, its value written in it. */
import { BELOW, belowLabel, SMALL, uprightLabel } from './axes.ts';
import type { CellsPanel } from './chart.ts';
import type { Box, Paper } from './paper.ts';
import { textWidth } from './text.ts';
import { between, inkOn } from './themes.ts';

const SIZE = 11;

export function drawCells(paper: Paper, outer: Box, panel: CellsPanel): void {
  const { rows, x, y } = panel;
  const names = Math.min(
    Math.max(24, ...y.names.map((name) => textWidth(name, SMALL))),
    0.3 * (outer.right - outer.left),
  );
  const box = {
    left: outer.left + names + 34,
    right: outer.right - 4,
    top: outer.top + 4,
    bottom: outer.bottom - BELOW,
  };
  const width = (box.right - box.left) / Math.max(1, x.names.length);
  const height = (box.bottom - box.top) / Math.max(1, rows.length);
  const [low, high] = panel.range;
  rows.forEach((cells, r) => {
    const top = box.top + r * height;
    if (height >= 12 || r % Math.ceil(14 / height) === 0) {
      paper.text(y.names[r]!, box.left - 8, top + height / 2 + 4, {
        anchor: 'end',
        colour: paper.theme.muted,
        size: SMALL,
        room: names,
      });
    }
    cells.forEach((cell, c) => {
      const left = box.left + c * width;
      const share = cell.value === null || high === low ? 0 : (cell.value - low) / (high - low);
      const fill = between(...paper.theme.cells, Math.min(1, Math.max(0, share)));
      const gap = Math.min(1.5, width / 10, height / 10);
      const shape = {
        x: left + gap,
        y: top + gap,
        width: width - 2 * gap,
        height: height - 2 * gap,
        fill,
      };
      paper.mark('rect', { ...shape, rx: gap }, cell.says, {
        x: x.names[c]!,
        y: y.names[r]!,
        value: cell.value,
        text: cell.lines.join(' '),
      });
      const ink = inkOn(fill);
      if (cell.hatched) hatch(paper, shape, ink);
      write(paper, cell.lines, left + width / 2, top + height / 2, width - 6, height - 4, ink);
    });
  });
  x.names.forEach((name, c) => {
    paper.text(name, box.left + (c + 0.5) * width, box.bottom + 17, {
      anchor: 'middle',
      colour: paper.theme.muted,
      size: SMALL,
      room: width + 24,
    });
  });
  belowLabel(paper, box, x.label);
  uprightLabel(paper, { ...box, left: outer.left + 52 }, y.label);
}

function hatch(
  paper: Paper,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  ink: string,
) {
  const reach = Math.min(width, height, 14);
  for (let at = 4; at <= reach; at += 5) {
    paper.shape('line', { x1: x, y1: y + at, x2: x + at, y2: y, stroke: ink, 'stroke-opacity': 0.6 });
  }
}

/** As many lines as have room, the first bold. */
function write(
  paper: Paper,
  lines: readonly string[],
  x: number,
  y: number,
  width: number,
  height: number,
  colour: string,
): void {
  const size = Math.min(SIZE, height);
  if (size < 7) return;
  const pitch = size + 3.5;
  const shown = lines.slice(0, Math.max(1, Math.floor(height / pitch)));
  shown.forEach((line, i) => {
    const bold = i === 0 && lines.length > 1;
    paper.text(line, x, y + (i - (shown.length - 1) / 2) * pitch + size * 0.36, {
      anchor: 'middle',
      size,
      bold,
      colour,
      room: width,
    });
  });
}
