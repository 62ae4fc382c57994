/** Bars: stacks in columns, steps in rows, and falls from one row to the next. */
import { BELOW, belowLabel, columnNames, legend, namesWidth, xAxis, yAxis } from './axes.ts';
import type { Bar, BarsPanel } from './chart.ts';
import { type Box, type Paper, PITCH } from './paper.ts';
import { type Scale, scaleOf } from './scale.ts';
import { textWidth } from './text.ts';
import { inkOn } from './themes.ts';

const GAP = 18;
/** Share of a band that stays free, on both sides together. */
const FREE = 0.16;
/** The height of a row, at the most. */
const ROW = 52;
/** Room for labels behind bars. */
const BEHIND = 44;
const HEAD = 20;
const SMALL = 10;

/** Pixels from above in which all there is has room. */
export function barsHeight({ upright, groups }: BarsPanel): number {
  return upright ? Number.POSITIVE_INFINITY : HEAD + ROW * longest(groups) + BELOW;
}

const longest = (groups: BarsPanel['groups']) => Math.max(1, ...groups.map(({ bands }) => bands.length));

export function drawBars(paper: Paper, outer: Box, panel: BarsPanel): void {
  const { groups, upright, falling } = panel;
  const widest = Math.max(0, ...groups.map(({ name }) => textWidth(name, undefined, true)));
  const high = widest > (outer.right - outer.left) / groups.length - HEAD ? PITCH : 0;
  const above = widest > 0 ? HEAD + high : 4;
  const top = outer.top + legend(paper, outer, panel.legend) + above;
  const room = { ...outer, right: outer.right - 4, top, bottom: outer.bottom - BELOW };
  const { box, across, scaleIn } = upright ? columnsOf(paper, room, panel) : rowsOf(paper, room, panel);
  const width = (box.right - box.left - GAP * (groups.length - 1)) / groups.length;
  const slot = across(width);
  groups.forEach(({ name, bands }, g) => {
    const left = box.left + g * (width + GAP);
    const own = { ...box, left, right: left + width };
    const scale = scaleIn(own);
    paper.lines(name, left, box.top - 7 - high / 2, 2, { bold: true, room: width + GAP - 6 });
    bands.forEach(({ bars }, b) => {
      const at = (upright ? left : box.top) + b * slot;
      for (const bar of bars) drawBar(paper, panel, bar, at, slot, scale);
      const end = scale.at(bars.at(-1)?.to ?? 0);
      const edge = at + slot * (1 - FREE / 2);
      if (falling && b + 1 < bands.length)
        paper.line(end, edge, end, edge + slot * FREE, { stroke: paper.theme.muted });
    });
    if (upright) columnNames(paper, own, slot, namesOf(bands));
  });
  belowLabel(paper, box, panel.label, outer);
}

const namesOf = (bands: readonly { readonly name: string }[]) => bands.map(({ name }) => name);
const valuesOf = ({ groups }: BarsPanel) =>
  groups.flatMap(({ bands }) => bands.flatMap(({ bars }) => bars.flatMap(({ from, to }) => [from, to])));

/** The box of all groups, pixels of a band of those of a group, and the scale of a group in its place. */
function columnsOf(paper: Paper, room: Box, panel: BarsPanel) {
  const { box, scale } = yAxis(paper, room, panel.axis, valuesOf(panel));
  return {
    box,
    across: (width: number) => width / longest(panel.groups),
    scaleIn: (_group: Box): Scale => scale,
  };
}

function rowsOf(paper: Paper, room: Box, panel: BarsPanel): ReturnType<typeof columnsOf> {
  const { axis, groups, falling } = panel;
  const most = longest(groups);
  const { bands } = groups[0]!;
  const names = namesWidth(room.right - room.left, namesOf(bands), 0.42);
  const slot = Math.min(ROW, (room.bottom - room.top) / most);
  const box = { ...room, left: room.left + names, bottom: room.top + slot * most };
  const lines = Math.max(1, Math.floor(slot / PITCH));
  bands.forEach(({ name, hue }, b) => {
    const bold = hue !== undefined || (falling === true && (b === 0 || b === most - 1));
    const colour = hue === undefined ? paper.theme.ink : paper.theme.hues[hue];
    const words = { anchor: 'end', bold, colour, room: names - 8 } as const;
    paper.lines(name, box.left - 8, box.top + (b + 0.5) * slot + 4, lines, words);
  });
  const scaleIn = (own: Box) => {
    const right = own.right - (falling ? Math.min(BEHIND, (own.right - own.left) / 3) : 0);
    const scale = scaleOf(axis, valuesOf(panel), own.left, right, (right - own.left) / 60);
    xAxis(paper, { ...own, right }, scale);
    return scale;
  };
  return { box, across: () => slot, scaleIn };
}

function drawBar(paper: Paper, panel: BarsPanel, bar: Bar, at: number, slot: number, scale: Scale): void {
  const { upright, falling } = panel;
  const { from, to, hue, label, says, values } = bar;
  const fill = paper.theme.hues[hue];
  const [low, high] = [scale.at(from), scale.at(to)].sort((a, b) => a - b) as [number, number];
  const [begin, thick] = [at + (slot * FREE) / 2, slot * (1 - FREE)];
  const long = Math.max(high - low, falling ? 1 : 0);
  const [x, y, width, height] = upright ? [begin, low, thick, long] : [low, begin, long, thick];
  // A line between two that touch, thinner than they are.
  const edge = Math.min(1.5, long / 6, thick / 6);
  const look = { fill, stroke: paper.theme.paper, 'stroke-width': edge };
  paper.mark('rect', { x, y, width, height, ...look }, says, values);
  if (label === undefined) return;
  if (falling) {
    paper.text(label, high + 5, begin + thick / 2 + 4, { colour: paper.theme.muted });
  } else if (height >= 16 && textWidth(label, SMALL) + 2 < width) {
    const ink = { size: SMALL, anchor: 'middle', colour: inkOn(fill) } as const;
    paper.text(label, x + width / 2, y + height / 2 + 4, ink);
  }
}
