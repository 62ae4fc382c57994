/** Lines, steps and dots over two axes, with bands of intervals and names at the ends. */
import { BELOW, xAxis, yAxis } from './axes.ts';
import type { LinesPanel, Point, Rule, Series } from './chart.ts';
import { type Box, type Paper, type Pixel, pathOf } from './paper.ts';
import { type Scale, scaleOf, valueText } from './scale.ts';
import { textWidth } from './text.ts';

/** Dashes by how many lines of the hue came before. */
const DASHES = [undefined, '7 4', '2 3', '10 3 2 3'] as const;
const MOST_OF_WIDTH = 0.34;
const LINE_HEIGHT = 15;
const SMALL = 10;

interface Plot {
  readonly panel: LinesPanel;
  readonly box: Box;
  readonly x: Scale;
  readonly y: Scale;
}

export function drawLines(paper: Paper, outer: Box, panel: LinesPanel): void {
  const widest = Math.max(0, ...panel.series.map(({ name }) => textWidth(name, undefined, true)));
  const beside = Math.max(12, Math.min(widest + 14, MOST_OF_WIDTH * (outer.right - outer.left)));
  const room = { ...outer, right: outer.right - beside, top: outer.top + 8, bottom: outer.bottom - BELOW };
  const points = panel.series.flatMap((series) => series.points);
  const rules = (axis: 'x' | 'y') =>
    panel.rules.flatMap((rule) => (rule.axis === axis ? [rule.at, rule.upTo ?? rule.at] : []));
  const xs = points.filter(({ y }) => y !== null).map(({ x }) => x);
  const ys = points.flatMap(({ y, lo, hi }) => [y, lo, hi].filter((value) => typeof value === 'number'));
  const { box, scale: y } = yAxis(paper, room, panel.y, [...ys, ...rules('y')]);
  const x = scaleOf(panel.x, [...xs, ...rules('x')], box.left + 8, box.right - 8);
  const plot = { panel, box, x, y };
  const shown = panel.rules.filter(({ axis, at }) => Number.isFinite(plot[axis].at(at)));
  for (const rule of shown) drawSpan(paper, plot, rule);
  xAxis(paper, box, panel.x, x);
  for (const series of panel.series) drawBand(paper, plot, series);
  const dashes = dashesOf(panel.series);
  const paths = panel.series.map((series, s) => drawPath(paper, plot, series, dashes[s]));
  for (const series of panel.series) drawMarks(paper, plot, series);
  drawNames(paper, plot, outer.right);
  for (const rule of shown) drawRule(paper, plot, rule);
  const covered = [...paths.flatMap(along), ...shown.flatMap((rule) => along(endsOf(plot, rule)))];
  for (const { faint, points: own } of panel.series) if (!faint) drawLabels(paper, plot, own, covered);
}

function dashesOf(series: readonly Series[]): (string | undefined)[] {
  const met = new Map<string, number>();
  return series.map(({ hue, dashed, path }) => {
    const nth = met.get(hue) ?? (dashed === true ? 1 : 0);
    if (path !== 'none') met.set(hue, nth + 1);
    return DASHES[nth % DASHES.length];
  });
}

/** Pixels of a point; null where it has no value, or none that its axis can show. */
function placed({ x, y }: Plot, point: Point, value: number | null | undefined = point.y): Pixel | null {
  if (value === null || value === undefined) return null;
  const at = [x.at(point.x), y.at(value)] as const;
  return at.every(Number.isFinite) ? at : null;
}

function drawBand(paper: Paper, plot: Plot, { points, hue, path }: Series): void {
  const edges = points.flatMap((point) => {
    const [low, high] = [placed(plot, point, point.lo ?? null), placed(plot, point, point.hi ?? null)];
    return low === null || high === null ? [] : [{ low, high }];
  });
  const colour = paper.theme.hues[hue];
  if (path === 'none' || edges.length === 1) {
    const tick = ([x, y]: Pixel) =>
      pathOf([
        [x - 4, y],
        [x + 4, y],
      ]);
    for (const { low, high } of edges) {
      const d = `${pathOf([high, low])}${tick(high)}${tick(low)}`;
      paper.shape('path', { class: 'whisker', d, stroke: colour, fill: 'none' });
    }
  } else if (edges.length > 0) {
    const d = `${pathOf([...edges.map(({ high }) => high), ...edges.map(({ low }) => low).reverse()])}Z`;
    paper.shape('path', { class: 'band', d, fill: colour, 'fill-opacity': paper.theme.band });
  }
}

