/** Bars: stacks in columns, steps in rows, falls from one row to the next, and squares that are counted. */
import { BELOW, belowLabel, columnNames, legend, namesWidth, xAxis, yAxis } from './axes.ts';
import type { Bar, BarsPanel } from './chart.ts';
import type { Box, Paper } from './paper.ts';
import { type Scale, scaleOf } from './scale.ts';
import { textWidth } from './text.ts';
import { inkOn } from './themes.ts';

const GAP = 18;
/** Share of a band that stays free, on both sides together. */
const FREE = 0.16;
/** The side of a square and the height of a row, at the most. */
const SQUARE = 22;
const ROW = 52;
/** Room for labels behind bars. */
const BEHIND = 44;
const HEAD = 20;
/** Room for a legend of two lines. */
const LEGEND = 43;
const SMALL = 10;

/** Pixels from above in which all there is has room. */
export function barsHeight({ upright, axis, groups }: BarsPanel, width: number): number {
  if (upright && axis !== null) return Number.POSITIVE_INFINITY;
  if (upright) return LEGEND + deepest(groups) * Math.min(SQUARE, width / longest(groups)) + HEAD;
  return HEAD + ROW * longest(groups) + BELOW;
}

const deepest = (groups: BarsPanel['groups']) => Math.max(1, ...valuesOf(groups));
const longest = (groups: BarsPanel['groups']) => Math.max(1, ...groups.map(({ bands }) => bands.length));
const valuesOf = (groups: BarsPanel['groups']) =>
  groups.flatMap(({ bands }) => bands.flatMap(({ bars }) => bars.flatMap(({ from, to }) => [from, to])));

export function drawBars(paper: Paper, outer: Box, panel: BarsPanel): void {
  const { groups, falling, label } = panel;
  const { top, bottom, right, left } = outer;
  const { hues } = paper.theme;
  const taken = legend(
    paper,
    outer,
    panel.legend.map(({ hue, ...entry }) => ({ ...entry, colour: hues[hue] })),
  );
  const headed = groups.some(({ name }) => name !== '');
  const room = { left, right: right - 4, top: top + taken + (headed ? HEAD : 4), bottom: bottom - BELOW };
  const { box, slot, scaleIn } = placesOf(paper, room, panel);
  const width = (box.right - box.left - GAP * (groups.length - 1)) / groups.length;
  groups.forEach(({ name, bands }, g) => {
    const start = box.left + g * (width + GAP);
    const own = { ...box, left: start, right: start + width };
    const scale = scaleIn(own);
    paper.text(name, start, box.top - 7, { bold: true, room: width + GAP - 6 });
    bands.forEach(({ bars }, b) => {
      const at = (panel.upright ? start : box.top) + b * slot;
      for (const bar of bars) drawBar(paper, panel, bar, at, slot, scale);
      const end = scale.at(bars.at(-1)?.to ?? 0);
      const edge = at + slot * (1 - FREE / 2);
      if (falling && b + 1 < bands.length)
        paper.line(end, edge, end, edge + slot * FREE, { stroke: paper.theme.muted });
    });
    if (panel.upright)
      columnNames(
        paper,
        own,
        slot,
        bands.map((band) => band.name),
      );
  });
  belowLabel(paper, panel.axis === null ? { ...box, bottom: box.bottom - HEAD } : box, label);
}

interface Places {
  readonly box: Box;
  /** Pixels of a band. */
  readonly slot: number;
  /** The scale of a group in its place. */
  scaleIn(group: Box): Scale;
}

function placesOf(paper: Paper, room: Box, { upright, axis, groups, falling }: BarsPanel): Places {
  const most = longest(groups);
  const values = valuesOf(groups);
  const across = (box: Box) => (box.right - box.left - GAP * (groups.length - 1)) / groups.length / most;
  if (axis === null) {
    const deep = deepest(groups);
    const slot = Math.min(across(room), (room.bottom + BELOW - HEAD - room.top) / deep, SQUARE);
    const bottom = room.top + deep * slot;
    return {
      box: { ...room, bottom },
      slot,
      scaleIn: () => ({ at: (value) => bottom - value * slot, ticks: [], low: 0, high: deep }),
    };
  }
  if (upright) {
    const { box, scale } = yAxis(paper, room, axis, values);
    return { box, slot: across(box), scaleIn: () => scale };
  }
  const { bands } = groups[0]!;
  const names = namesWidth(
    room,
    bands.map(({ name }) => name),
    0.42,
  );
  const slot = Math.min(ROW, (room.bottom - room.top) / most);
  const box = { ...room, left: room.left + names, bottom: room.top + slot * most };
  bands.forEach(({ name, hue }, b) => {
    const whole = hue !== undefined || (falling === true && (b === 0 || b === most - 1));
    const colour = hue === undefined ? paper.theme.ink : paper.theme.hues[hue];
    const words = { anchor: 'end', bold: whole, colour, room: names - 8 } as const;
    paper.text(name, box.left - 8, box.top + (b + 0.5) * slot + 4, words);
  });
  return {
    box,
    slot,
    scaleIn: (own) => {
      const right = own.right - (falling ? Math.min(BEHIND, (own.right - own.left) / 3) : 0);
      const scale = scaleOf(axis, values, own.left, right, (right - own.left) / 60);
      xAxis(paper, { ...own, right }, { ...axis, label: '' }, scale);
      return scale;
    },
  };
}

function drawBar(
  paper: Paper,
  { upright, falling, axis }: BarsPanel,
  { from, to, hue, hollow, label, says, values }: Bar,
  at: number,
  slot: number,
  scale: Scale,
): void {
  const colour = paper.theme.hues[hue];
  const [low, high] = [scale.at(from), scale.at(to)].sort((a, b) => a - b) as [number, number];
  const free = axis === null ? 0 : (slot * FREE) / 2;
  const [begin, thick] = [at + free, slot - 2 * free];
  const long = Math.max(high - low, falling ? 1 : 0);
  // A line between two that touch, thinner than they are.
  const edge = hollow ? 1.5 : Math.min(1.5, long / 6, thick / 6);
  const inset = hollow ? 1.5 : 0;
  const [x, y, width, height] = upright ? [begin, low, thick, long] : [low, begin, long, thick];
  const shape = { x: x + inset, y: y + inset, width: width - 2 * inset, height: height - 2 * inset };
  const fill = hollow ? 'none' : colour;
  const look = { fill, stroke: hollow ? colour : paper.theme.paper, 'stroke-width': edge };
  if (Math.min(shape.width, shape.height) < 0) return;
  paper.mark('rect', { ...shape, ...look }, says, values);
  if (label === undefined) return;
  if (falling) {
    paper.text(label, high + 5, begin + thick / 2 + 4, { colour: paper.theme.muted });
  } else if (height >= 16 && textWidth(label, SMALL) + 2 < width) {
    const ink = { size: SMALL, anchor: 'middle', colour: inkOn(colour) } as const;
    paper.text(label, x + width / 2, y + height / 2 + 4, ink);
  }
}
