/** Lines, steps and dots over two axes, with bands of intervals and names at the ends. */
import { BELOW, belowLabel, xAxis, yAxis } from './axes.ts';
import type { LinesPanel, Point, Rule, Series } from './chart.ts';
import { type Box, type Paper, type Pixel, pathOf, type Words } from './paper.ts';
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
  const { series, rules } = panel;
  const widest = Math.max(0, ...series.map(({ name }) => textWidth(name, undefined, true)));
  const beside = Math.max(12, Math.min(widest + 14, MOST_OF_WIDTH * (outer.right - outer.left)));
  const room = { ...outer, right: outer.right - beside, top: outer.top + 8, bottom: outer.bottom - BELOW };
  const points = series.flatMap((of) => of.points);
  const ruled = (axis: 'x' | 'y') =>
    rules.flatMap((rule) => (rule.axis === axis ? [rule.at, rule.upTo ?? rule.at] : []));
  const xs = points.filter(({ y }) => y !== null).map(({ x }) => x);
  const ys = points.flatMap(({ y, lo, hi }) => [y, lo, hi].filter((value) => typeof value === 'number'));
  const { box, scale: y } = yAxis(paper, room, panel.y, [...ys, ...ruled('y')]);
  const x = scaleOf(panel.x, [...xs, ...ruled('x')], box.left + 8, box.right - 8);
  const plot = { panel, box, x, y };
  const shown = rules.filter(({ axis, at }) => Number.isFinite(plot[axis].at(at)));
  for (const rule of shown) drawSpan(paper, plot, rule);
  xAxis(paper, box, x);
  belowLabel(paper, box, panel.x.label, outer);
  for (const of of series) drawBand(paper, plot, of);
  const dashes = dashesOf(series);
  const paths = series.map((of, s) => drawPath(paper, plot, of, dashes[s]));
  for (const of of series) drawMarks(paper, plot, of);
  drawNames(paper, plot, outer.right);
  const dots = series.flatMap(({ mark, points: own }) => (mark === 'none' ? [] : pixelsOf(plot, own)));
  const lines = [...paths, ...shown.map((rule) => endsOf(plot, rule))].flatMap(along);
  const clear = [...dots.filter((at) => at !== null), ...lines];
  for (const rule of shown) drawRule(paper, plot, rule, clear);
  for (const { faint, points: own } of series) if (!faint) drawLabels(paper, plot, own, clear);
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

function pixelsOf(plot: Plot, points: readonly Point[]): (Pixel | null)[] {
  return points.map((point) => placed(plot, point));
}

function drawBand(paper: Paper, plot: Plot, { points, hue, path }: Series): void {
  const edges = points.flatMap((point) => {
    const [low, high] = [placed(plot, point, point.lo ?? null), placed(plot, point, point.hi ?? null)];
    return low === null || high === null ? [] : [{ low, high }];
  });
  const colour = paper.theme.hues[hue];
  if (path === 'none' || edges.length === 1) {
    for (const { low, high } of edges) {
      const d = pathOf([high, low, null, ...strokeAt(high, 4, 0), null, ...strokeAt(low, 4, 0)]);
      paper.shape('path', { class: 'whisker', d, stroke: colour, fill: 'none' });
    }
  } else if (edges.length > 0) {
    const d = `${pathOf([...edges.map(({ high }) => high), ...edges.map(({ low }) => low).reverse()])}Z`;
    paper.shape('path', { class: 'band', d, fill: colour, 'fill-opacity': paper.theme.band });
  }
}

/** A short stroke through a place. */
function strokeAt([x, y]: Pixel, dx: number, dy: number): Pixel[] {
  const end = (sign: number): Pixel => [x + sign * dx, y + sign * dy];
  return [end(-1), end(1)];
}

/** @returns the corners of what was drawn */
function drawPath(paper: Paper, plot: Plot, series: Series, dash: string | undefined): (Pixel | null)[] {
  if (series.path === 'none') return [];
  const pixels = pixelsOf(plot, series.points);
  const through = pixels.flatMap((point, i) => {
    const next = pixels[i + 1];
    return series.path === 'steps' && point && next ? [point, [point[0], next[1]] as const] : [point];
  });
  const { hues, line } = paper.theme;
  const ink = { fill: 'none', stroke: hues[series.hue], 'stroke-width': line, 'stroke-dasharray': dash };
  paper.shape('path', { class: 'line', d: pathOf(through), ...ink, 'stroke-linejoin': 'round' });
  return through;
}

