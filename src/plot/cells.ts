/** Maps: a coloured cell for each pair of names, its value written in it where it has lines. */
import { BELOW, belowLabel, columnNames, namesWidth, UPRIGHT, uprightLabel } from './axes.ts';
import type { Cell, CellsPanel } from './chart.ts';
import type { Box, Paper } from './paper.ts';
import { between, inkOn, type Theme } from './themes.ts';

const SIZE = 11;
/** The height of a row: at the most, and where cells are narrow. */
const [ROW, NARROW] = [64, 22];

/** Where the first cell begins, and the widths of names and of a cell. */
function placesOf(left: number, right: number, { x, y }: CellsPanel) {
  const names = namesWidth(right - left, y.names, 0.3);
  const start = left + UPRIGHT + names;
  return { left: start, names, width: (right - 4 - start) / Math.max(1, x.names.length) };
}

const rowHeight = (width: number) => Math.min(ROW, Math.max(NARROW, width));

/** Pixels from above in which all there is has room. */
export function cellsHeight(panel: CellsPanel, width: number): number {
  return rowHeight(placesOf(0, width, panel).width) * panel.rows.length + BELOW + 4;
}

export function drawCells(paper: Paper, outer: Box, panel: CellsPanel): void {
  const { rows, x, y } = panel;
  const { left, names, width } = placesOf(outer.left, outer.right, panel);
  const top = outer.top + 4;
  const height = Math.min(rowHeight(width), (outer.bottom - BELOW - top) / Math.max(1, rows.length));
  const box = { ...outer, left, right: outer.right - 4, top, bottom: top + height * rows.length };
  const gap = Math.min(1.5, width / 10, height / 10);
  const size = { width: width - 2 * gap, height: height - 2 * gap, rx: gap };
  rows.forEach((cells, r) => {
    const above = top + r * height;
    const place = { anchor: 'end', colour: paper.theme.muted, room: names } as const;
    paper.text(y.names[r]!, left - 8, above + height / 2 + 4, place);
    cells.forEach((cell, c) => {
      if (cell === null) return;
      const shape = { x: left + c * width + gap, y: above + gap, ...size };
      const colour = colourOf(cell, panel, paper.theme);
      const look = cell.hollow ? { fill: paper.theme.paper, stroke: colour } : { fill: colour };
      const values = { x: x.names[c], y: y.names[r], value: cell.value, text: cell.lines.join(' ') };
      paper.mark('rect', { ...shape, ...look }, cell.says, values);
      const ink = inkOn(look.fill);
      if (cell.hatched) hatch(paper, shape, ink);
      write(paper, cell.lines, shape, ink);
    });
  });
  columnNames(paper, box, width, x.names);
  belowLabel(paper, box, x.label, outer);
  uprightLabel(paper, { ...box, left: outer.left }, y.label);
}

function colourOf({ value, hue }: Cell, { range: [low, high] }: CellsPanel, theme: Theme): string {
  if (hue !== undefined) return theme.hues[hue];
  const share = value === null || high === low ? 0 : (value - low) / (high - low);
  return between(...theme.cells, Math.min(1, Math.max(0, share)));
}

type Shape = Readonly<Record<'x' | 'y' | 'width' | 'height', number>>;

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
    const middle = y + height / 2 + (i - (shown.length - 1) / 2) * pitch;
    const look = { anchor: 'middle', size, bold: i === 0 && lines.length > 1, colour } as const;
    paper.text(line, x + width / 2, middle + size * 0.36, { ...look, room: width - 4 });
  });
}
