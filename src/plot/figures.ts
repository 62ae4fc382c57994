/** The numbers of a picture as tables: what a reader sees, for those who read numbers. */
import type { Chart, Figures, Panel } from './chart.ts';

/** The numbers behind the marks, a table for each panel: the text that stands for the picture. */
export function figuresOf(chart: Chart): Figures[] {
  return chart.panels.map(panelFigures);
}

function panelFigures(panel: Panel): Figures {
  switch (panel.form) {
    case 'lines': {
      const { x, y, series } = panel;
      return {
        columns: ['series', x.label, y.label, 'from', 'to', 'of'],
        rows: series.flatMap(({ name, points }) =>
          points.map((p) => [name, p.x, p.y, p.lo ?? null, p.hi ?? null, p.label ?? null]),
        ),
      };
    }
    case 'stack':
      return {
        columns: ['of', panel.x, ...panel.parts.map(({ name }) => `${name}${panel.y.unit}`)],
        rows: panel.groups.flatMap(({ name, bars }) => bars.map((bar) => [name, bar.name, ...bar.values])),
      };
    case 'cells':
      return {
        columns: [panel.y.label, panel.x.label, 'value', 'says'],
        rows: panel.rows.flatMap((cells, r) =>
          cells.map((cell, c) => [panel.y.names[r]!, panel.x.names[c]!, cell.value, cell.says]),
        ),
      };
    case 'waterfall':
      return {
        columns: ['of', 'what', `from${panel.x.unit}`, `to${panel.x.unit}`],
        rows: panel.groups.flatMap(({ name, bars }) =>
          bars.map(({ from, to }, n) => [name, panel.names[n]!, from, to]),
        ),
      };
    case 'ranges':
      return {
        columns: ['of', panel.x.label, 'from', 'to', 'note'],
        rows: panel.bars.map(({ name, value, lo, hi, label }) => [name, value, lo, hi, label]),
      };
    case 'strip':
      return {
        columns: ['round', 'drafted', 'accepted'],
        rows: panel.rounds.map(({ drafted, accepted }, r) => [r + 1, drafted, accepted]),
      };
    case 'lanes':
      return {
        columns: ['lane', 'step', 'tokens', `ends at${panel.x.unit}`],
        rows: panel.lanes.flatMap(({ name, stepMs, tokens }) =>
          tokens.map((count, s) => [name, s + 1, count, (s + 1) * stepMs]),
        ),
      };
  }
}