/** @returns the corners of what was drawn */
function drawPath(paper: Paper, plot: Plot, series: Series, dash: string | undefined): (Pixel | null)[] {
  if (series.path === 'none') return [];
  const pixels = series.points.map((point) => placed(plot, point));
  const through = pixels.flatMap((point, i) => {
    const next = pixels[i + 1];
    return series.path === 'steps' && point && next ? [point, [point[0], next[1]] as const] : [point];
  });
  paper.shape('path', {
    class: 'line',
    d: pathOf(through),
    fill: 'none',
    stroke: paper.theme.hues[series.hue],
    'stroke-width': paper.theme.line,
    'stroke-dasharray': dash,
    'stroke-linejoin': 'round',
  });
  return through;
}

function drawMarks(paper: Paper, plot: Plot, { name, hue, faint, mark, points }: Series): void {
  const colour = paper.theme.hues[hue];
  for (const point of mark === 'none' ? [] : points) {
    const at = placed(plot, point);
    if (at === null) continue;
    const [x, y] = at;
    const { lo, hi, label, says: told } = point;
    const values = { series: name, x: point.x, y: point.y, lo, hi, of: label ?? told };
    const says = sayPoint(name, point, plot.panel);
    if (mark === 'cross') {
      const arm = (turn: number) =>
        pathOf([
          [x - 4.5, y - turn],
          [x + 4.5, y + turn],
        ]);
      const look = { stroke: paper.theme.ink, 'stroke-width': 1.8, fill: 'none' };
      paper.mark('path', { d: `${arm(4.5)}${arm(-4.5)}`, ...look }, says, values);
    } else {
      const look = faint ? { r: 2.5, 'fill-opacity': 0.45 } : { r: 3.5, stroke: paper.theme.paper };
      paper.mark('circle', { cx: x, cy: y, fill: colour, ...look }, says, values);
    }
  }
}

function sayPoint(name: string, { x, y, lo, hi, label, says }: Point, panel: LinesPanel): string {
  const of = [says ?? name, label].filter((part) => part !== undefined && part !== '').join(', ');
  const value = (number: number | null) => valueText(number, panel.y.unit);
  const interval = typeof lo === 'number' && typeof hi === 'number' ? ` (${value(lo)} to ${value(hi)})` : '';
  return `${of}; ${panel.x.label}: ${valueText(x, panel.x.unit)}; ${panel.y.label}: ${value(y)}${interval}`;
}

/** Names of lines where they end, moved apart; a thin line leads to a name that was moved. */
function drawNames(paper: Paper, plot: Plot, right: number): void {
  const { box, panel } = plot;
  const ends = panel.series
    .flatMap(({ name, hue, points }) => {
      const drawn = points.filter((point) => placed(plot, point) !== null);
      if (name === '' || drawn.length === 0) return [];
      const [x, y] = placed(
        plot,
        drawn.reduce((a, b) => (b.x >= a.x ? b : a)),
      )!;
      return [{ name, colour: paper.theme.hues[hue], x, y, at: y }];
    })
    .sort((a, b) => a.y - b.y);
  const shown = ends.slice(0, Math.floor((box.bottom - box.top) / LINE_HEIGHT) + 1);
  spread(shown, box.top + 4, box.bottom, LINE_HEIGHT);
  const left = box.right + 6;
  for (const { name, colour, x, y, at } of shown) {
    if (Math.abs(at - y) > 5 || x < box.right - 20)
      paper.line(x + 5, y, left - 2, at, { stroke: colour, 'stroke-opacity': 0.45 });
    paper.text(name, left, at + 4, { bold: true, colour, room: right - left });
  }
}

/** Moves ascending places apart, within bounds, as little as that needs. */
function spread(places: { at: number }[], top: number, bottom: number, gap: number): void {
  for (let i = 0; i < places.length; i++) {
    const least = i === 0 ? top : places[i - 1]!.at + gap;
    places[i]!.at = Math.max(places[i]!.at, least);
  }
  for (let i = places.length - 1; i >= 0; i--) {
    const most = i === places.length - 1 ? bottom : places[i + 1]!.at - gap;
    places[i]!.at = Math.min(places[i]!.at, most);
  }
}

