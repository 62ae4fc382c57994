/** Lines, steps and dots over two axes, with bands of intervals and names at the ends. */
import { BELOW, BESIDE, SMALL, xAxis, yAxis } from './axes.ts';
import type { Axis, LinesPanel, Point, Rule, Series } from './chart.ts';
import { type Box, type Paper, pathOf } from './paper.ts';
import { type Scale, scaleOf, valueText } from './scale.ts';
import { textWidth } from './text.ts';

/** Dashes by how many lines of the hue came before. */
const DASHES = [undefined, '7 4', '2 3', '10 3 2 3'] as const;
const MOST_OF_WIDTH = 0.34;
const LINE_HEIGHT = 15;

interface Plot {
  readonly panel: LinesPanel;
  readonly box: Box;
  readonly x: Scale;
  readonly y: Scale;
}

export function drawLines(paper: Paper, outer: Box, panel: LinesPanel): void {
  const widest = Math.max(0, ...panel.series.map(({ name }) => textWidth(name, SMALL, true)));
  const beside = Math.min(widest + 14, MOST_OF_WIDTH * (outer.right - outer.left));
  const box = {
    left: outer.left + BESIDE,
    right: outer.right - Math.max(beside, 12),
    top: outer.top + 8,
    bottom: outer.bottom - BELOW,
  };
  const points = panel.series.flatMap(({ points }) => points);
  const rules = (axis: 'x' | 'y') =>
    panel.rules.flatMap((rule) => (rule.axis === axis ? [rule.at, rule.upTo ?? rule.at] : []));
  const xs = points.filter(({ y }) => y !== null).map(({ x }) => x);
  const ys = points.flatMap(({ y, lo, hi }) => [y, lo, hi].filter((value) => typeof value === 'number'));
  const plot = {
    panel,
    box,
    x: scaleOf(panel.x, [...xs, ...rules('x')], box.left + 8, box.right - 8),
    y: scaleOf(panel.y, [...ys, ...rules('y')], box.bottom, box.top, (box.bottom - box.top) / 48),
  };
  const shown = panel.rules.filter(({ axis, at }) => Number.isFinite(plot[axis].at(at)));
  for (const rule of shown) drawSpan(paper, plot, rule);
  yAxis(paper, box, panel.y, plot.y);
  xAxis(paper, box, panel.x, plot.x);
  for (const series of panel.series) drawBand(paper, plot, series);
  const dashes = dashesOf(panel.series);
  panel.series.forEach((series, s) => {
    drawPath(paper, plot, series, dashes[s]);
  });
  for (const series of panel.series) drawMarks(paper, plot, series);
  drawNames(paper, plot, outer.right);
  for (const rule of shown) drawRule(paper, plot, rule);
  for (const series of panel.series) drawLabels(paper, plot, series);
}

function dashesOf(series: readonly Series[]): (string | undefined)[] {
  const met = new Map<string, number>();
  return series.map(({ hue, dashed, path }) => {
    const first = dashed === true ? 1 : 0;
    const nth = met.get(hue) ?? first;
    if (path !== 'none') met.set(hue, nth + 1);
    return DASHES[nth % DASHES.length];
  });
}

/** Pixels of a point; null where it has no value, or none that its axis can show. */
function placed({ x, y }: Plot, point: Point, value = point.y): readonly [number, number] | null {
  if (value === null) return null;
  const at = [x.at(point.x), y.at(value)] as const;
  return at.every(Number.isFinite) ? at : null;
}

