/** A chart as SVG text: title, panels, and the foot that says where the numbers come from. */

import { drawCells } from './cells.ts';
import type { Chart, Panel } from './chart.ts';
import { drawLines } from './lines.ts';
import { type Box, Paper, pixel } from './paper.ts';
import { drawRanges } from './ranges.ts';
import { drawStack } from './stack.ts';
import { drawLanes, drawStrip } from './strip.ts';
import { escaped, FONT, plainText, wrapped } from './text.ts';
import { THEMES, type ThemeName } from './themes.ts';
import { drawWaterfall } from './waterfall.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const DEFAULT_SIZE: Size = { width: 760, height: 440 };

/** Smaller pictures have no room for their words. */
export const LEAST_SIZE: Size = { width: 320, height: 200 };

/** Height of a row of panels at the least: a picture that has many grows. */
const LEAST_PANEL = 170;

/** Panels narrower than this stand below each other. */
const NARROW = 280;

const EDGE = 16;

/** How each form of panel is drawn. */
const DRAW: { readonly [F in Panel['form']]: (paper: Paper, box: Box, panel: never) => void } = {
  lines: drawLines,
  stack: drawStack,
  cells: drawCells,
  waterfall: drawWaterfall,
  strip: drawStrip,
  lanes: drawLanes,
  ranges: drawRanges,
};

/**
 * The same chart, theme and size give the same text, wherever it runs.
 *
 * @param asked pixels of the picture, which is higher where its panels need it
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
  write(chart.title, 15, 2, colours.ink, true);
  write(chart.subtitle, 11.5, 2, colours.muted);
  const foot = wrapped(plainText(chart.foot), 10, room, 2);
  const columns = columnsOf(chart.panels, room);
  const rows = Math.ceil(chart.panels.length / columns);
  const height = Math.max(asked.height, y + 20 + 13 * foot.length + LEAST_PANEL * rows);
  const bottom = height - 8 - 13 * foot.length;
  foot.forEach((line, i) => {
    paper.text(line, EDGE, bottom + 13 * (i + 1) - 3, { size: 10, colour: colours.muted });
  });
  drawPanels(
    paper,
    { left: EDGE, right: width - EDGE, top: y + 8, bottom: bottom - 4 },
    chart.panels,
    columns,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${pixel(width)} ${pixel(height)}" width="${pixel(width)}" height="${pixel(height)}" role="img" font-family="${FONT}" data-kind="${chart.kind}">`,
    `<title>${escaped(chart.title)}</title>`,
    `<desc>${escaped(chart.summary)}</desc>`,
    `<rect width="${pixel(width)}" height="${pixel(height)}" fill="${colours.paper}"/>`,
    paper.toString(),
    '</svg>\n',
  ].join('\n');
}

/** A strip of rounds needs less height than other panels, as a share of theirs. */
const STRIP_HEIGHT = 0.5;

/** Two panels in each row where they are many and wide enough. */
function columnsOf(panels: readonly Panel[], room: number): number {
  return panels.length === 1 || panels[0]!.form === 'strip' || room < 2 * NARROW ? 1 : 2;
}

function drawPanels(paper: Paper, box: Box, panels: readonly Panel[], columns: number): void {
  const width = (box.right - box.left - 20 * (columns - 1)) / columns;
  const first = panels.filter((_, p) => p % columns === 0);
  const heights = first.map(({ form }) => (form === 'strip' ? STRIP_HEIGHT : 1));
  const unit = (box.bottom - box.top) / heights.reduce((sum, height) => sum + height, 0);
  let { top } = box;
  panels.forEach((panel, p) => {
    const left = box.left + (p % columns) * (width + 20);
    const bottom = top + unit * heights[Math.floor(p / columns)]!;
    const headed = panel.heading !== undefined;
    if (headed) paper.text(plainText(panel.heading), left, top + 12, { size: 12.5, bold: true, room: width });
    const inner = { left, right: left + width, top: top + (headed ? 18 : 0), bottom };
    DRAW[panel.form](paper, inner, panel as never);
    if (p % columns === columns - 1) top = bottom;
  });
}
