/** Rounds of one request: a column a round, or a box a step on an axis of time. */
import { BELOW, legend, SMALL, xAxis } from './axes.ts';
import type { LanesPanel, StripPanel } from './chart.ts';
import type { Box, Paper } from './paper.ts';
import { scaleOf, valueText } from './scale.ts';
import { textWidth } from './text.ts';
import { inkOn } from './themes.ts';

/** Columns that are drawn: more would be too thin to see. */
const MOST = 96;
const SQUARE = 22;

export function drawStrip(paper: Paper, outer: Box, { rounds }: StripPanel): void {
  const { hues } = paper.theme;
  const taken = legend(
    paper,
    outer,
    [
      { name: 'token of the verification itself', colour: hues.verify },
      { name: 'draft accepted', colour: hues.draft },
      { name: 'draft rejected', colour: hues.draft, hollow: true },
    ],
    (name) => textWidth(name, SMALL),
  );
  const shown = rounds.slice(0, MOST);
  const deepest = 1 + Math.max(0, ...shown.map(({ drafted }) => drafted));
  const side = Math.min(
    (outer.right - outer.left) / Math.max(1, shown.length),
    (outer.bottom - 18 - outer.top - taken) / deepest,
    SQUARE,
  );
  const bottom = outer.top + taken + deepest * side;
  const gap = Math.min(1.5, side / 8);
  const square = (column: number, row: number) => ({
    x: outer.left + column * side + gap,
    y: bottom - (row + 1) * side + gap,
    width: side - 2 * gap,
    height: side - 2 * gap,
  });
  shown.forEach(({ drafted, accepted }, r) => {
    const says = `round ${r + 1}: ${accepted} of ${drafted} drafts accepted, ${accepted + 1} ${accepted === 0 ? 'token' : 'tokens'}`;
    paper.mark('rect', { ...square(r, 0), fill: hues.verify }, says, { round: r + 1, drafted, accepted });
    for (let d = 1; d <= drafted; d++) {
      const right = d <= accepted;
      const inset = right ? 0 : 0.75;
      const { x, y, width, height } = square(r, d);
      paper.shape('rect', {
        x: x + inset,
        y: y + inset,
        width: width - 2 * inset,
        height: height - 2 * inset,
        fill: right ? hues.draft : 'none',
        stroke: right ? undefined : hues.draft,
        'stroke-width': right ? undefined : 1.5,
      });
    }
  });
  const tokens = (of: StripPanel['rounds']) => of.reduce((sum, { accepted }) => sum + accepted + 1, 0);
  const rest = rounds.length > MOST ? `first ${MOST} of ${rounds.length} rounds` : `${rounds.length} rounds`;
  paper.text(
    `${rest} give ${valueText(tokens(shown))} tokens; time runs to the right`,
    outer.left,
    bottom + 15,
    {
      size: SMALL,
      colour: paper.theme.muted,
      room: outer.right - outer.left,
    },
  );
}

export function drawLanes(paper: Paper, outer: Box, panel: LanesPanel): void {
  const { lanes } = panel;
  const widest = Math.max(0, ...lanes.map(({ name }) => textWidth(name, SMALL, true)));
  const beside = Math.min(widest + 10, 0.3 * (outer.right - outer.left));
  const box = {
    left: outer.left + beside,
    right: outer.right - 6,
    top: outer.top + 4,
    bottom: outer.bottom - BELOW,
  };
  const ends = lanes.map(({ stepMs, tokens }) => stepMs * tokens.length);
  const scale = scaleOf(panel.x, ends, box.left, box.right, 8);
  xAxis(paper, box, panel.x, scale);
  const height = (box.bottom - box.top) / Math.max(1, lanes.length);
  lanes.forEach(({ name, hue, stepMs, tokens }, l) => {
    const top = box.top + l * height + 3;
    const fill = paper.theme.hues[hue];
    paper.text(name, box.left - 8, top + height / 2, {
      anchor: 'end',
      size: SMALL,
      bold: true,
      colour: fill,
      room: beside - 8,
    });
    let emitted = 0;
    tokens.forEach((count, step) => {
      emitted += count;
      const [x, end] = [scale.at(step * stepMs), scale.at((step + 1) * stepMs)];
      const says = `${name}, step ${step + 1}: ${count} ${count === 1 ? 'token' : 'tokens'}, ${emitted} after ${valueText((step + 1) * stepMs, panel.x.unit)}`;
      const edge = Math.min(0.5, (end - x) / 8);
      paper.mark('rect', { x: x + edge, y: top, width: end - x - 2 * edge, height: height - 8, fill }, says, {
        lane: name,
        step: step + 1,
        tokens: count,
        ms: (step + 1) * stepMs,
      });
      if (textWidth(String(count), 10) + 2 < end - x) {
        paper.text(String(count), (x + end) / 2, top + height / 2, {
          size: 10,
          anchor: 'middle',
          colour: inkOn(fill),
        });
      }
    });
  });
}