function drawBand(paper: Paper, plot: Plot, { points, hue, path }: Series): void {
  const banded = points.filter(
    (point) =>
      placed(plot, point, point.lo ?? null) !== null && placed(plot, point, point.hi ?? null) !== null,
  );
  if (banded.length === 0) return;
  const colour = paper.theme.hues[hue];
  if (path === 'none' || banded.length === 1) {
    for (const point of banded) {
      const [x, top] = placed(plot, point, point.hi)!;
      const [, bottom] = placed(plot, point, point.lo)!;
      paper.shape('path', {
        class: 'whisker',
        d: `${pathOf([
          [x, top],
          [x, bottom],
        ])}${pathOf([
          [x - 4, top],
          [x + 4, top],
        ])}${pathOf([
          [x - 4, bottom],
          [x + 4, bottom],
        ])}`,
        stroke: colour,
        fill: 'none',
      });
    }
    return;
  }
  const edge = (of: 'lo' | 'hi') => banded.map((point) => placed(plot, point, point[of])!);
  paper.shape('path', {
    class: 'band',
    d: `${pathOf([...edge('hi'), ...edge('lo').reverse()])}Z`,
    fill: colour,
    'fill-opacity': paper.theme.band,
  });
}

function drawPath(paper: Paper, plot: Plot, series: Series, dash: string | undefined): void {
  if (series.path === 'none') return;
  const pixels = series.points.map((point) => placed(plot, point));
  const through =
    series.path === 'line'
      ? pixels
      : pixels.flatMap((point, i) => {
          const next = pixels[i + 1];
          return point && next ? [point, [point[0], next[1]] as const] : [point];
        });
  paper.shape('path', {
    class: 'line',
    d: pathOf(through),
    fill: 'none',
    stroke: paper.theme.hues[series.hue],
    'stroke-width': paper.theme.line,
    'stroke-dasharray': dash,
    'stroke-opacity': series.faint ? 0.4 : undefined,
    'stroke-linejoin': 'round',
  });
}

function drawMarks(paper: Paper, plot: Plot, series: Series): void {
  if (series.mark === 'none') return;
  const { x: xAxis, y: yAxis } = plot.panel;
  const colour = paper.theme.hues[series.hue];
  for (const point of series.points) {
    const at = placed(plot, point);
    if (at === null) continue;
    const [x, y] = at;
    const values = { series: series.name, x: point.x, y: point.y, lo: point.lo, hi: point.hi };
    const says = sayPoint(series.name, point, xAxis, yAxis);
    if (series.mark === 'cross') {
      const d = `${pathOf([
        [x - 4.5, y - 4.5],
        [x + 4.5, y + 4.5],
      ])}${pathOf([
        [x - 4.5, y + 4.5],
        [x + 4.5, y - 4.5],
      ])}`;
      paper.mark('path', { d, stroke: paper.theme.ink, 'stroke-width': 1.8, fill: 'none' }, says, values);
    } else {
      const look = series.faint
        ? { r: 2.5, fill: colour, 'fill-opacity': 0.45 }
        : { r: 3.5, fill: colour, stroke: paper.theme.paper };
      paper.mark('circle', { cx: x, cy: y, ...look }, says, values);
    }
  }
}

function sayPoint(name: string, { x, y, lo, hi, label, says }: Point, xAxis: Axis, yAxis: Axis): string {
  const interval =
    typeof lo === 'number' && typeof hi === 'number'
      ? ` (${valueText(lo, yAxis.unit)} to ${valueText(hi, yAxis.unit)})`
      : '';
  const of = [says ?? name, label].filter((part) => part !== undefined && part !== '').join(', ');
  return `${of}; ${xAxis.label}: ${valueText(x, xAxis.unit)}; ${yAxis.label}: ${valueText(y, yAxis.unit)}${interval}`;
}