function drawMarks(paper: Paper, plot: Plot, { name, hue, faint, mark, points }: Series): void {
  for (const point of mark === 'none' ? [] : points) {
    const at = placed(plot, point);
    if (at === null) continue;
    const { lo, hi, label, says: told } = point;
    const values = { series: name, x: point.x, y: point.y, lo, hi, of: label ?? told };
    const says = sayPoint(name, point, plot.panel);
    if (mark === 'cross') {
      const d = pathOf([...strokeAt(at, 4.5, 4.5), null, ...strokeAt(at, 4.5, -4.5)]);
      const look = { stroke: paper.theme.ink, 'stroke-width': 1.8, fill: 'none' };
      paper.mark('path', { d, ...look }, says, values);
    } else {
      const look = faint ? { r: 2.5, 'fill-opacity': 0.45 } : { r: 3.5, stroke: paper.theme.paper };
      paper.mark('circle', { cx: at[0], cy: at[1], fill: paper.theme.hues[hue], ...look }, says, values);
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
      const drawn = pixelsOf(plot, points).filter((at) => at !== null);
      if (name === '' || drawn.length === 0) return [];
      const [x, y] = drawn.reduce((a, b) => (b[0] >= a[0] ? b : a));
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
  places.forEach((place, i) => {
    place.at = Math.max(place.at, i === 0 ? top : places[i - 1]!.at + gap);
  });
  places.reduceRight((most, place) => {
    place.at = Math.min(place.at, most);
    return place.at - gap;
  }, bottom);
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

/** Ends of the line across the picture; a span has none. */
function endsOf({ box, x, y }: Plot, { axis, at, upTo }: Rule): Pixel[] {
  const { left, top, right, bottom } = box;
  const place = (from: number, to: number): Pixel => (axis === 'x' ? [x.at(at), to] : [from, y.at(at)]);
  return upTo === undefined ? [place(left, top), place(right, bottom)] : [];
}

function drawRule(paper: Paper, plot: Plot, rule: Rule, clear: readonly Pixel[]): void {
  const { left, right, top, bottom } = plot.box;
  const colour = paper.theme.hues[rule.hue ?? 'plain'];
  const [from, to] = endsOf(plot, rule);
  if (from && to)
    paper.line(...from, ...to, { stroke: colour, 'stroke-width': 1.4, 'stroke-dasharray': '5 4' });
  const at = plot[rule.axis].at(rule.at);
  const begins = (x: number, y: number) => ({ x, y, anchor: 'start' as const, room: right - x });
  const ends = (x: number, y: number) => ({ x, y, anchor: 'end' as const, room: x - left });
  const rows = Array.from({ length: Math.floor((bottom - top) / 14) }, (_, row) => top + 12 + 14 * row);
  const places =
    rule.axis === 'x'
      ? rows.flatMap((y) => [begins(at + 5, y), ends(at - 5, y)])
      : [begins(left + 6, at + 13), begins(left + 6, at - 5)];
  const look = { size: SMALL, colour, within: plot.box };
  const writes = (words: (room: number) => Words) =>
    places.some(({ x, y, anchor, room }) =>
      paper.text(rule.label, x, y, { ...look, anchor, ...words(room) }),
    );
  // Over lines only where it has room nowhere else, and cut only where it has room whole nowhere.
  writes(() => ({ clear })) || writes(() => ({})) || writes((room) => ({ room }));
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
function drawLabels(paper: Paper, plot: Plot, points: readonly Point[], clear: readonly Pixel[]): void {
  const look = { size: SMALL, colour: paper.theme.muted, within: plot.box, clear };
  for (const point of points) {
    const at = placed(plot, point);
    if (at === null) continue;
    const writes = (anchor: 'start' | 'end', dx: number, dy: number) =>
      paper.text(point.label ?? '', at[0] + dx, at[1] + dy, { ...look, anchor });
    writes('start', 6, -5) || writes('start', 6, 12) || writes('end', -6, -5) || writes('end', -6, 12);
  }
}
