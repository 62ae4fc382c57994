/** What forms of panels have in common: axes with as many names as have room, names of rows and columns, legends. */
import type { Axis, BarsPanel } from './chart.ts';
import { type Box, type Paper, PITCH } from './paper.ts';
import { type Scale, scaleOf, valueText } from './scale.ts';
import { textWidth } from './text.ts';

/** Room for the names of an axis and its label below a plot, in pixels. */
export const BELOW = 40;

/** Room for a label that stands upright. */
export const UPRIGHT = 26;

/** Pixels between two ticks of a vertical axis. */
const TICKS = 48;

/** Draws a vertical axis at the left of a panel. @returns what is left for the plot, and the scale of its values */
export function yAxis(paper: Paper, { left, ...room }: Box, axis: Axis, values: readonly number[]) {
  const scale = scaleOf(axis, values, room.bottom, room.top, (room.bottom - room.top) / TICKS);
  const ticks = scale.ticks.map((tick) => valueText(tick, axis.unit === '%' ? '%' : '', 6));
  const upright = UPRIGHT + (textWidth(axis.label) > room.bottom - room.top ? PITCH + 3 : 0);
  const box = { ...room, left: left + upright + Math.max(0, ...ticks.map((text) => textWidth(text))) };
  scale.ticks.forEach((tick, t) => {
    const y = scale.at(tick);
    paper.line(box.left, y, box.right, y, { stroke: paper.theme.grid });
    paper.text(ticks[t]!, box.left - 6, y + 4, { anchor: 'end', colour: paper.theme.muted });
  });
  uprightLabel(paper, { ...box, left: left + (upright - UPRIGHT) / 2 }, axis.label);
  return { box, scale };
}

export function uprightLabel(paper: Paper, { left, top, bottom }: Box, label: string): void {
  const words = { anchor: 'middle', upright: true, room: bottom - top } as const;
  paper.lines(label, left + 12, (top + bottom) / 2, 2, words);
}

export function xAxis(paper: Paper, box: Box, scale: Scale): void {
  const { muted } = paper.theme;
  for (const tick of scale.ticks) {
    const x = scale.at(tick);
    paper.line(x, box.bottom, x, box.bottom + 4, { stroke: muted });
    paper.text(valueText(tick, '', 6), x, box.bottom + 17, { anchor: 'middle', colour: muted });
  }
  paper.line(box.left, box.bottom, box.right, box.bottom, { stroke: muted });
}

/** Below the middle of a plot, or as near to it as the panel around it lets the whole of it stand. */
export function belowLabel(paper: Paper, { left, right, bottom }: Box, label: string, outer: Box): void {
  const room = outer.right - outer.left;
  const half = Math.min(textWidth(label), room) / 2;
  const x = Math.max(outer.left + half, Math.min((left + right) / 2, outer.right - half));
  paper.text(label, x, bottom + 33, { anchor: 'middle', room });
}

/** A name below each column. */
export function columnNames(paper: Paper, { left, bottom }: Box, width: number, names: readonly string[]) {
  names.forEach((name, n) => {
    const place = { anchor: 'middle', colour: paper.theme.muted, room: width + 16 } as const;
    paper.text(name, left + (n + 0.5) * width, bottom + 17, place);
  });
}

/** Pixels that names of rows take, at most a share of the panel. */
export function namesWidth(panel: number, names: readonly string[], share: number): number {
  const widest = Math.max(12, ...names.map((name) => textWidth(name, undefined, true)));
  return Math.min(12 + widest, share * panel);
}

/** A row of names with their colours. @returns the pixels it took from above */
export function legend(paper: Paper, { left, top, right }: Box, entries: BarsPanel['legend']): number {
  if (entries === undefined) return 0;
  let x = left;
  let y = top + 11;
  for (const { name, hue } of entries) {
    const room = Math.min(textWidth(name) + 1, right - left - 16);
    if (x > left && x + 16 + room > right) {
      x = left;
      y += 17;
    }
    paper.shape('rect', { x, y: y - 10, width: 11, height: 11, fill: paper.theme.hues[hue] });
    paper.text(name, x + 16, y, { room });
    x += 16 + room + 14;
  }
  return y - top + 9;
}
