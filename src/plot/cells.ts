/** Maps: a coloured cell for each pair of names, its value written in it. */
import { BELOW, belowLabel, columnNames, namesWidth, UPRIGHT, uprightLabel } from './axes.ts';
import type { CellsPanel } from './chart.ts';
import type { Box, Paper } from './paper.ts';
import { between, inkOn } from './themes.ts';

const SIZE = 11;
/** The height of a row at the most. */
const ROW = 64;

/** Pixels from above in which all there is has room. */
export function cellsHeight({ rows }: CellsPanel): number {
  return ROW * rows.length + BELOW + 4;
}

export function drawCells(paper: Paper, outer: Box, panel: CellsPanel): void {
  const { rows, x, y } = panel;
  const names = namesWidth(outer, y.names, 0.3);
  const left = outer.left + UPRIGHT + names;
  const [top, right] = [outer.top + 4, outer.right - 4];
  const width = (right - left) / Math.max(1, x.names.length);
  const height = Math.min(ROW, (outer.bottom - BELOW - top) / Math.max(1, rows.length));
  const box = { left, right, top, bottom: top + height * rows.length };
  const [low, high] = panel.range;
  const gap = Math.min(1.5, width / 10, height / 10);
  rows.forEach((cells, r) => {
    const above = top + r * height;
    const place = { anchor: 'end', colour: paper.theme.muted, room: names } as const;
    paper.text(y.names[r]!, left - 8, above + height / 2 + 4, place);
    cells.forEach((cell, c) => {
      const share = cell.value === null || high === low ? 0 : (cell.value - low) / (high - low);
      const fill = between(...paper.theme.cells, Math.min(1, Math.max(0, share)));
      const shape = {
        x: left + c * width + gap,
        y: above + gap,
        width: width - 2 * gap,
        height: height - 2 * gap,
        rx: gap,
      };
      const values = { x: x.names[c], y: y.names[r], value: cell.value, text: cell.lines.join(' ') };
      paper.mark('rect', { ...shape, fill }, cell.says, values);
      if (cell.hatched) hatch(paper, shape, inkOn(fill));
      write(paper, cell.lines, shape, inkOn(fill));
    });
  });
  columnNames(paper, box, width, x.names);
  belowLabel(paper, box, x.label);
  uprightLabel(paper, { ...box, left: outer.left }, y.label);
}

interface Shape {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function hatch(paper: Paper, { x, y, width, height }: Shape, stroke: string) {
  const reach = Math.min(width, height, 14);
  for (let at = 4; at <= reach; at += 5) paper.line(x, y + at, x + at, y, { stroke, 'stroke-opacity': 0.6 });
}

/** As many lines as have room, the first bold. */
function write(paper: Paper, lines: readonly string[], { x, y, width, height }: Shape, colour: string): void {
  const size = Math.min(SIZE, height - 2);
  if (size < 7) return;
  const pitch = size + 3.5;
  const shown = lines.slice(0, Math.max(1, Math.floor((height - 2) / pitch)));
  shown.forEach((line, i) => {
    const words = {
      anchor: 'middle',
      size,
      bold: i === 0 && lines.length > 1,
      colour,
      room: width - 4,
    } as const;
    paper.text(
      line,
      x + width / 2,
      y + height / 2 + (i - (shown.length - 1) / 2) * pitch + size * 0.36,
      words,
    );
  });
}
