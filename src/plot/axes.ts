/** Axes: lines of the grid and their names, as many as have room. */
import type { Axis } from './chart.ts';
import type { Box, Paper } from './paper.ts';
import { type Scale, tickText } from './scale.ts';

export const SMALL = 11.5;

/** Room for the names of an axis, in pixels. */
export const BELOW = 40;
export const BESIDE = 52;

export function yAxis(paper: Paper, box: Box, axis: Axis, scale: Scale): void {
  for (const tick of scale.ticks) {
    const y = scale.at(tick);
    if (y < box.top - 0.5 || y > box.bottom + 0.5) continue;
    paper.shape('line', { x1: box.left, x2: box.right, y1: y, y2: y, stroke: paper.theme.grid });
    paper.text(`${tickText(tick)}${axis.unit === ' %' ? ' %' : ''}`, box.left - 6, y + 4, {
      anchor: 'end',
      colour: paper.theme.muted,
      size: SMALL,
    });
  }
  uprightLabel(paper, box, axis.label);
}

export function uprightLabel(paper: Paper, box: Box, label: string): void {
  paper.text(label, box.left - BESIDE + 12, (box.top + box.bottom) / 2, {
    anchor: 'middle',
    upright: true,
    room: box.bottom - box.top,
    size: SMALL,
  });
}

export function xAxis(paper: Paper, box: Box, axis: Axis, scale: Scale): void {
  for (const tick of scale.ticks) {
    const x = scale.at(tick);
    if (x < box.left - 0.5 || x > box.right + 0.5) continue;
    paper.shape('line', { x1: x, x2: x, y1: box.bottom, y2: box.bottom + 4, stroke: paper.theme.muted });
    paper.text(tickText(tick), x, box.bottom + 17, {
      anchor: 'middle',
      colour: paper.theme.muted,
      size: SMALL,
    });
  }
  paper.shape('line', {
    x1: box.left,
    x2: box.right,
    y1: box.bottom,
    y2: box.bottom,
    stroke: paper.theme.muted,
  });
  belowLabel(paper, box, axis.label);
}

export function belowLabel(paper: Paper, box: Box, label: string): void {
  paper.text(label, (box.left + box.right) / 2, box.bottom + 33, {
    anchor: 'middle',
    room: box.right - box.left + BESIDE / 2,
    size: SMALL,
  });
}

/** A row of names with their colours. @returns the pixels it took from above */
export function legend(
  paper: Paper,
  box: Box,
  entries: readonly { readonly name: string; readonly colour: string; readonly hollow?: boolean }[],
  width: (name: string) => number,
): number {
  let x = box.left;
  let y = box.top + 11;
  for (const { name, colour, hollow } of entries) {
    const room = Math.min(width(name) + 1, box.right - box.left - 16);
    if (x > box.left && x + 16 + room > box.right) {
      x = box.left;
      y += 17;
    }
    paper.shape('rect', {
      x: x + 0.5,
      y: y - 9.5,
      width: 10,
      height: 10,
      fill: hollow ? 'none' : colour,
      stroke: colour,
    });
    paper.text(name, x + 16, y, { size: SMALL, room });
    x += 16 + room + 14;
  }
  return y - box.top + 9;
}