function drawSpan(paper: Paper, { box, x, y }: Plot, { axis, at, upTo, hue }: Rule): void {
  if (upTo === undefined) return;
  const { left, top, right, bottom } = box;
  const shape =
    axis === 'x'
      ? { x: x.at(at), y: top, width: x.at(upTo) - x.at(at), height: bottom - top }
      : { x: left, y: y.at(upTo), width: right - left, height: y.at(at) - y.at(upTo) };
  paper.shape('rect', { ...shape, fill: paper.theme.hues[hue ?? 'plain'], 'fill-opacity': 0.1 });
}

function endsOf({ box, x, y }: Plot, { axis, at, upTo }: Rule): Pixel[] {
  if (upTo !== undefined) return [];
  return axis === 'x'
    ? [
        [x.at(at), box.top],
        [x.at(at), box.bottom],
      ]
    : [
        [box.left, y.at(at)],
        [box.right, y.at(at)],
      ];
}

function drawRule(paper: Paper, plot: Plot, rule: Rule): void {
  const { left, top, right } = plot.box;
  const colour = paper.theme.hues[rule.hue ?? 'plain'];
  const [from, to] = endsOf(plot, rule);
  if (from && to)
    paper.line(...from, ...to, { stroke: colour, 'stroke-width': 1.4, 'stroke-dasharray': '5 4' });
  const at = plot[rule.axis].at(rule.at);
  const places =
    rule.axis === 'x'
      ? [12, 26, 40].flatMap((down) => [
          { x: at + 5, y: top + down, anchor: 'start' as const, room: right - at - 5 },
          { x: at - 5, y: top + down, anchor: 'end' as const, room: at - 5 - left },
        ])
      : [13, -5].map((down) => ({ x: left + 6, y: at + down, anchor: 'start' as const, room: right - left }));
  // Cut only where it has room whole on neither side.
  const wide = places.filter(({ room }) => textWidth(rule.label, SMALL) <= room);
  for (const { x, y, ...of } of wide.length > 0 ? wide : places) {
    if (paper.text(rule.label, x, y, { size: SMALL, colour, ...of })) return;
  }
}

/** Pixels between two that stand for the line between them. */
const STRIDE = 6;

/** Places along a line, which words should not cover. */
function along(corners: readonly (Pixel | null)[]): Pixel[] {
  return corners.flatMap((from, i) => {
    const to = corners[i + 1];
    if (!from || !to) return [];
    const steps = Math.min(500, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / STRIDE));
    const between = (s: number, axis: 0 | 1) => from[axis] + (s / steps) * (to[axis] - from[axis]);
    return Array.from({ length: steps }, (_, s): Pixel => [between(s, 0), between(s, 1)]);
  });
}

/** Words beside dots, where they cover nothing. */
function drawLabels(paper: Paper, plot: Plot, points: readonly Point[], lines: readonly Pixel[]): void {
  const dots = plot.panel.series.flatMap((series) =>
    series.mark === 'none'
      ? []
      : series.points.flatMap((point) => [placed(plot, point)].filter((at) => at !== null)),
  );
  const covered = [...dots, ...lines];
  for (const point of points) {
    const at = placed(plot, point);
    if (at === null || point.label === undefined) continue;
    const width = textWidth(point.label, SMALL);
    for (const [dx, dy] of [
      [6, -5],
      [6, 12],
      [-6, -5],
      [-6, 12],
    ] as const) {
      const [x, y] = [at[0] + dx, at[1] + dy];
      const left = dx > 0 ? x : x - width;
      const covers = ([px, py]: Pixel) => px > left - 2 && px < left + width + 2 && py > y - 9 && py < y + 3;
      const outside = left < plot.box.left || left + width > plot.box.right || y > plot.box.bottom - 2;
      if (outside || covered.some(covers)) continue;
      const anchor = dx > 0 ? 'start' : 'end';
      if (paper.text(point.label, x, y, { size: SMALL, anchor, colour: paper.theme.muted })) break;
    }
  }
}
