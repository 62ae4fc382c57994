/** A chart as SVG text: title, panels, and the foot that says where the numbers come from. */
import { grouped } from '../memo.ts';
import { barsHeight, drawBars } from './bars.ts';
import { cellsHeight, drawCells } from './cells.ts';
import type { Chart, Panel } from './chart.ts';
import { drawLines } from './lines.ts';
import { type Box, Paper, pixel } from './paper.ts';
import { escaped, FONT, plainText, wrapped } from './text.ts';
import { THEMES, type ThemeName } from './themes.ts';

export type Size = Readonly<Record<'width' | 'height', number>>;

export const DEFAULT_SIZE: Size = { width: 760, height: 440 };

/** Smaller pictures have no room for their words. */
export const LEAST_SIZE: Size = { width: 320, height: 200 };

/** Height of a row of panels at the least: a picture that has many grows. */
const LEAST_PANEL = 170;

/** Panels narrower than this stand below each other. */
const NARROW = 280;

const EDGE = 16;
const BETWEEN = 20;
const headingHeight = ({ heading }: Panel) => (heading === undefined ? 0 : 18);

interface Form {
  draw(paper: Paper, box: Box, panel: never): void;
  /** Pixels from above in which all there is has room; without, whatever there is. */
  height?(panel: never, width: number): number;
}

const FORMS: { readonly [F in Panel['form']]: Form } = {
  lines: { draw: drawLines },
  cells: { draw: drawCells, height: cellsHeight },
  bars: { draw: drawBars, height: barsHeight },
};

/**
 * The same chart, theme and size give the same text, wherever it runs.
 *
 * @param asked pixels of the picture, which is higher where its panels need it, and lower where they have no use for them
 */
export function draw(chart: Chart, theme: ThemeName = 'light', asked: Size = DEFAULT_SIZE): string {
  const colours = THEMES[theme];
  const { width } = asked;
  const paper = new Paper(colours, width);
  const room = width - 2 * EDGE;
  let y = EDGE;
  const write = (text: string, fontSize: number, most: number, colour: string, bold = false) => {
    for (const line of wrapped(plainText(text), fontSize, room, most, bold)) {
      y += fontSize * 1.28;
      paper.text(line, EDGE, y - fontSize * 0.3, { size: fontSize, bold, colour });
    }
  };
  write(chart.title, 15, 3, colours.ink, true);
  write(chart.subtitle, 11.5, 2, colours.muted);
  const foot = wrapped(plainText(chart.foot), 10, room, 2);
  const columns = columnsOf(chart.panels, room);
  const around = y + 20 + 13 * foot.length;
  const heights = heightsOf(chart.panels, columns, room, asked.height - around);
  const height = around + heights.reduce((sum, one) => sum + one, 0);
  const bottom = height - 8 - 13 * foot.length;
  foot.forEach((line, i) => {
    paper.text(line, EDGE, bottom + 13 * (i + 1) - 3, { size: 10, colour: colours.muted });
  });
  drawPanels(paper, { left: EDGE, right: width - EDGE, top: y + 8, bottom }, chart.panels, heights);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${pixel(width)} ${pixel(height)}" width="${pixel(width)}" height="${pixel(height)}" role="img" font-family="${FONT}" data-kind="${chart.kind}">`,
    `<title>${escaped(chart.title)}</title>`,
    `<desc>${escaped(chart.summary)}</desc>`,
    `<rect width="${pixel(width)}" height="${pixel(height)}" fill="${colours.paper}"/>`,
    paper.toString(),
    '</svg>\n',
  ].join('\n');
}

/** Two panels in each row where they are many, alike and wide enough. */
function columnsOf(panels: readonly Panel[], room: number): number {
  const alike = panels.every(({ form }) => form === panels[0]!.form);
  return panels.length === 1 || !alike || room < 2 * NARROW ? 1 : 2;
}

/** Pixels of each row of panels: what it can use at the most, else an equal part of what is left. */
function heightsOf(panels: readonly Panel[], columns: number, width: number, room: number): number[] {
  const useOf = (panel: Panel) =>
    (FORMS[panel.form].height?.(panel as never, width / columns) ?? Number.POSITIVE_INFINITY) +
    headingHeight(panel);
  const rows = grouped(panels.keys(), (p) => Math.floor(p / columns));
  const uses = [...rows.values()].map((own) => Math.max(...own.map((p) => useOf(panels[p]!))));
  // Words of a narrow picture take more lines, so that it is as high as its rows are at the most.
  if (width < 2 * NARROW && uses.every(Number.isFinite)) return uses;
  const part = room / uses.length;
  const left = uses.reduce((sum, use) => sum - Math.min(use, part), room);
  const growing = uses.filter((use) => use > part).length;
  return uses.map((use) => Math.min(use, Math.max(LEAST_PANEL, part + left / Math.max(1, growing))));
}

function drawPanels(paper: Paper, box: Box, panels: readonly Panel[], heights: readonly number[]): void {
  const columns = Math.ceil(panels.length / heights.length);
  const width = (box.right - box.left - BETWEEN * (columns - 1)) / columns;
  let { top } = box;
  panels.forEach((panel, p) => {
    const left = box.left + (p % columns) * (width + BETWEEN);
    const bottom = top + heights[Math.floor(p / columns)]!;
    paper.text(plainText(panel.heading ?? ''), left, top + 12, { size: 12.5, bold: true, room: width });
    const inner = { left, right: left + width, top: top + headingHeight(panel), bottom };
    FORMS[panel.form].draw(paper, inner, panel as never);
    if (p % columns === columns - 1) top = bottom;
  });
}

/** The numbers of a picture as tables, one a panel: what its marks hold, for those who read numbers. */
export function figuresOf({ panels }: Chart) {
  return panels.map((panel) => {
    const paper = new Paper(THEMES.light, DEFAULT_SIZE.width);
    FORMS[panel.form].draw(paper, { left: 0, top: 0, right: 760, bottom: 400 }, panel as never);
    const keys = Object.keys(paper.marks[0] ?? {}).filter((key) =>
      paper.marks.some((mark) => (mark[key] ?? '') !== ''),
    );
    const named: Readonly<Record<string, string>> =
      panel.form === 'bars' ? {} : { x: panel.x.label, y: panel.y.label, lo: 'from', hi: 'to' };
    return {
      columns: keys.map((key) => named[key] ?? key),
      rows: paper.marks.map((mark) => keys.map((key) => mark[key] ?? null)),
    };
  });
}