/** Names of lines where they end, moved apart; a thin line leads to a name that was moved. */
function drawNames(paper: Paper, plot: Plot, right: number): void {
  const { box, panel } = plot;
  const ends = panel.series
    .filter(({ name, points }) => name !== '' && points.some((point) => placed(plot, point) !== null))
    .map(({ name, hue, points }) => {
      const last = points
        .filter((point) => placed(plot, point) !== null)
        .reduce((a, b) => (b.x >= a.x ? b : a));
      const [x, y] = placed(plot, last)!;
      return { name, colour: paper.theme.hues[hue], x, y, at: y };
    })
    .sort((a, b) => a.y - b.y);
  const room = Math.floor((box.bottom - box.top) / LINE_HEIGHT) + 1;
  const shown = ends.slice(0, room);
  spread(shown, box.top + 4, box.bottom, LINE_HEIGHT);
  const left = box.right + 6;
  for (const { name, colour, x, y, at } of shown) {
    if (Math.abs(at - y) > 5 || x < box.right - 20) {
      paper.shape('path', {
        d: pathOf([
          [x + 5, y],
          [left - 2, at],
        ]),
        stroke: colour,
        'stroke-opacity': 0.45,
        fill: 'none',
      });
    }
    paper.text(name, left, at + 4, { size: SMALL, bold: true, colour, room: right - left });
  }
}

/** Moves ascending places apart, within bounds, as little as that needs. */
export function spread(places: { at: number }[], top: number, bottom: number, gap: number): void {
  for (let i = 0; i < places.length; i++) {
    const least = i === 0 ? top : places[i - 1]!.at + gap;
    places[i]!.at = Math.max(places[i]!.at, least);
  }
  for (let i = places.length - 1; i >= 0; i--) {
    const most = i === places.length - 1 ? bottom : places[i + 1]!.at - gap;
    places[i]!.at = Math.min(places[i]!.at, most);
  }
}

function drawSpan(paper: Paper, { box, x, y }: Plot, { axis, at, upTo }: Rule): void {
  if (upTo === undefined) return;
  const across = axis === 'x';
  const [from, to] = across ? [x.at(at), x.at(upTo)] : [y.at(upTo), y.at(at)];
  paper.shape('rect', {
    x: across ? from : box.left,
    y: across ? box.top : from,
    width: across ? to - from : box.right - box.left,
    height: across ? box.bottom - box.top : to - from,
    fill: paper.theme.muted,
    'fill-opacity': 0.1,
  });
}

function drawRule(paper: Paper, { box, x, y }: Plot, { axis, at, upTo, label }: Rule): void {
  const across = axis === 'x';
  const place = across ? x.at(at) : y.at(at);
  if (upTo === undefined) {
    paper.shape('line', {
      ...(across
        ? { x1: place, x2: place, y1: box.top, y2: box.bottom }
        : { x1: box.left, x2: box.right, y1: place, y2: place }),
      stroke: paper.theme.muted,
      'stroke-width': 1.4,
      'stroke-dasharray': '5 4',
    });
  }
  const words = { size: 10.5, colour: paper.theme.muted, room: (box.right - box.left) / 2 };
  if (across) paper.text(label, place + 5, box.top + 12, words);
  else if (!paper.text(label, box.left + 6, place + 13, words)) {
    paper.text(label, box.left + 6, place - 5, words);
  }
}

/** Words beside dots, where they cover nothing. */
function drawLabels(paper: Paper, plot: Plot, series: Series): void {
  const marks = plot.panel.series
    .filter(({ mark }) => mark !== 'none')
    .flatMap(({ points }) =>
      points.flatMap((point) => [placed(plot, point) ?? []].filter((p) => p.length > 0)),
    );
  for (const point of series.faint ? [] : series.points) {
    const at = placed(plot, point);
    if (at === null || point.label === undefined) continue;
    const [x, y] = at;
    const width = textWidth(point.label, 10);
    for (const [dx, dy, anchor] of [
      [6, -5, 'start'],
      [6, 12, 'start'],
      [-6, -5, 'end'],
      [-6, 12, 'end'],
    ] as const) {
      const left = anchor === 'start' ? x + dx : x + dx - width;
      const top = y + dy - 9;
      const covers = marks.some(
        (mark) =>
          mark[0]! > left - 3 && mark[0]! < left + width + 3 && mark[1]! > top - 3 && mark[1]! < top + 14,
      );
      if (covers || left < plot.box.left || left + width > plot.box.right) continue;
      if (paper.text(point.label, x + dx, y + dy, { size: 10, anchor, colour: paper.theme.muted })) break;
    }
  }
}
